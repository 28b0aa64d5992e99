//! The service with the real key source and hostile issuers on loopback.
//!
//! Whatever an issuer sends, its own callers get a response of the contract within bounded time,
//! callers of other issuers are unaffected, and no other server is contacted.

mod fixture;
mod floods;
mod issuer;
mod key_sets;
mod key_sources;
mod responses;
mod slow_responses;
