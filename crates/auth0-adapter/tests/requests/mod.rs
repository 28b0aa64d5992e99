//! The requests that operations make, and their results when requests fail. Each test has its own
//! stand-in for Auth0, and inspects the requests it received.

mod addresses;
mod cancellation;
mod changes;
mod creation;
mod interleaving;
mod panics;
mod passwords;
mod proof;
mod protected_roles;
mod reload;
mod shared_reads;
mod two_processes;
mod usernames;
