//! Panics outside the directory: the caller gets an error and the service continues.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::{AccountScope, CurrentPassword, User};
use ports::{
    KeySetLocation, KeySource, KeySourceError, PasswordCheck, PasswordVerdict, PortResult,
    PublicKey,
};
use serde_json::json;

use super::{LISTS, assert_error};
use crate::support::{App, AppOptions, SigningKey};

/// A panic message that no response may contain.
const SECRET: &str = "planted-in-a-panic";

/// A port that panics in every call until it is repaired.
#[derive(Debug)]
struct PanickingPort(AtomicBool);

impl PanickingPort {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn repair(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn panic_if_broken(&self) {
        assert!(!self.0.load(Ordering::SeqCst), "{SECRET}");
    }
}

#[async_trait]
impl KeySource for PanickingPort {
    async fn fetch(&self, _: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        self.panic_if_broken();
        Ok(vec![SigningKey::shared().public()])
    }
}

#[async_trait]
impl PasswordCheck for PanickingPort {
    async fn verify(
        &self,
        _: &AccountScope,
        _: &User,
        _: CurrentPassword,
        _: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        self.panic_if_broken();
        Ok(PasswordVerdict::Match)
    }
}

#[tokio::test]
async fn token_verification_panic_is_500_and_service_continues() {
    let app = App::start().await;
    let (operator, program) = (app.operator(), app.tenant("acme"));
    // Moves the clock out of its range, so that the token verifier panics.
    app.clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
    // The service has one worker, which must survive every panic.
    for _ in 0..3 {
        for client in [&operator, &program] {
            for path in LISTS {
                let response = client.get(path).await;
                assert_error(path, &response, "500 internal_error");
            }
        }
    }
    assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    // Wraps the clock around to a valid time.
    app.clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
    app.clock.advance(Duration::from_millis(2));
    for client in [operator, program] {
        for path in LISTS {
            assert_eq!(client.get(path).await.outcome(), "200", "{path}");
        }
    }
}

#[tokio::test]
async fn key_fetch_panic_is_503_keys_unavailable() {
    let source = PanickingPort::new();
    let options = AppOptions { keys: Some(Arc::clone(&source) as _), ..AppOptions::default() };
    let app = App::start_with(options).await;
    for path in LISTS {
        let response = app.tenant("acme").get(path).await;
        assert_error(path, &response, "503 keys_unavailable");
        assert!(!response.text.contains(SECRET), "{response:?}");
    }
    source.repair();
    app.clock.advance(Duration::from_hours(1));
    for path in LISTS {
        assert_eq!(app.tenant("acme").get(path).await.outcome(), "200");
    }
}

#[tokio::test]
async fn password_check_panic_counts_as_failed_attempt() {
    let check = PanickingPort::new();
    let options =
        AppOptions { password_check: Some(Arc::clone(&check) as _), ..AppOptions::default() };
    let app = App::start_with(options).await;
    let path = "/api/v2/users/auth0%7Cmia/change-password";
    let body = json!({"currentPassword": SECRET, "newPassword": "another-password"});
    for _ in 0..10 {
        let response = app.tenant("acme").patch(path, body.clone()).await;
        assert_error(path, &response, "500 internal_error");
        assert!(!response.text.contains(SECRET), "{response:?}");
    }
    // The password may have been checked before the panic.
    let response = app.tenant("acme").patch(path, body.clone()).await;
    assert_eq!(response.outcome(), "429 too_many_attempts");
    check.repair();
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(app.tenant("acme").patch(path, body).await.outcome(), "200");
}
