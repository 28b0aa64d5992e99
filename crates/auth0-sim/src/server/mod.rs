//! The server, from the socket to the handlers.

mod body;
mod connection;
mod control_routes;
mod pipeline;
mod routes;
pub(crate) mod sim;
mod socket;
pub(crate) mod tls;
