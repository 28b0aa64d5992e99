//! Sends every call of the matrix and records the answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth0_sim::Control;
use serde_json::Value;

use super::callers::{CallerKind, SETTINGS, callers, publish_keys};
use super::cost;
use super::directory::ResettableDirectory;
use super::operation::{Operation, operations};
use super::users::{INVALID_TENANT, TENANTS, TargetUser, seed_users};
use crate::support::{Answer, App, AppOptions, Client};

/// The number of parallel workers.
const WORKERS: usize = 2;

/// The result of one call.
#[derive(Debug)]
pub(crate) struct Cell {
    /// Status and code, such as `403 tenant_forbidden`.
    pub(crate) outcome: String,
    /// Whether the status is 2xx.
    pub(crate) success: bool,
    /// All of the answer that the caller can see.
    pub(crate) visible_response: String,
    /// The Auth0 requests, if the adapter under test uses Auth0.
    pub(crate) cost: Option<String>,
}

/// The caller's title, the tenant and the user, as far as the operation names them.
pub(crate) type CellKey = (&'static str, Option<&'static str>, Option<TargetUser>);

/// The results of one operation.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) operation: Operation,
    pub(crate) cells: BTreeMap<CellKey, Cell>,
    /// Refused calls that changed something.
    side_effects: Vec<String>,
}

/// The results of all operations.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// All operations, in the order of the document.
    pub(crate) tables: Vec<Table>,
    /// Errors for operations that could not be called.
    pub(crate) uncallable: Vec<String>,
    /// Refused calls that changed something.
    pub(crate) side_effects: Vec<String>,
}

impl Table {
    /// Returns the tenants of the columns or sections; `None` if the operation names none.
    pub(crate) fn tenants(operation: &Operation) -> Vec<Option<&'static str>> {
        if operation.names_tenant {
            TENANTS.into_iter().chain([INVALID_TENANT]).map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// Returns the users of the columns in a tenant.
    pub(crate) fn users(operation: &Operation, tenant: Option<&str>) -> Vec<Option<TargetUser>> {
        if operation.names_user {
            TargetUser::columns(tenant).into_iter().map(Some).collect()
        } else {
            vec![None]
        }
    }
}

/// Sends every call.
pub(crate) fn run() -> Matrix {
    let (operations, uncallable) = operations();
    // All users have the password of the document's example.
    let mut bodies = operations.iter().filter_map(|operation| operation.body.as_ref());
    let password = bodies.find_map(|body| body["currentPassword"].as_str()).unwrap();
    let mut tables: Vec<(usize, Table)> = std::thread::scope(|scope| {
        let worker = |worker: usize| {
            let own = operations.iter().cloned().enumerate().skip(worker).step_by(WORKERS);
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(fill_tables(own.collect(), password))
        };
        let workers: Vec<_> =
            (0..WORKERS).map(|index| scope.spawn(move || worker(index))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    tables.sort_by_key(|(index, _)| *index);
    let mut tables: Vec<_> = tables.into_iter().map(|(_, table)| table).collect();
    let side_effects = tables.iter_mut().flat_map(|table| std::mem::take(&mut table.side_effects));
    let side_effects = side_effects.collect();
    Matrix { tables, uncallable, side_effects }
}

/// Returns the tables of some operations.
async fn fill_tables(operations: Vec<(usize, Operation)>, password: &str) -> Vec<(usize, Table)> {
    let directory = Arc::new(ResettableDirectory::new(password).await);
    let app = App::start_with(AppOptions {
        settings: SETTINGS,
        directory: Some(Arc::clone(&directory) as _),
        password_check: Some(Arc::clone(&directory) as _),
        ..AppOptions::default()
    });
    let app = app.await;
    publish_keys(&app);
    let (auth0, initial_snapshot) = (directory.auth0(), snapshot(&app).await);
    let initial_users = auth0.as_ref().map_or_else(Vec::new, Control::users);
    let mut tables = Vec::new();
    for (index, operation) in operations {
        let name = operation.name();
        let (cells, side_effects) = (BTreeMap::new(), Vec::new());
        let mut table = Table { operation, cells, side_effects };
        let worker = Worker {
            app: &app,
            directory: &directory,
            auth0: auth0.as_ref(),
            initial_users: &initial_users,
        };
        for caller in callers() {
            worker.fill_row(&mut table, &caller).await;
        }
        if snapshot(&app).await != initial_snapshot {
            table.side_effects.push(name);
            directory.reset();
        }
        tables.push((index, table));
    }
    tables
}

/// What a worker needs to send calls.
struct Worker<'a> {
    app: &'a App,
    directory: &'a ResettableDirectory,
    auth0: Option<&'a Control>,
    /// The users in Auth0 after a reset.
    initial_users: &'a [Value],
}

impl Worker<'_> {
    /// Sends every call of one caller.
    async fn fill_row(&self, table: &mut Table, caller: &CallerKind) {
        for tenant in Table::tenants(&table.operation) {
            for user in Table::users(&table.operation, tenant) {
                let identity = user.unwrap_or(TargetUser::Unknown).identity(caller.seeded_name);
                let Some(identity) = identity else { continue };
                if table.operation.is_limited_by_hour() {
                    self.app.clock.advance(std::time::Duration::from_hours(1));
                }
                let client = (caller.client)(self.app);
                let (path, body) = table.operation.request(tenant.unwrap_or_default(), &identity);
                let key = (caller.title, tenant, user);
                let method = &table.operation.method;
                let (answer, cost, side_effects) =
                    self.call(&client, caller, method, &path, body).await;
                if side_effects {
                    table.side_effects.push(format!("{}: {method} {path}", caller.title));
                }
                // The only answer in which the adapters differ.
                let outcome = match answer.outcome() {
                    unavailable if unavailable == "409 mail_unavailable" => "202".to_owned(),
                    outcome => outcome,
                };
                let visible_response = answer.comparable_text();
                let success = answer.status.is_success();
                table.cells.insert(key, Cell { outcome, success, visible_response, cost });
            }
        }
    }

    /// Sends one call; returns the answer, its cost, and whether it was refused but changed
    /// something.
    async fn call(
        &self,
        client: &Client<'_>,
        caller: &CallerKind,
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
        let cost =
            requests.as_ref().map(|requests| cost::request_letters(requests, caller.seeded_name));
        let changed_at_auth0 = self.auth0.is_some_and(|auth0| {
            cost.as_deref() != Some("") && auth0.users() != self.initial_users
        });
        let changed = changed_at_auth0 || self.directory.writes() != writes;
        if changed {
            self.directory.reset();
        }
        let side_effects = changed && !answer.status.is_success();
        (answer, cost, side_effects)
    }
}

/// Returns everything that operators can see.
async fn snapshot(app: &App) -> Vec<String> {
    let mut texts = Vec::new();
    for user in seed_users() {
        let id = user.line["id"].as_str().unwrap().replace('|', "%7C");
        texts.push(app.operator().get(&format!("/api/v1/users/{id}")).await.text);
    }
    for tenant in TENANTS {
        texts.push(app.operator().get(&format!("/api/{tenant}/admin/users")).await.text);
    }
    texts
}
