//! A stateful stand-in for Auth0: for tests in process, and as the binary `auth0-sim`.
//!
//! [`Sim::start`] gives a server on a free port that behaves as an Auth0 tenant does, as far as
//! the README's table says; [`Control`] looks inside it, seeds it, and makes it misbehave.
//! Each module marks what it does as *documented* (Auth0's own pages or its published API
//! description say so), *observed* (recorded traffic or dated reports of others do) or *assumed*
//! (nobody says; where it matters, it is one of the [`Switches`]).
//!
//! The crate knows none of Usher's other crates.

mod attempts;
mod body;
mod calls;
mod clients;
mod clock;
mod config;
mod connections;
mod control;
mod control_http;
mod faults;
mod http;
mod keys;
mod limits;
mod mail;
mod metadata;
mod oauth;
mod organizations;
mod paging;
mod passwords;
mod routes;
mod search;
mod server;
mod service;
mod socket;
mod state;
mod switches;
mod tls;
mod users;
mod validation;

pub use calls::RecordedRequest;
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Api, Client, Config, Connection, PasswordPolicy, Usernames};
pub use control::{Control, SeedError, SigningError, UserToken};
pub use faults::{Fault, FaultKind};
pub use limits::{Bucket, EndpointLimit, RateLimit};
pub use mail::Mail;
pub use search::{IsMember, Query, UnsupportedQuery};
pub use server::{Sim, StartError};
pub use switches::{BlockedLoginResponse, Switches, WrongPasswordResponse};
pub use tls::{Tls, TlsError};
