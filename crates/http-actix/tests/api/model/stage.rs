//! Where the machine and the model meet: one service, what the model thinks of it, and the script
//! of what was done.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use ports::Clock as _;
use serde_json::{Value, json};

use super::callers::{Caller, Issuer, May};
use super::calls::{Contract, Op, Paging};
use super::draw::TENANTS;
use super::rules::Verdict;
use super::world::World;
use crate::support::{Answer, App, AppOptions, SEED_USERS};

/// A call with everything filled in.
pub(crate) type Asked = (Caller<String>, Op<String>);

/// What one tenant sees of its people: the bytes of both lists, but for times that move by
/// themselves.
pub(crate) type Bytes = BTreeMap<&'static str, String>;

/// A service and the model of it.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) world: World,
    /// What was done so far, a line for each step.
    pub(crate) script: Vec<String>,
    /// How often each operation came out how.
    pub(crate) tally: BTreeMap<String, usize>,
    /// What contracts A and B say of somebody who is not there.
    absent: BTreeMap<bool, String>,
}

impl Stage {
    /// A service with the usual people and these.
    pub(crate) async fn set(people: &str) -> Self {
        let app =
            App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;
        let mut world = World::of(&format!("{SEED_USERS}{people}"), app.clock.now());
        // Some of them were changed at a time to come, which no directory has ever seen.
        app.clock.advance(Duration::from_hours(24 * 365));
        world.now = app.clock.now();
        Self { app, world, script: Vec::new(), tally: BTreeMap::new(), absent: BTreeMap::new() }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
        self.world.now = self.app.clock.now();
        self.script.push(format!("{}. {seconds} s pass", self.script.len() + 1));
    }

    /// Sends a call. An answer that the OpenAPI document does not tell of is an error too.
    pub(crate) async fn ask(&self, (caller, op): &Asked) -> Result<Answer, String> {
        let (method, path, body) = op.request();
        let client = caller.client(&self.app);
        let call = AssertUnwindSafe(client.call(method, &path, body)).catch_unwind();
        call.await.map_err(|panic| {
            let text = panic.downcast_ref::<String>().map_or("it panicked", String::as_str);
            format!("{caller}: {}: {text}", op.title())
        })
    }

    /// What the model says to a call, having been shown the answer for the id in it.
    pub(crate) fn verdict(&self, (caller, op): &Asked, answer: &Answer) -> Verdict {
        self.world.judge(&self.world, caller, op, &fresh(&self.world, answer))
    }

    /// Writes a line of the script.
    pub(crate) fn note(&mut self, (caller, op): &Asked, outcome: &str) {
        let line = format!("{}. {caller}: {} → {outcome}", self.script.len() + 1, op.title());
        self.script.push(line);
        let name = op.title();
        let name = name.split_once(' ').unwrap().0;
        let contract = if is_of_a(op) { "A" } else { "B" };
        *self.tally.entry(format!("{contract} {name} {outcome}")).or_default() += 1;
    }

    /// What all tenants see of their people and of these users, and where that is not what the
    /// model says; and the bytes of the lists.
    pub(crate) async fn look(&mut self, users: &[String]) -> Result<Seen, String> {
        let mut seen = Seen { answers: Vec::new(), lists: Bytes::new() };
        for tenant in TENANTS {
            let caller =
                || Caller::Bearer { issuer: Issuer::Tenant(tenant), subject: None, may: May::All };
            let mut ops = vec![
                Op::List(Contract::A, tenant, Paging::default()),
                Op::List(Contract::B, tenant, Paging::whole()),
            ];
            for user in users {
                ops.extend([Op::GetIn(tenant, user.clone()), Op::Get(user.clone())]);
            }
            for op in ops {
                let asked = (caller(), op);
                let answer = self.ask(&asked).await?;
                if matches!(asked.1, Op::List(..)) {
                    let bytes = seen.lists.entry(tenant).or_default();
                    bytes.push_str(&without_moving_times(&answer.text));
                }
                self.same_absence(&asked, &answer)?;
                seen.answers.push((asked, answer));
            }
        }
        Ok(seen)
    }

    /// Nobody can tell somebody else's user from one who never was.
    pub(crate) fn same_absence(&mut self, asked: &Asked, answer: &Answer) -> Result<(), String> {
        if answer.status != 404 {
            return Ok(());
        }
        let text = answer.without_request_id();
        let usual = self.absent.entry(is_of_a(&asked.1)).or_insert_with(|| text.clone());
        if *usual == text {
            return Ok(());
        }
        Err(format!("{}: {}: one 404 is {usual}, another {text}", asked.0, asked.1.title()))
    }

    /// The script so far, and what is wrong with it.
    pub(crate) fn failure(&self, what: &str) -> String {
        format!("{}\n{what}", self.script.join("\n"))
    }
}

/// What was seen at one moment.
pub(crate) struct Seen {
    pub(crate) answers: Vec<(Asked, Answer)>,
    pub(crate) lists: Bytes,
}

impl Seen {
    /// The first thing in it that the model would have otherwise.
    pub(crate) fn differs_from(&self, world: &World) -> Option<String> {
        self.answers.iter().find_map(|((caller, op), answer)| {
            let verdict = world.judge(world, caller, op, "");
            let difference = difference(op, answer, &verdict)?;
            Some(format!("then {caller}: {} → {difference}", op.title()))
        })
    }
}

/// The id of a new account, as the answer has it.
pub(crate) fn fresh(world: &World, answer: &Answer) -> String {
    let id = (answer.status == 201).then(|| answer.json()["id"].as_str().map(str::to_owned));
    let new = id.flatten().filter(|id| !world.accounts.contains_key(id));
    new.unwrap_or_else(|| "(an id that nobody had)".to_owned())
}

/// How an answer differs from what the model says, if it does.
pub(crate) fn difference(op: &Op<String>, answer: &Answer, verdict: &Verdict) -> Option<String> {
    let outcome = answer.outcome();
    if !verdict.outcomes.contains(&outcome) {
        return Some(format!("{outcome}; the model says {}", verdict.outcomes.join(" or ")));
    }
    let body = comparable(op, answer);
    if body == verdict.body {
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
    let (seen, expected) = (only(&body, &verdict.body), only(&verdict.body, &body));
    if seen == "[]" && expected == "[]" {
        return Some(format!("{outcome}, {body}; the model says {}", verdict.body));
    }
    Some(format!("{outcome}, {seen}; the model says {expected}"))
}

/// What the model can know of a body.
fn comparable(op: &Op<String>, answer: &Answer) -> Value {
    if !answer.status.is_success() || answer.text.is_empty() {
        return Value::Null;
    }
    let mut body = answer.json();
    if let Op::List(Contract::B, ..) = op {
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
    still(&mut body);
    body
}

/// Takes the times out that move by themselves.
fn still(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(still),
        Value::Object(members) => {
            for (name, member) in members {
                if matches!(name.as_str(), "updatedAt" | "lastLogin") {
                    *member = Value::Null;
                } else {
                    still(member);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The text but for those times, byte by byte.
fn without_moving_times(text: &str) -> String {
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

fn is_of_a(op: &Op<String>) -> bool {
    matches!(
        op,
        Op::List(Contract::A, ..)
            | Op::GetIn(..)
            | Op::Enlist { .. }
            | Op::PutIn { .. }
            | Op::Detach(..)
    )
}
