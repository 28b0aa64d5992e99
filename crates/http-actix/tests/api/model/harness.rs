//! Where the machine and the model meet: one service, what the model thinks of it, and the script
//! of what was done.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use ports::Clock as _;
use serde_json::{Value, json};

use super::callers::{Caller, Issuer, TokenPermissions};
use super::calls::{Action, Contract, Paging};
use super::rules::Expectation;
use super::state::ModelState;
use super::strategies::TENANTS;
use crate::support::{Answer, App, AppOptions, SEED_USERS};

/// A call with everything filled in.
pub(crate) type ResolvedCall = (Caller<String>, Action<String>);

/// What one tenant sees of its people: the bytes of both lists, but for times that move by
/// themselves.
pub(crate) type TenantLists = BTreeMap<&'static str, String>;

/// A service and the model of it.
pub(crate) struct Harness {
    pub(crate) app: App,
    pub(crate) state: ModelState,
    /// What was done so far, a line for each step.
    pub(crate) transcript: Vec<String>,
    /// How often each operation came out how.
    pub(crate) outcome_counts: BTreeMap<String, usize>,
    /// What contracts A and B say of somebody who is not there.
    not_found_bodies: BTreeMap<bool, String>,
}

impl Harness {
    /// A service with the usual people and these.
    pub(crate) async fn start(extra_users: &str) -> Self {
        let app =
            App::start_with(AppOptions { users: extra_users.to_owned(), ..AppOptions::default() })
                .await;
        let mut state =
            ModelState::from_seed(&format!("{SEED_USERS}{extra_users}"), app.clock.now());
        // Some of them were changed at a time to come, which no directory has ever seen.
        app.clock.advance(Duration::from_hours(24 * 365));
        state.now = app.clock.now();
        Self {
            app,
            state,
            transcript: Vec::new(),
            outcome_counts: BTreeMap::new(),
            not_found_bodies: BTreeMap::new(),
        }
    }

    /// Lets time pass.
    pub(crate) fn advance_clock(&mut self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
        self.state.now = self.app.clock.now();
        self.transcript.push(format!("{}. {seconds} s pass", self.transcript.len() + 1));
    }

    /// Sends a call. An answer that the OpenAPI document does not tell of is an error too.
    pub(crate) async fn send(&self, (caller, action): &ResolvedCall) -> Result<Answer, String> {
        let (method, path, body) = action.request();
        let client = caller.client(&self.app);
        let call = AssertUnwindSafe(client.call(method, &path, body)).catch_unwind();
        call.await.map_err(|panic| {
            let text = panic.downcast_ref::<String>().map_or("it panicked", String::as_str);
            format!("{caller}: {}: {text}", action.describe())
        })
    }

    /// What the model says to a call, having been shown the answer for the id in it.
    pub(crate) fn expectation(
        &self,
        (caller, action): &ResolvedCall,
        answer: &Answer,
    ) -> Expectation {
        self.state.evaluate(&self.state, caller, action, &new_account_id(&self.state, answer))
    }

    /// Writes a line of the script.
    pub(crate) fn record(&mut self, (caller, action): &ResolvedCall, outcome: &str) {
        let line =
            format!("{}. {caller}: {} → {outcome}", self.transcript.len() + 1, action.describe());
        self.transcript.push(line);
        let name = action.describe();
        let name = name.split_once(' ').unwrap().0;
        let contract = if is_contract_a(action) { "A" } else { "B" };
        *self.outcome_counts.entry(format!("{contract} {name} {outcome}")).or_default() += 1;
    }

    /// What all tenants see of their people and of these users, and where that is not what the
    /// model says; and the bytes of the lists.
    pub(crate) async fn observe(&mut self, users: &[String]) -> Result<Observation, String> {
        let mut observation = Observation { answers: Vec::new(), lists: TenantLists::new() };
        for tenant in TENANTS {
            let caller = || Caller::Bearer {
                issuer: Issuer::Tenant(tenant),
                subject: None,
                permissions: TokenPermissions::All,
            };
            let mut actions = vec![
                Action::List(Contract::A, tenant, Paging::default()),
                Action::List(Contract::B, tenant, Paging::large_page()),
            ];
            for user in users {
                actions.extend([
                    Action::GetTenantUser(tenant, user.clone()),
                    Action::GetUser(user.clone()),
                ]);
            }
            for action in actions {
                let call = (caller(), action);
                let answer = self.send(&call).await?;
                if matches!(call.1, Action::List(..)) {
                    let bytes = observation.lists.entry(tenant).or_default();
                    bytes.push_str(&without_times(&answer.text));
                }
                self.check_not_found_body(&call, &answer)?;
                observation.answers.push((call, answer));
            }
        }
        Ok(observation)
    }

