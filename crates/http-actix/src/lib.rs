//! The HTTP face of Usher: routes, tokens, settings, wiring.
//!
//! - [`startup::Server`] is the running service; [`wiring`] is the one place that chooses adapters.
//! - `routes` is the route table, a file for each group of operations.
//! - [`auth`] turns a bearer token into a [`domain::Bearer`]; `caller` is the extractor.
//! - `api_error::ApiError` is everything that keeps a request from its answer, `code::ErrorCode` the table
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

pub mod commands;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod metrics;
pub mod openapi;
pub mod process;
mod protection;
mod request;
pub mod response;
mod routes;
mod server;
pub mod settings;
