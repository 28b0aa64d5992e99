//! A directory that fails, in every way there is, under every operation.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, ListQuery, MembershipChange, NewMember, NewUser, Page, Password,
    TenantScope, User, UserId,
};
use ports::{AccountUpdate, AttachOutcome, PortError, PortResult, UserDirectory};

use super::assert_error;
use crate::matrix;
use crate::support::{Answer, App, AppOptions};

/// What only the log may tell.
const SECRET: &str = "https://directory.internal/api?token=4711";

/// How a directory can fail.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    Panic,
    Failed,
    Unavailable(Option<Duration>),
    Timeout,
    Silence,
}

/// A directory that fails at every call.
#[derive(Debug)]
pub(crate) struct Failing(pub(crate) Failure);

impl Failing {
    async fn fail<T>(&self) -> PortResult<T> {
        match self.0 {
            Failure::Panic => panic!("{SECRET}"),
            Failure::Failed => Err(PortError::Failed { source: SECRET.into() }),
            Failure::Unavailable(retry_after) => {
                Err(PortError::Unavailable { retry_after, source: Some(SECRET.into()) })
            }
            Failure::Timeout => Err(PortError::Timeout),
            Failure::Silence => std::future::pending().await,
        }
    }
}

#[async_trait]
impl UserDirectory for Failing {
    async fn find(&self, _: &AccountScope, _: &UserId) -> PortResult<Option<User>> {
        self.fail().await
    }

    async fn list(&self, _: &TenantScope, _: &ListQuery) -> PortResult<Page> {
        self.fail().await
    }

    async fn create(&self, _: &TenantScope, _: NewUser) -> PortResult<User> {
        self.fail().await
    }

    async fn attach_or_create(&self, _: &TenantScope, _: NewMember) -> PortResult<AttachOutcome> {
        self.fail().await
    }

    async fn change_membership(
        &self,
        _: &TenantScope,
        _: &User,
        _: MembershipChange,
    ) -> PortResult<User> {
        self.fail().await
    }

    async fn detach(&self, _: &TenantScope, _: &User) -> PortResult<()> {
        self.fail().await
    }

    async fn change_account(
        &self,
        _: &AccountScope,
        _: &User,
        _: AccountChange,
    ) -> PortResult<AccountUpdate> {
        self.fail().await
    }

    async fn set_password(&self, _: &AccountScope, _: &User, _: Password) -> PortResult<User> {
        self.fail().await
    }

    async fn delete(&self, _: &AccountScope, _: &User) -> PortResult<()> {
        self.fail().await
    }

    async fn check_ready(&self) -> PortResult<()> {
        self.fail().await
    }
}

/// Calls every operation over a directory that fails like this.
async fn answers(failure: Failure, http: &'static str) -> Vec<(String, Answer)> {
    let directory: Arc<dyn UserDirectory> = Arc::new(Failing(failure));
    let options = AppOptions { http, directory: Some(directory), ..AppOptions::default() };
    let app = App::start_with(options).await;
    let mut answers = Vec::new();
    let mia = matrix::TargetUser::Seeded("mia").identity(None).unwrap();
    for operation in matrix::operations().0 {
        let (path, body) = operation.request("acme", &mia);
        let method = operation.method;
        // Those of the last look up the caller first.
        for client in [app.operator(), app.tenant("acme"), app.member("olga")] {
            let answer = client.call(method.clone(), &path, body.clone()).await;
            assert!(!answer.text.contains("4711"), "{method} {path}: {answer:?}");
            answers.push((path.clone(), answer));
        }
    }
    assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    assert_eq!(answers.len(), 36);
    answers
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_service_goes_on() {
    for (path, answer) in answers(Failure::Panic, "").await {
        assert_error(&path, &answer, "500 internal_error");
    }
}

#[tokio::test]
async fn a_directory_that_fails_is_a_bad_gateway() {
    for (path, answer) in answers(Failure::Failed, "").await {
        assert_error(&path, &answer, "502 directory_error");
    }
}

#[tokio::test]
async fn a_directory_that_is_unavailable_says_when_to_come_back() {
    for (wait, header) in [
        (None, "5"),
        (Some(Duration::ZERO), "1"),
        (Some(Duration::from_secs(7)), "7"),
        (Some(Duration::from_millis(7001)), "8"),
    ] {
        for (path, answer) in answers(Failure::Unavailable(wait), "").await {
            assert_error(&path, &answer, "503 directory_unavailable");
            assert_eq!(answer.header("retry-after"), Some(header), "{path}");
        }
    }
}

#[tokio::test]
async fn a_directory_that_times_out_is_a_gateway_timeout() {
    for (path, answer) in answers(Failure::Timeout, "").await {
        assert_error(&path, &answer, "504 directory_timeout");
    }
}

#[tokio::test]
async fn a_directory_that_never_answers_is_not_waited_for_forever() {
    for (path, answer) in answers(Failure::Silence, "request_timeout_ms = 50").await {
        assert_error(&path, &answer, "504 directory_timeout");
    }
}
