//! Every operation with a directory that fails, for every kind of failure.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, MembershipChange, NewMember, NewUser, Page, PageRequest, Password,
    Sort, TenantId, TenantScope, User, UserId,
};
use ports::{
    AccountUpdate, AttachOutcome, FullList, PortError, PortResult, ReleaseOutcome, UserDirectory,
};

use super::assert_error;
use crate::matrix;
use crate::support::{Answer, App, AppOptions};

/// Details of a failure that only the log may contain.
const SECRET: &str = "https://directory.internal/api?token=4711";

/// Kinds of directory failure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    Panic,
    Failed,
    Unavailable(Option<Duration>),
    Timeout,
    NoResponse,
}

/// A directory in which every call fails.
#[derive(Debug)]
pub(crate) struct FailingDirectory(pub(crate) Failure);

impl FailingDirectory {
    async fn fail<T>(&self) -> PortResult<T> {
        match self.0 {
            Failure::Panic => panic!("{SECRET}"),
            Failure::Failed => Err(PortError::Failed { source: SECRET.into() }),
            Failure::Unavailable(retry_after) => {
                Err(PortError::Unavailable { retry_after, source: Some(SECRET.into()) })
            }
            Failure::Timeout => Err(PortError::Timeout),
            Failure::NoResponse => std::future::pending().await,
        }
    }
}

#[async_trait]
impl UserDirectory for FailingDirectory {
    async fn find(&self, _: &AccountScope, _: &UserId) -> PortResult<Option<Arc<User>>> {
        self.fail().await
    }

    async fn list_page(&self, _: &TenantScope, _: Sort, _: PageRequest) -> PortResult<Page> {
        self.fail().await
    }

    async fn list_all(&self, _: &TenantScope, _: Sort) -> PortResult<FullList> {
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

    async fn move_home(&self, _: &AccountScope, _: &User, _: Option<TenantId>) -> PortResult<User> {
        self.fail().await
    }

    async fn set_email_verified(&self, _: &AccountScope, _: &User, _: bool) -> PortResult<User> {
        self.fail().await
    }

    async fn send_invitation(&self, _: &TenantScope, _: &User) -> PortResult<()> {
        self.fail().await
    }

    async fn release_tenant(&self, _: &TenantScope, _: usize) -> PortResult<ReleaseOutcome> {
        self.fail().await
    }

    async fn check_ready(&self) -> PortResult<()> {
        self.fail().await
    }
}

/// Whether an operation reads the directory only for the caller's own roles.
fn reads_only_the_caller(path: &str) -> bool {
    path.ends_with("/admin/roles")
}

/// Calls every operation with a directory that fails in this way; returns the responses of calls
/// that need the directory.
async fn responses(failure: Failure, http: &'static str) -> Vec<(String, Answer)> {
    let directory: Arc<dyn UserDirectory> = Arc::new(FailingDirectory(failure));
    let options = AppOptions { http, directory: Some(directory), ..AppOptions::default() };
    let app = App::start_with(options).await;
    let mut responses = Vec::new();
    let mia = matrix::TargetUser::Seeded("mia").identity(None).unwrap();
    for operation in matrix::operations().0 {
        let (path, body) = operation.request("acme", &mia);
        let method = operation.method.clone();
        // The member's calls look up the caller first.
        for (client, is_member) in
            [(app.operator(), false), (app.tenant("acme"), false), (app.member("olga"), true)]
        {
            let is_operator = client.token() == app.operator().token();
            if (operation.is_about_caller() && !is_member)
                || (operation.is_for_operators() && !is_operator)
            {
                // Answered without the directory.
                continue;
            }
            let response = client.call(method.clone(), &path, body.clone()).await;
            assert!(!response.text.contains("directory.internal"), "{method} {path}: {response:?}");
            if reads_only_the_caller(&path) && !is_member {
                assert_eq!(response.outcome(), "200", "{method} {path}");
                continue;
            }
            responses.push((path.clone(), response));
        }
    }
    assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    assert!(responses.len() > 2 * matrix::operations().0.len());
    responses
}

#[tokio::test]
async fn directory_panic_is_500_and_service_continues() {
    for (path, response) in responses(Failure::Panic, "").await {
        assert_error(&path, &response, "500 internal_error");
    }
}

#[tokio::test]
async fn directory_failure_is_502() {
    for (path, response) in responses(Failure::Failed, "").await {
        assert_error(&path, &response, "502 directory_error");
    }
}

#[tokio::test]
async fn unavailable_directory_is_503_with_retry_after() {
    for (wait, header) in [
        (None, "5"),
        (Some(Duration::ZERO), "1"),
        (Some(Duration::from_secs(7)), "7"),
        (Some(Duration::from_millis(7001)), "8"),
    ] {
        for (path, response) in responses(Failure::Unavailable(wait), "").await {
            assert_error(&path, &response, "503 directory_unavailable");
            assert_eq!(response.header("retry-after"), Some(header), "{path}");
        }
    }
}

#[tokio::test]
async fn directory_timeout_is_504() {
    for (path, response) in responses(Failure::Timeout, "").await {
        assert_error(&path, &response, "504 directory_timeout");
    }
}

#[tokio::test]
async fn unresponsive_directory_is_504_after_request_timeout() {
    for (path, response) in responses(Failure::NoResponse, "request_timeout_ms = 500").await {
        assert_error(&path, &response, "504 directory_timeout");
    }
}
