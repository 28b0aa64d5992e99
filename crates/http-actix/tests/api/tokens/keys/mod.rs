//! The key cache: fetches, rotation and outages of an issuer.

mod fetching;
mod outages;
mod rotation;

use super::{assert_fetches, issuer_of, outcome, valid_claims};
use crate::support::{App, SigningKey};

const UNKNOWN_KEY: &str = "the key of the token is unknown";

/// A token signed by this key and valid from now.
fn token_signed_by(app: &App, key: &SigningKey) -> String {
    valid_claims(app).sign(key)
}

/// A token signed by an unpublished key.
fn token_with_unknown_key(app: &App, kid: &str) -> String {
    token_signed_by(app, &SigningKey::ed25519(kid))
}

/// Calls once, and waits for the fetch that this begins in the background.
///
/// A fetch from memory begins and ends in one go, and the service has one thread: whoever sees
/// that it was counted finds it ended with the next call.
async fn call_and_await_fetch(app: &App, token: &str, count: u64) {
    assert_eq!(outcome(app, token).await, "200", "the caller does not wait for the fetch");
    for _ in 0..10_000 {
        if app.keys.fetches(&issuer_of("acme")) >= count {
            break;
        }
        // Something that gives the service a turn and needs no key.
        app.anonymous().get("/health/live").await;
    }
    assert_fetches(app, count);
}
