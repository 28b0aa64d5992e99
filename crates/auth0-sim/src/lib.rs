//! A stateful stand-in for Auth0: for tests in process, and as the binary `auth0-sim`.
//!
//! [`Sim::start`] gives a server on a free port that behaves as an Auth0 tenant does, as far as
//! the README's table says; [`Control`] looks inside it, seeds it, and makes it misbehave.
//! Each module marks what it does as *documented* (Auth0's own pages or its published API
//! description say so), *observed* (recorded traffic or dated reports of others do) or *assumed*
//! (nobody says; where it matters, it is one of the [`Switches`]).
//!
//! The crate knows none of Usher's other crates.

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
