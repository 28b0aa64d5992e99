//! The HTTP API of Usher, and the binary `usher`.
//!
//! - `routes`: the operations, with the route table in `routes/mod.rs`.
//! - `request`: readers of what a client sends: token, body, query, path. All of them are strict.
//! - [`response`]: what a client gets: error codes, problem details, links.
//! - `server`: what happens to every request: lifecycle, request id, access log, shared state.
//! - `protection`: rate limits, admission under overload, limits on heads and idle connections.
//! - [`openapi`]: the OpenAPI document, generated from the route table, and Swagger UI.
//! - [`metrics`]: the metrics of the service.
//! - [`settings`]: the settings, from file and environment to types.
//! - [`commands`]: the command line.
//! - [`process`]: the running process. [`process::serve::Server`] is the server,
//!   [`process::wiring`] the only module that names adapters.
//!
//! This crate contains no rules. Those on permissions are in `domain`, use cases in `application`,
//! token verification in `token_verifier`.
//!
//! # Add an operation
//!
//! 1. Add the use case to `application`.
//! 2. Add a handler to a file in `routes`, with `#[utoipa::path]` for method, path and responses.
//!    Its extractors authenticate the caller and read the request; its errors are
//!    [`response::api_error::ApiError`].
//! 3. Add the handler to the route table. Router and OpenAPI document follow from it.
//! 4. Run `make generate`. The test matrix then covers the operation for each actor and tenant.
//!
//! # Example
//!
//! Loads the compiled-in settings and prints the roles:
//!
//! ```
//! let settings = usher_http::settings::load_defaults()?;
//! for role in settings.roles.roles() {
//!     println!("{}", role.name().as_str());
//! }
//! # Ok::<(), usher_http::settings::InvalidSettings>(())
//! ```

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
