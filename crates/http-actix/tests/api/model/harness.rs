//! The harness: a running service, the model's state, and a transcript of the calls.

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

/// A call with ids and passwords filled in.
pub(crate) type ResolvedCall = (Caller<String>, Action<String>);

/// The lists of each tenant as bytes, without the times that the service maintains itself.
pub(crate) type TenantLists = BTreeMap<&'static str, String>;

/// A service and its model.
pub(crate) struct Harness {
    pub(crate) app: App,
    pub(crate) state: ModelState,
    /// The steps so far, one line each.
    pub(crate) transcript: Vec<String>,
    /// How often each operation had each outcome.
    pub(crate) outcome_counts: BTreeMap<String, usize>,
    /// The body of the first 404, for contract A and for contract B.
    not_found_bodies: BTreeMap<bool, String>,
}

impl Harness {
    /// Starts a service with [`SEED_USERS`] and `extra_users`.
    pub(crate) async fn start(extra_users: &str) -> Self {
        let app =
            App::start_with(AppOptions { users: extra_users.to_owned(), ..AppOptions::default() })
                .await;
        let mut state =
            ModelState::from_seed(&format!("{SEED_USERS}{extra_users}"), app.clock.now());
        // The seed has future timestamps for this clock; move past all of them.
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

    /// Advances the clock of the service and of the model.
    pub(crate) fn advance_clock(&mut self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
        self.state.now = self.app.clock.now();
        self.transcript
            .push(format!("{}. advance the clock by {seconds} s", self.transcript.len() + 1));
    }

    /// Sends a call. An undocumented response is an error too.
    pub(crate) async fn send(&self, (caller, action): &ResolvedCall) -> Result<Answer, String> {
        let (method, path, body) = action.request();
        let client = caller.client(&self.app);
        let call = AssertUnwindSafe(client.call(method, &path, body)).catch_unwind();
        call.await.map_err(|panic| {
            let text = panic.downcast_ref::<String>().map_or("the call panicked", String::as_str);
            format!("{caller}: {}: {text}", action.describe())
        })
    }

    /// Returns what the model expects of a call. A new account's id is taken from the answer.
    pub(crate) fn expectation(
        &self,
        (caller, action): &ResolvedCall,
        answer: &Answer,
    ) -> Expectation {
        self.state.evaluate(&self.state, caller, action, &new_account_id(&self.state, answer))
    }

    /// Appends a line to the transcript and counts the outcome.
    pub(crate) fn record(&mut self, (caller, action): &ResolvedCall, outcome: &str) {
        let line =
            format!("{}. {caller}: {} → {outcome}", self.transcript.len() + 1, action.describe());
        self.transcript.push(line);
        let name = action.describe();
        let name = name.split_once(' ').unwrap().0;
        let contract = if is_contract_a(action) { "A" } else { "B" };
        *self.outcome_counts.entry(format!("{contract} {name} {outcome}")).or_default() += 1;
    }

    /// Reads the lists of all tenants, and these users as each tenant sees them.
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
                    let text = observation.lists.entry(tenant).or_default();
                    text.push_str(&without_times(&answer.text));
                }
                self.check_not_found_body(&call, &answer)?;
                observation.answers.push((call, answer));
            }
        }
        Ok(observation)
    }

    /// Checks that all 404 bodies of a contract are the same, so that a foreign user cannot
    /// be distinguished from an unknown one.
    pub(crate) fn check_not_found_body(
        &mut self,
        call: &ResolvedCall,
        answer: &Answer,
    ) -> Result<(), String> {
        // That of an own membership is about no user.
        if answer.status != 404 || matches!(call.1, Action::Leave(_)) {
            return Ok(());
        }
        let text = answer.without_request_id();
        let first_body =
            self.not_found_bodies.entry(is_contract_a(&call.1)).or_insert_with(|| text.clone());
        if *first_body == text {
            return Ok(());
        }
        Err(format!(
            "{}: {}: 404 bodies differ: {first_body} and {text}",
            call.0,
            call.1.describe()
        ))
    }

    /// Returns the transcript followed by this failure.
    pub(crate) fn failure_report(&self, difference: &str) -> String {
        format!("{}\n{difference}", self.transcript.join("\n"))
    }
}

/// The answers of one round of reads.
pub(crate) struct Observation {
    pub(crate) answers: Vec<(ResolvedCall, Answer)>,
    pub(crate) lists: TenantLists,
}

impl Observation {
    /// Returns the first answer that differs from the model's.
    pub(crate) fn first_difference(&self, state: &ModelState) -> Option<String> {
        self.answers.iter().find_map(|((caller, action), answer)| {
            let expectation = state.evaluate(state, caller, action, "");
            let difference = difference(action, answer, &expectation)?;
            Some(format!("then {caller}: {} → {difference}", action.describe()))
        })
    }
}

/// Returns the id of the account that this answer created.
pub(crate) fn new_account_id(state: &ModelState, answer: &Answer) -> String {
    let id = (answer.status == 201).then(|| answer.json()["id"].as_str().map(str::to_owned));
    let created = id.flatten().filter(|id| !state.accounts.contains_key(id));
    created.unwrap_or_else(|| "(unknown id)".to_owned())
}

/// Returns how an answer differs from the model's expectation, if it does.
pub(crate) fn difference(
    action: &Action<String>,
    answer: &Answer,
    expectation: &Expectation,
) -> Option<String> {
    let outcome = answer.outcome();
    if !expectation.outcomes.contains(&outcome) {
        return Some(format!("{outcome}; the model expects {}", expectation.outcomes.join(" or ")));
    }
    let body = comparable_body(action, answer);
    if body == expectation.body {
        return None;
    }
    let only_in_first = |first: &Value, second: &Value| -> String {
        let items = |list: &Value| list.get("data").unwrap_or(list).as_array().cloned();
        match (items(first), items(second)) {
            (Some(items), Some(others)) if items.len() + others.len() > 0 => {
                let only = items.into_iter().filter(|item| !others.contains(item));
                only.collect::<Value>().to_string()
            }
            _ => first.to_string(),
        }
    };
    let actual = only_in_first(&body, &expectation.body);
    let expected = only_in_first(&expectation.body, &body);
    if actual == "[]" && expected == "[]" {
        return Some(format!("{outcome}, {body}; the model expects {}", expectation.body));
    }
    Some(format!("{outcome}, {actual}; the model expects {expected}"))
}

/// Returns the part of a body that the model can predict.
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
        body["email"] =
            if taken { body["email"].take() } else { json!("changed, without an error") };
    }
    mask_times(&mut body);
    body
}

/// Replaces the times that the service maintains itself by null.
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

/// Removes the same times from a text, and leaves every other byte as it is.
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
