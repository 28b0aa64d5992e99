//! The key cache: fetches, rotation and outages of an issuer.

mod fetching;
mod outages;
mod rotation;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use memory_adapter::MemoryKeySource;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use tokio::sync::watch;

use super::{assert_fetches, outcome, valid_claims};
use crate::support::{App, AppOptions, SigningKey};

const UNKNOWN_KEY: &str = "the key of the token is unknown";

/// A token signed by this key and valid from now.
fn token_signed_by(app: &App, key: &SigningKey) -> String {
    valid_claims(app).sign(key)
}

/// A token signed by an unpublished key.
fn token_with_unknown_key(app: &App, kid: &str) -> String {
    token_signed_by(app, &SigningKey::ed25519(kid))
}

/// The key source of [`App::keys`], which counts finished fetches.
#[derive(Debug)]
struct ObservedKeys {
    keys: OnceLock<Arc<MemoryKeySource>>,
    finished: watch::Sender<u64>,
}

#[async_trait]
impl KeySource for ObservedKeys {
    async fn fetch(&self, location: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        let keys = self.keys.get().unwrap().fetch(location).await;
        self.finished.send_modify(|count| *count += 1);
        keys
    }
}

/// Starts the service, with a receiver for the number of finished fetches.
async fn start_observed() -> (App, watch::Receiver<u64>) {
    let (finished, fetches) = watch::channel(0);
    let source = Arc::new(ObservedKeys { keys: OnceLock::new(), finished });
    let options = AppOptions { keys: Some(Arc::clone(&source) as _), ..AppOptions::default() };
    let app = App::start_with(options).await;
    source.keys.set(Arc::clone(&app.keys)).unwrap();
    (app, fetches)
}

/// Makes a call that starts a fetch in the background, and waits until this many are finished.
///
/// The service has one thread, which stores fetched keys before it handles another call.
async fn call_and_await_fetch(
    app: &App,
    fetches: &mut watch::Receiver<u64>,
    token: &str,
    count: u64,
) {
    assert_eq!(outcome(app, token).await, "200", "the caller does not wait for the fetch");
    let finished = fetches.wait_for(|finished| *finished >= count);
    drop(tokio::time::timeout(Duration::from_secs(20), finished).await.unwrap().unwrap());
    assert_fetches(app, count);
}
