//! The HTTP face of Usher: routes, tokens, settings, wiring.
//!
//! - [`startup::Server`] is the running service; [`wiring`] is the one place that chooses adapters.
//! - `routes` is the route table, a file for each group of operations.
//! - [`auth`] turns a bearer token into a [`domain::Bearer`]; `caller` is the extractor.
//! - `fault::Fault` is everything that keeps a request from its answer, `code::Code` the table
//!   of codes and statuses, and `edge` where both become a response, in the form of the contract
//!   that the path belongs to.
//! - `limits` says how often a caller may call, `admission` how much is done at once, `head_size`
//!   and `connection` what is taken at all.
//! - `access_log`, [`metrics`] and `trace_context` tell what goes on; `signals` and `reload` let it
//!   be stopped and changed.
//! - `body`, `query` and `path` read what a client sends, strictly, and only when a handler asks;
//!   `strict_json` reads JSON, of bodies and of tokens.
//! - [`openapi`] derives the document from the same table that the router is made of.
//! - [`settings`] reads file and environment; [`commands`] is the command line.
//!
//! What is not here: rules. They are in `domain`, and the use cases in `application`.

mod access_log;
mod admission;
mod api;
mod body;
mod caller;
mod client_address;
mod code;
pub mod commands;
mod connection;
mod contract;
mod dev;
mod docs_page;
mod edge;
mod error_response;
mod fault;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod head_size;
mod issues;
mod limits;
pub mod links;
pub mod metrics;
pub mod openapi;
mod outgoing;
mod path;
mod problem;
mod query;
mod reload;
mod request_id;
mod routes;
pub mod settings;
mod signals;
pub mod startup;
mod stopping;
mod telemetry;
mod trace_context;
mod visit;
pub mod wiring;
