//! Panics where a directory has no part in them: the caller gets an error, and the next one does not.

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

/// What nobody may read.
const SECRET: &str = "planted-in-a-panic";

/// Something that panics until it is mended.
#[derive(Debug)]
struct Broken(AtomicBool);

impl Broken {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn mend(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn work(&self) {
        assert!(!self.0.load(Ordering::SeqCst), "{SECRET}");
    }
}

#[async_trait]
impl KeySource for Broken {
    async fn fetch(&self, _: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        self.work();
        Ok(vec![SigningKey::shared().public()])
    }
}

#[async_trait]
impl PasswordCheck for Broken {
    async fn verify(
        &self,
        _: &AccountScope,
        _: &User,
        _: CurrentPassword,
        _: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        self.work();
        Ok(PasswordVerdict::Match)
    }
}

#[tokio::test]
async fn a_panic_in_the_extractor_of_the_caller_is_an_internal_error_and_the_service_goes_on() {
    let app = App::start().await;
    let (operator, program) = (app.operator(), app.tenant("acme"));
    // So far that no time can be told any more, and that is where tokens are verified.
    app.clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
    // There is one worker, which has to outlive all of them.
    for _ in 0..3 {
        for client in [&operator, &program] {
            for path in LISTS {
                let answer = client.get(path).await;
                assert_error(path, &answer, "500 internal_error");
            }
        }
    }
    assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    // All the way round.
    app.clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
    app.clock.advance(Duration::from_millis(2));
    for client in [operator, program] {
        for path in LISTS {
            assert_eq!(client.get(path).await.outcome(), "200", "{path}");
        }
    }
}

#[tokio::test]
async fn a_panic_while_keys_are_fetched_is_as_if_they_could_not_be_had() {
    let source = Broken::new();
    let options = AppOptions { keys: Some(Arc::clone(&source) as _), ..AppOptions::default() };
    let app = App::start_with(options).await;
    for path in LISTS {
        let answer = app.tenant("acme").get(path).await;
        assert_error(path, &answer, "503 keys_unavailable");
        assert!(!answer.text.contains(SECRET), "{answer:?}");
    }
    source.mend();
    app.clock.advance(Duration::from_hours(1));
    for path in LISTS {
        assert_eq!(app.tenant("acme").get(path).await.outcome(), "200");
    }
}

#[tokio::test]
async fn a_panic_while_a_password_is_checked_counts_as_no_attempt() {
    let check = Broken::new();
    let options =
        AppOptions { password_check: Some(Arc::clone(&check) as _), ..AppOptions::default() };
    let app = App::start_with(options).await;
    let path = "/api/v2/users/auth0%7Cmia/change-password";
    let body = json!({"currentPassword": SECRET, "newPassword": "another-password"});
    // More than there may be wrong ones, and than may be under way at a time.
    for _ in 0..12 {
        let answer = app.tenant("acme").patch(path, body.clone()).await;
        assert_error(path, &answer, "500 internal_error");
        assert!(!answer.text.contains(SECRET), "{answer:?}");
    }
    check.mend();
    assert_eq!(app.tenant("acme").patch(path, body).await.outcome(), "200");
}
