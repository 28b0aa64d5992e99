//! A directory over a stand-in with faults, and one operation for each kind of call.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use auth0_adapter::{Auth0Config, Auth0Directory, Tasks};
use auth0_sim::{Config, Control, Fault, FaultKind, Sim};
use conformance::{Caller, ManualClock, acme, catalogue, select};
use domain::{AccountChange, CurrentPassword, ListQuery, NewMember, NewUser, User, UserId};
use ports::{
    CallContext, NoopObserver, PasswordCheck, PasswordVerdict, PortError, PortResult,
    UpstreamObserver, UserDirectory,
};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::recording_observer::RecordingObserver;

pub(crate) const TOKEN: &str = "POST /oauth/token client_credentials";
pub(crate) const GET_USER: &str = "GET /api/v2/users/{id}";
pub(crate) const PASSWORD: &str = "a-password-that-is-long";
pub(crate) const SECRET: &str = "usher-secret";

/// What must never appear in an error or a log, because it was sent or received.
pub(crate) const HIDDEN: [&str; 5] = ["jane", "@acme.example", SECRET, "eyJ", PASSWORD];

pub(crate) struct Bench {
    pub(crate) sim: Sim,
    pub(crate) directory: Auth0Directory,
    pub(crate) jane: User,
    /// The observer of the directory.
    pub(crate) observer: Arc<RecordingObserver>,
}

impl Bench {
    /// With a timeout that only a missing response exceeds.
    pub(crate) async fn new() -> Self {
        Self::with(Config::default(), |_| {}).await
    }

    pub(crate) async fn with(config: Config, change: impl FnOnce(&mut Auth0Config)) -> Self {
        let sim = Sim::start(config).await.unwrap();
        let observer = Arc::new(RecordingObserver::default());
        let directory = observed_directory(sim.url(), observer.clone(), change);
        let id = seed(sim.control());
        let jane = directory.find(&Caller::operator().views(), &id).await.unwrap().unwrap();
        sim.control().reset_calls();
        observer.clear();
        Self { sim, directory, jane: Arc::unwrap_or_clone(jane), observer }
    }

    /// With a directory whose Auth0 address nothing listens at.
    pub(crate) fn unreachable(self) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let directory = observed_directory(&url, self.observer.clone(), |_| {});
        Self { directory, ..self }
    }

    pub(crate) fn control(&self) -> &Control {
        self.sim.control()
    }

    pub(crate) fn calls(&self, route: &str) -> u64 {
        self.control().calls().get(route).copied().unwrap_or_default()
    }

    /// Makes the stand-in fail this many times on a route.
    pub(crate) fn add_fault(&self, route: &str, times: impl Into<Option<u64>>, kind: FaultKind) {
        let route = Some(route.to_owned());
        self.control().add_fault(Fault { route, skip: 0, times: times.into(), kind });
    }

    pub(crate) async fn find(&self) -> PortResult<()> {
        self.run(Operation::Find).await
    }

    /// Stores an account with this number, unless there is one, and returns its id.
    pub(crate) fn numbered(&self, number: usize) -> UserId {
        let id = format!("auth0|{number}");
        if self.control().user(&id).is_none() {
            let email = format!("{number}@acme.example");
            self.control().seed(json!({ "user_id": id, "email": email })).unwrap();
        }
        id.parse().unwrap()
    }

    /// Looks up as many accounts concurrently, and returns the outcomes. Look-ups of one account
    /// would share a call.
    pub(crate) async fn find_concurrently(&self, size: usize) -> Vec<&'static str> {
        let mut set = JoinSet::new();
        for number in 0..size {
            let (directory, id) = (self.directory.clone(), self.numbered(number));
            set.spawn(async move {
                let found = directory.find(&Caller::operator().views(), &id).await;
                outcome_name(&found.map(|user| assert_eq!(user.unwrap().id, id)))
            });
        }
        set.join_all().await
    }

    /// Waits until the stand-in has received this many requests, for longer than that takes.
    pub(crate) async fn wait_for_calls(&self, route: &str, count: u64) {
        let waiting = self.control().wait_for_calls(route, count);
        tokio::time::timeout(Duration::from_mins(1), waiting)
            .await
            .expect("the request was not sent");
    }

    /// Runs an operation.
    pub(crate) async fn run(&self, operation: Operation) -> PortResult<()> {
        let (operator, directory, jane) = (Caller::operator(), &self.directory, &self.jane);
        let role = catalogue().resolve("member").unwrap().clone();
        match operation {
            Operation::Find => directory.find(&operator.views(), &jane.id).await.map(|found| {
                assert_eq!(found.map(|user| user.id.clone()), Some(jane.id.clone()));
            }),
            Operation::List => {
                select(directory, &operator.reads(&acme()), ListQuery::default()).await.map(drop)
            }
            Operation::Attach => {
                let email = "joe@acme.example".parse().unwrap();
                let new_member = NewMember { email, role, name: None };
                directory.attach_or_create(&operator.writes(&acme()), new_member).await.map(drop)
            }
            Operation::Create => {
                let new = NewUser {
                    email: "joe@acme.example".parse().unwrap(),
                    username: None,
                    given_name: None,
                    family_name: None,
                    display_name: None,
                    service_user: false,
                    role,
                    password: None,
                };
                directory.create(&operator.writes(&acme()), new).await.map(drop)
            }
            Operation::Change => {
                let change = AccountChange {
                    email: jane.email.clone(),
                    given_name: Some("Janet".parse().unwrap()),
                    family_name: None,
                };
                directory.change_account(&operator.changes(), jane, change).await.map(drop)
            }
            Operation::SetPassword => {
                let password = "another-password".parse().unwrap();
                directory.set_password(&operator.changes(), jane, password).await.map(drop)
            }
            Operation::Delete => directory.delete(&operator.changes(), jane).await,
            Operation::LogIn => {
                let offered = CurrentPassword::offered(PASSWORD.to_owned());
                directory.verify(&operator.changes(), jane, offered, None).await.map(|verdict| {
                    assert_eq!(verdict, PasswordVerdict::Match);
                })
            }
        }
    }

    /// Runs an operation as a part of a call with this deadline.
    pub(crate) async fn run_within(&self, time: Duration, operation: Operation) -> PortResult<()> {
        CallContext::new("a-request".into(), Instant::now() + time).scope(self.run(operation)).await
    }
}