    /// Nobody can tell somebody else's user from one who never was.
    pub(crate) fn check_not_found_body(
        &mut self,
        call: &ResolvedCall,
        answer: &Answer,
    ) -> Result<(), String> {
        if answer.status != 404 {
            return Ok(());
        }
        let text = answer.without_request_id();
        let usual =
            self.not_found_bodies.entry(is_contract_a(&call.1)).or_insert_with(|| text.clone());
        if *usual == text {
            return Ok(());
        }
        Err(format!("{}: {}: one 404 is {usual}, another {text}", call.0, call.1.describe()))
    }

    /// The script so far, and what is wrong with it.
    pub(crate) fn failure_report(&self, difference: &str) -> String {
        format!("{}\n{difference}", self.transcript.join("\n"))
    }
}

/// What was seen at one moment.
pub(crate) struct Observation {
    pub(crate) answers: Vec<(ResolvedCall, Answer)>,
    pub(crate) lists: TenantLists,
}

impl Observation {
    /// The first thing in it that the model would have otherwise.
    pub(crate) fn first_difference(&self, state: &ModelState) -> Option<String> {
        self.answers.iter().find_map(|((caller, action), answer)| {
            let expectation = state.evaluate(state, caller, action, "");
            let difference = difference(action, answer, &expectation)?;
            Some(format!("then {caller}: {} → {difference}", action.describe()))
        })
    }
}

/// The id of a new account, as the answer has it.
pub(crate) fn new_account_id(state: &ModelState, answer: &Answer) -> String {
    let id = (answer.status == 201).then(|| answer.json()["id"].as_str().map(str::to_owned));
    let new = id.flatten().filter(|id| !state.accounts.contains_key(id));
    new.unwrap_or_else(|| "(an id that nobody had)".to_owned())
}

/// How an answer differs from what the model says, if it does.
pub(crate) fn difference(
    action: &Action<String>,
    answer: &Answer,
    expectation: &Expectation,
) -> Option<String> {
    let outcome = answer.outcome();
    if !expectation.outcomes.contains(&outcome) {
        return Some(format!("{outcome}; the model says {}", expectation.outcomes.join(" or ")));
    }
    let body = comparable_body(action, answer);
    if body == expectation.body {
        return None;
    }
    let only = |these: &Value, others: &Value| -> String {
        let of = |list: &Value| list.get("data").unwrap_or(list).as_array().cloned();
        match (of(these), of(others)) {
            (Some(these), Some(others)) if these.len() + others.len() > 0 => {
                let only = these.into_iter().filter(|item| !others.contains(item));
                only.collect::<Value>().to_string()
            }
            _ => these.to_string(),
        }
    };
    let (actual, expected) = (only(&body, &expectation.body), only(&expectation.body, &body));
    if actual == "[]" && expected == "[]" {
        return Some(format!("{outcome}, {body}; the model says {}", expectation.body));
    }
    Some(format!("{outcome}, {actual}; the model says {expected}"))
}

/// What the model can know of a body.
fn comparable_body(action: &Action<String>, answer: &Answer) -> Value {
    if !answer.status.is_success() || answer.text.is_empty() {
        return Value::Null;
    }
    let mut body = answer.json();
    if let Action::List(Contract::B, ..) = action {
        let totals = &body["links"]["last"]["meta"];
        body = json!({
            "data": body["data"], "totalUsers": totals["totalUsers"],
            "totalPages": totals["totalPages"],
        });
    }
    if answer.status == 207 {
        let errors = body.as_object_mut().unwrap().remove("errors");
        let taken = errors.is_some_and(|errors| errors[0]["code"] == "email_taken");
        body["email"] = if taken { body["email"].take() } else { json!("without its error") };
    }
    mask_times(&mut body);
    body
}

/// Takes the times out that move by themselves.
fn mask_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask_times),
        Value::Object(members) => {
            for (name, member) in members {
                if matches!(name.as_str(), "updatedAt" | "lastLogin") {
                    *member = Value::Null;
                } else {
                    mask_times(member);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The text but for those times, byte by byte.
fn without_times(text: &str) -> String {
    let cut = |text: &str, name: &str| {
        let mut parts = text.split(name);
        let mut kept = parts.next().unwrap().to_owned();
        for part in parts {
            let end = part.find([',', '}']).unwrap();
            kept.push_str(part.split_at(end).1);
        }
        kept
    };
    cut(&cut(text, "\"updatedAt\":"), "\"lastLogin\":")
}

fn is_contract_a(action: &Action<String>) -> bool {
    matches!(
        action,
        Action::List(Contract::A, ..)
            | Action::GetTenantUser(..)
            | Action::AttachOrCreate { .. }
            | Action::UpdateTenantUser { .. }
            | Action::Detach(..)
    )
}
