//! The walk through the matrix: every call, and what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth0_sim::Control;
use serde_json::Value;

use super::callers::{Caller, SETTINGS, callers, publish_keys};
use super::cost;
use super::directory::Resettable;
use super::operation::{Operation, operations};
use super::people::{NO_TENANT, TENANTS, User, people};
use crate::support::{Answer, App, AppOptions, Client};

/// In how many parts the matrix is walked through at the same time.
const LANES: usize = 2;

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Cell {
    /// Status and code, such as `403 tenant_forbidden`.
    pub(crate) outcome: String,
    /// Whether it is a 2xx.
    pub(crate) success: bool,
    /// Everything that the caller saw of the answer.
    pub(crate) seen: String,
    /// What it came to at Auth0, if that is behind.
    pub(crate) cost: Option<String>,
}

/// What a cell is about: the caller's title, the tenant and the user, as far as it names them.
pub(crate) type Place = (&'static str, Option<&'static str>, Option<User>);

/// What came of one operation's calls.
#[derive(Debug)]
pub(crate) struct Table {
    /// The operation.
    pub(crate) operation: Operation,
    /// Its calls.
    pub(crate) cells: BTreeMap<Place, Cell>,
    /// Calls that were refused and yet changed something.
    disturbed: Vec<String>,
}

/// What came of a walk.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// All operations, in the order of the document.
    pub(crate) tables: Vec<Table>,
    /// What keeps operations of the document from being called.
    pub(crate) unknown: Vec<String>,
    /// The calls that were refused and yet changed something.
    pub(crate) disturbed: Vec<String>,
}

impl Table {
    /// The tenants that it has columns or sections for; one that is none if it names none.
    pub(crate) fn tenants(operation: &Operation) -> Vec<Option<&'static str>> {
        if operation.tenant {
            TENANTS.into_iter().chain([NO_TENANT]).map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// The users that it has columns for in a tenant.
    pub(crate) fn users(operation: &Operation, tenant: Option<&str>) -> Vec<Option<User>> {
        if operation.user {
            User::columns(tenant).into_iter().map(Some).collect()
        } else {
            vec![None]
        }
    }
}

/// Makes every call.
pub(crate) fn walk() -> Matrix {
    let (operations, unknown) = operations();
    // As the examples offer it.
    let mut bodies = operations.iter().filter_map(|operation| operation.body.as_ref());
    let password = bodies.find_map(|body| body["currentPassword"].as_str()).unwrap();
    let mut tables: Vec<(usize, Table)> = std::thread::scope(|scope| {
        let lane = |lane: usize| {
            let own = operations.iter().cloned().enumerate().skip(lane).step_by(LANES);
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(tables(own.collect(), password))
        };
        let lanes: Vec<_> = (0..LANES).map(|index| scope.spawn(move || lane(index))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    tables.sort_by_key(|(index, _)| *index);
    let mut tables: Vec<_> = tables.into_iter().map(|(_, table)| table).collect();
    let disturbed = tables.iter_mut().flat_map(|table| std::mem::take(&mut table.disturbed));
    let disturbed = disturbed.collect();
    Matrix { tables, unknown, disturbed }
}

/// Some of the operations' tables.
async fn tables(operations: Vec<(usize, Operation)>, password: &str) -> Vec<(usize, Table)> {
    let directory = Arc::new(Resettable::new(password).await);
    let app = App::start_with(AppOptions {
        settings: SETTINGS,
        directory: Some(Arc::clone(&directory) as _),
        password_check: Some(Arc::clone(&directory) as _),
        ..AppOptions::default()
    });
    let app = app.await;
    publish_keys(&app);
    let (auth0, beginning) = (directory.auth0(), snapshot(&app).await);
    let stored = auth0.as_ref().map_or_else(Vec::new, Control::users);
    let mut tables = Vec::new();
    for (index, operation) in operations {
        let name = operation.name();
        let (cells, disturbed) = (BTreeMap::new(), Vec::new());
        let mut table = Table { operation, cells, disturbed };
        let lane =
            Lane { app: &app, directory: &directory, auth0: auth0.as_ref(), stored: &stored };
        for caller in callers() {
            lane.row(&mut table, &caller).await;
        }
        if snapshot(&app).await != beginning {
            table.disturbed.push(name);
            directory.reset();
        }
        tables.push((index, table));
    }
    tables
}

/// What a part of the walk is made on.
struct Lane<'a> {
    app: &'a App,
    directory: &'a Resettable,
    auth0: Option<&'a Control>,
    /// Everybody in Auth0 at the beginning.
    stored: &'a [Value],
}

impl Lane<'_> {
    /// Every call of one caller.
    async fn row(&self, table: &mut Table, caller: &Caller) {
        let client = (caller.client)(self.app);
        for tenant in Table::tenants(&table.operation) {
            for user in Table::users(&table.operation, tenant) {
                let named = user.unwrap_or(User::Unknown).named(caller.person);
                let Some(named) = named else { continue };
                let (path, body) = table.operation.request(tenant.unwrap_or_default(), &named);
                let place = (caller.title, tenant, user);
                let method = &table.operation.method;
                let (answer, cost, disturbed) =
                    self.call(&client, caller, method, &path, body).await;
                if disturbed {
                    table.disturbed.push(format!("{}: {method} {path}", caller.title));
                }
                let (outcome, seen) = (answer.outcome(), answer.seen());
                let success = answer.status.is_success();
                table.cells.insert(place, Cell { outcome, success, seen, cost });
            }
        }
    }

    /// Makes one call: the answer, what it cost, and whether it changed something all the same.
    async fn call(
        &self,
        client: &Client<'_>,
        caller: &Caller,
        method: &reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> (Answer, Option<String>, bool) {
        let writes = self.directory.writes();
        if let Some(auth0) = self.auth0 {
            auth0.reset_calls();
        }
        let answer = client.call(method.clone(), path, body).await;
        let requests = self.auth0.map(Control::requests);
        let cost = requests.as_ref().map(|requests| cost::of(requests, caller.person));
        let moved = self
            .auth0
            .is_some_and(|auth0| cost.as_deref() != Some("") && auth0.users() != self.stored);
        let changed = moved || self.directory.writes() != writes;
        if changed {
            self.directory.reset();
        }
        let disturbed = changed && !answer.status.is_success();
        (answer, cost, disturbed)
    }
}

/// Everything that operators see.
async fn snapshot(app: &App) -> Vec<String> {
    let mut texts = Vec::new();
    for person in people() {
        let id = person.line["id"].as_str().unwrap().replace('|', "%7C");
        texts.push(app.operator().get(&format!("/api/v1/users/{id}")).await.text);
    }
    for tenant in TENANTS {
        texts.push(app.operator().get(&format!("/api/{tenant}/admin/users")).await.text);
    }
    texts
}