pub(crate) fn tasks() -> Tasks {
    tasks_with(Arc::new(NoopObserver))
}

fn tasks_with(observer: Arc<dyn UpstreamObserver>) -> Tasks {
    Tasks { runtime: Handle::current(), writes: TaskTracker::new(), observer }
}

pub(crate) fn directory_at(url: &str, change: impl FnOnce(&mut Auth0Config)) -> Auth0Directory {
    observed_directory(url, Arc::default(), change)
}

pub(crate) fn observed_directory(
    url: &str,
    observer: Arc<RecordingObserver>,
    change: impl FnOnce(&mut Auth0Config),
) -> Auth0Directory {
    let mut config = Auth0Config::new(
        url.parse().unwrap(),
        "usher".to_owned(),
        SECRET.into(),
        "Username-Password-Authentication".to_owned(),
    );
    config.timeout = Duration::from_secs(20);
    config.deadline = Duration::from_secs(40);
    change(&mut config);
    Auth0Directory::new(config, catalogue(), Arc::new(ManualClock::new()), tasks_with(observer))
        .unwrap()
}

fn seed(control: &Control) -> UserId {
    let user = json!({
        "email": "jane@acme.example",
        "connection": "Username-Password-Authentication",
        "password": PASSWORD,
        "app_metadata": {
            "usher": {"home": "acme", "service_user": false},
            "usher_tenant_acme": {"role": "member"},
        },
    });
    control.seed(user).unwrap().parse().unwrap()
}

/// An operation that makes one kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Find,
    List,
    Attach,
    Create,
    Change,
    SetPassword,
    Delete,
    LogIn,
}

impl Operation {
    pub(crate) const ALL: [Self; 8] = [
        Self::Find,
        Self::List,
        Self::Attach,
        Self::Create,
        Self::Change,
        Self::SetPassword,
        Self::Delete,
        Self::LogIn,
    ];

    /// The route of its call.
    pub(crate) fn route(self) -> &'static str {
        match self {
            Self::Find => GET_USER,
            Self::List => "GET /api/v2/users",
            Self::Attach => "GET /api/v2/users-by-email",
            Self::Create => "POST /api/v2/users",
            Self::Change | Self::SetPassword => "PATCH /api/v2/users/{id}",
            Self::Delete => "DELETE /api/v2/users/{id}",
            Self::LogIn => "POST /oauth/token password-realm",
        }
    }

    /// Whether its call is idempotent.
    pub(crate) fn is_repeatable(self) -> bool {
        match self {
            Self::Find | Self::List | Self::Attach | Self::Change | Self::Delete => true,
            Self::Create | Self::SetPassword | Self::LogIn => false,
        }
    }

    /// How often it is sent if every attempt fails with an unknown outcome.
    pub(crate) fn sends(self) -> u64 {
        if self.is_repeatable() { 3 } else { 1 }
    }
}

/// Advances tokio's clock. It must not stay paused while a response is on its way through a real
/// socket, or it would jump to the next timeout.
pub(crate) async fn advance(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// The name of the outcome.
pub(crate) fn outcome_name(result: &PortResult<impl Debug>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(PortError::NotFound) => "not found",
        Err(PortError::Refused(_)) => "refused",
        Err(PortError::Conflict(_)) => "conflict",
        Err(PortError::Rejected(_)) => "unacceptable",
        Err(PortError::TooManyAttempts { .. }) => "too many attempts",
        Err(PortError::Unavailable { .. }) => "unavailable",
        Err(PortError::Timeout) => "timeout",
        Err(PortError::Failed { .. }) => "failed",
    }
}

/// Returns how long to wait, if the error says so.
pub(crate) fn retry_after(result: &PortResult<impl Debug>) -> Option<Duration> {
    match result {
        Err(PortError::Unavailable { retry_after, .. }) => *retry_after,
        other => panic!("{other:?} is no outage"),
    }
}

/// Everything that a log could contain of an error.
pub(crate) fn error_text(error: &PortError) -> String {
    let mut texts = vec![format!("{error} {error:?} {error:#?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(format!("{error} {error:?}"));
        source = error.source();
    }
    texts.join(" ")
}
