//! Directories whose full lists are computed while they are read.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use domain::{RoleCatalogue, TenantScope, User, UserView};
use futures_util::{Stream, StreamExt as _, stream};
use ports::{FullList, MockUserDirectory, PortResult, UserDirectory};
use tokio::sync::watch;

use crate::support::{App, AppOptions, slow_reader};

/// The number of users that the lists claim to have.
const TOTAL: u64 = 1_000_000_000;

/// What lists have done so far.
#[derive(Debug, Clone)]
pub(crate) struct ListLog(Arc<watch::Sender<ListCounts>>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ListCounts {
    /// The batches that were computed.
    pub(crate) batches: usize,
    /// The lists that were dropped, complete or not.
    pub(crate) dropped: usize,
}

impl ListLog {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    /// Returns a list with these batches.
    pub(crate) fn list(
        &self,
        batches: impl Stream<Item = PortResult<Vec<UserView<'static>>>> + Send + 'static,
    ) -> FullList {
        let dropped = CountDrop(self.clone());
        FullList::new(
            TOTAL,
            batches.inspect(move |_| {
                dropped.0.0.send_modify(|counts| counts.batches += 1);
            }),
        )
    }

    pub(crate) fn counts(&self) -> ListCounts {
        *self.0.borrow()
    }

    /// Waits until this is true of the lists.
    pub(crate) async fn wait_until(&self, reached: impl Fn(ListCounts) -> bool) {
        let mut counts = self.0.subscribe();
        let waiting = counts.wait_for(|counts| reached(*counts));
        let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok();
        assert!(in_time, "not reached: {:?}", self.counts());
    }
}

/// Counts a list as dropped when it is.
struct CountDrop(ListLog);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.0.send_modify(|counts| counts.dropped += 1);
    }
}

/// Returns a batch of the tenant's users; its text is longer than one piece of a response.
pub(crate) fn batch(scope: &TenantScope) -> Vec<UserView<'static>> {
    let email = format!("someone-with-a-long-address@{}.example", scope.tenant());
    let role = RoleCatalogue::standard().resolve("member").cloned().unwrap();
    let user = User::builder("auth0|someone".parse().unwrap(), email.parse().unwrap())
        .home(scope.tenant().clone())
        .membership(scope.tenant().clone(), role)
        .build();
    vec![scope.into_view(user).unwrap(); FullList::BATCH_SIZE]
}

/// Returns batches without end.
pub(crate) fn endless(
    scope: &TenantScope,
) -> impl Stream<Item = PortResult<Vec<UserView<'static>>>> + Send + 'static {
    let batch = batch(scope);
    stream::repeat_with(move || Ok(batch.clone()))
}

/// Returns a directory with such lists.
pub(crate) fn directory(
    list: impl Fn(&TenantScope) -> FullList + Send + Sync + 'static,
) -> Arc<dyn UserDirectory> {
    let mut directory = MockUserDirectory::new();
    directory.expect_list_all().returning(move |scope, _| Ok(list(scope)));
    directory.expect_check_ready().returning(|| Ok(()));
    Arc::new(directory)
}

/// Starts a service with endless lists.
pub(crate) async fn app_with_endless_lists(http: &'static str) -> (App, ListLog) {
    let log = ListLog::new();
    let lists = log.clone();
    let directory = directory(move |scope| lists.list(endless(scope)));
    let options = AppOptions { http, directory: Some(directory), ..AppOptions::default() };
    (App::start_with(options).await, log)
}

/// Requests the full list of acme on a new connection, and reads nothing of the response.
pub(crate) fn request_list(app: &App) -> TcpStream {
    let token = format!("Bearer {}", app.tenant("acme").token().unwrap());
    let mut connection = slow_reader(app.address);
    let head = app.head("GET /api/acme/admin/users", &[("Authorization", &token)]);
    connection.write_all(&head).unwrap();
    connection
}

/// Reads until the service closes the connection.
pub(crate) fn read_to_end(connection: &mut TcpStream) -> String {
    let mut received = Vec::new();
    connection.read_to_end(&mut received).unwrap();
    String::from_utf8(received).unwrap()
}
