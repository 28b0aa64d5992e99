//! A directory over a stand-in that misbehaves, and one operation for each kind of call.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use auth0_adapter::{Auth0Config, Auth0Directory, Tasks};
use auth0_sim::{Config, Control, Fault, FaultKind, Sim};
use conformance::{Caller, ManualClock, acme, catalogue};
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

use crate::book::Book;

pub(crate) const TOKEN: &str = "POST /oauth/token client_credentials";
pub(crate) const GET_USER: &str = "GET /api/v2/users/{id}";
pub(crate) const PASSWORD: &str = "a-password-that-is-long";
pub(crate) const SECRET: &str = "usher-secret";

/// What must never be told, because it was sent or answered.
pub(crate) const HIDDEN: [&str; 5] = ["jane", "@acme.example", SECRET, "eyJ", PASSWORD];

pub(crate) struct Bench {
    pub(crate) sim: Sim,
    pub(crate) directory: Auth0Directory,
    pub(crate) jane: User,
    /// What the directory has told of its calls.
    pub(crate) book: Arc<Book>,
}

impl Bench {
    /// With time enough that only what never comes is late.
    pub(crate) async fn new() -> Self {
        Self::with(Config::default(), |_| {}).await
    }

    pub(crate) async fn with(config: Config, change: impl FnOnce(&mut Auth0Config)) -> Self {
        let sim = Sim::start(config).await.unwrap();
        let book = Arc::new(Book::default());
        let directory = directory_told(sim.url(), book.clone(), change);
        let id = seed(sim.control());
        let jane = directory.find(&Caller::operator().views(), &id).await.unwrap().unwrap();
        sim.control().reset_calls();
        book.forget();
        Self { sim, directory, jane, book }
    }

    /// With a directory that asks where nobody listens.
    pub(crate) fn moved_away(self) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let directory = directory_told(&url, self.book.clone(), |_| {});
        Self { directory, ..self }
    }

    pub(crate) fn control(&self) -> &Control {
        self.sim.control()
    }

    pub(crate) fn calls(&self, route: &str) -> u64 {
        self.control().calls().get(route).copied().unwrap_or_default()
    }

    /// Lets something go wrong on a route, so many times.
    pub(crate) fn fault(&self, route: &str, times: impl Into<Option<u64>>, kind: FaultKind) {
        let route = Some(route.to_owned());
        self.control().fault(Fault { route, skip: 0, times: times.into(), kind });
    }

    pub(crate) async fn find(&self) -> PortResult<()> {
        self.run(Operation::Find).await
    }

    /// Calls at the same moment; how each of them ended.
    pub(crate) async fn crowd(&self, size: usize) -> Vec<&'static str> {
        let mut set = JoinSet::new();
        for _ in 0..size {
            let (directory, id) = (self.directory.clone(), self.jane.id.clone());
            set.spawn(async move { name(&directory.find(&Caller::operator().views(), &id).await) });
        }
        set.join_all().await
    }

    /// Waits until the stand-in was asked so often, for longer than that may take.
    pub(crate) async fn asked(&self, route: &str, count: u64) {
        let waiting = async {
            while self.calls(route) < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), waiting).await.expect("it is not asked");
    }

    /// Runs an operation to see what it says.
    pub(crate) async fn run(&self, operation: Operation) -> PortResult<()> {
        let (operator, directory, jane) = (Caller::operator(), &self.directory, &self.jane);
        let role = catalogue().resolve("member").unwrap().clone();
        match operation {
            Operation::Find => directory.find(&operator.views(), &jane.id).await.map(|found| {
                assert_eq!(found.map(|user| user.id), Some(jane.id.clone()));
            }),
            Operation::List => {
                directory.list(&operator.reads(&acme()), &ListQuery::default()).await.map(drop)
            }
            Operation::Enlist => {
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

    /// Runs it as a part of a call that has so much time.
    pub(crate) async fn run_within(&self, time: Duration, operation: Operation) -> PortResult<()> {
        CallContext::new("a-request".into(), Instant::now() + time).scope(self.run(operation)).await
    }
}

pub(crate) fn tasks() -> Tasks {
    told_to(Arc::new(NoopObserver))
}

fn told_to(watch: Arc<dyn UpstreamObserver>) -> Tasks {
    Tasks { runtime: Handle::current(), writes: TaskTracker::new(), watch }
}

pub(crate) fn directory_at(url: &str, change: impl FnOnce(&mut Auth0Config)) -> Auth0Directory {
    directory_told(url, Arc::default(), change)
}

pub(crate) fn directory_told(
    url: &str,
    book: Arc<Book>,
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
    Auth0Directory::new(config, catalogue(), Arc::new(ManualClock::new()), told_to(book)).unwrap()
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

/// Something that makes one kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Find,
    List,
    Enlist,
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
        Self::Enlist,
        Self::Create,
        Self::Change,
        Self::SetPassword,
        Self::Delete,
        Self::LogIn,
    ];

    /// The call that it is about.
    pub(crate) fn route(self) -> &'static str {
        match self {
            Self::Find => GET_USER,
            Self::List => "GET /api/v2/users",
            Self::Enlist => "GET /api/v2/users-by-email",
            Self::Create => "POST /api/v2/users",
            Self::Change | Self::SetPassword => "PATCH /api/v2/users/{id}",
            Self::Delete => "DELETE /api/v2/users/{id}",
            Self::LogIn => "POST /oauth/token password-realm",
        }
    }

    /// Whether twice is the same as once.
    pub(crate) fn is_repeatable(self) -> bool {
        match self {
            Self::Find | Self::List | Self::Enlist | Self::Change | Self::Delete => true,
            Self::Create | Self::SetPassword | Self::LogIn => false,
        }
    }

    /// How often it is sent if it keeps failing, so that nobody knows whether it was carried out.
    pub(crate) fn sends(self) -> u64 {
        if self.is_repeatable() { 3 } else { 1 }
    }
}

/// Moves the time that tokio shows. It must not stand still while an answer is on its way through
/// a real socket, or it would run ahead to the next timeout.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// The name of what went wrong.
pub(crate) fn name(result: &PortResult<impl Debug>) -> &'static str {
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

/// How long to wait, if that is what went wrong.
pub(crate) fn wait(result: &PortResult<impl Debug>) -> Option<Duration> {
    match result {
        Err(PortError::Unavailable { retry_after, .. }) => *retry_after,
        other => panic!("{other:?} is no outage"),
    }
}

/// Everything that a log could hold of an error.
pub(crate) fn told(error: &PortError) -> String {
    let mut texts = vec![format!("{error} {error:?} {error:#?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(format!("{error} {error:?}"));
        source = error.source();
    }
    texts.join(" ")
}
