//! A stateful stand-in for Auth0, for tests in process and as the binary `auth0-sim`.
//!
//! [`Sim::start`] starts a server on a free port that behaves like an Auth0 tenant, to the extent
//! listed in the README. [`Control`] inspects it, seeds users and injects faults. [`Switches`] set
//! its behaviour.
//!
//! ```
//! use auth0_sim::{Config, Fault, FaultKind, Sim};
//! use serde_json::json;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = Sim::start(Config::default()).await?;
//! sim.control().seed(json!({"email": "jane@acme.example", "password": "correct horse"}))?;
//! sim.control().add_fault(Fault { route: None, skip: 0, times: Some(1), kind: FaultKind::ResetAfter });
//! // Run the code under test against `sim.url()`, and then check what it has sent and stored.
//! assert!(sim.control().requests().is_empty());
//! assert_eq!(sim.control().users().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! Each module marks its behaviour as *documented* (Auth0's pages or its published API description
//! say so), *observed* (seen in recorded traffic or in dated reports of others) or *assumed* (no
//! source; important assumptions are [`Switches`]).
//!
//! The crate depends on none of Usher's other crates, so that it cannot share their mistakes.

mod clock;
mod config;
mod control;
mod crypto;
mod http;
mod mail;
mod oauth;
mod organizations;
mod roles;
mod search;
mod server;
mod state;
mod switches;
mod tenant;
mod traffic;
mod users;

pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Api, Client, Config, Connection, PasswordPolicy, Usernames};
pub use control::{Control, SeedError, SigningError, UserToken};
pub use mail::links::LinkError;
pub use mail::outbox::Mail;
pub use search::error::UnsupportedQuery;
pub use search::matcher::IsMember;
pub use search::query::Query;
pub use server::sim::{Sim, StartError};
pub use server::tls::{Tls, TlsError};
pub use switches::{BlockedLoginResponse, Switches, WrongPasswordResponse};
pub use traffic::call_log::RecordedRequest;
pub use traffic::faults::{Fault, FaultKind};
pub use traffic::rate_limits::{Bucket, EndpointLimit, RateLimit};
