//! Queries sent to Auth0 and responses from it.

use std::sync::{Arc, LazyLock};

use auth0_adapter::{Auth0Config, Auth0Directory, MetadataPrefix, Tasks, fuzzing};
use conformance::{ManualClock, catalogue};
use domain::{RoleName, TenantId, Timestamp, UserId};
use ports::Clock as _;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

struct Harness {
    runtime: Runtime,
    directory: Auth0Directory,
}

static HARNESS: LazyLock<Harness> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Auth0Config::new(
        // Nothing listens on this port, and nothing is sent.
        "http://127.0.0.1:1".parse().unwrap(),
        "usher".to_owned(),
        "secret".to_owned().into(),
        "people".to_owned(),
    );
    let tasks = Tasks {
        runtime: runtime.handle().clone(),
        writes: TaskTracker::new(),
        observer: Arc::new(ports::NoopObserver),
    };
    let clock = Arc::new(ManualClock::new());
    let directory = Auth0Directory::new(config, catalogue(), clock, tasks).unwrap();
    Harness { runtime, directory }
});

/// Reads a response of Auth0: a line with the status, headers, an empty line, the body.
///
/// The response is decoded as the response to each call. A decoded account must be the requested
/// one, `auth0|anna`, and every user on the list of `acme` must be a member.
pub fn auth0_answer(bytes: &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let Ok(head) = std::str::from_utf8(head) else { return };
    let mut lines = head.lines();
    let Some(status) = lines.next().and_then(|status| status.parse().ok()) else { return };
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let body = body.strip_prefix(b"\n\n").unwrap_or_default();
    let requested: (UserId, TenantId) = ("auth0|anna".parse().unwrap(), "acme".parse().unwrap());
    let Harness { runtime, directory } = &*HARNESS;
    let _guard = runtime.enter();
    let now = ManualClock::new().now();
    fuzzing::check_response(directory, status, &headers, body, (&requested.0, &requested.1), now);
}

/// Builds a search query from words: a metadata prefix, a tenant, roles (`role=…`), ids (`id=…`,
/// `not=…`), and times (`time=…`, of which two are used).
///
/// For all words that the domain accepts, the query must match the selected users only, as the
/// stand-in for Auth0 evaluates it.
pub fn search_query(bytes: &[u8]) {
    let Some(mut words) = crate::input::text(bytes).map(str::split_whitespace) else { return };
    let (Some(Ok(prefix)), Some(Ok(tenant))) =
        (words.next().map(str::parse::<MetadataPrefix>), words.next().map(str::parse::<TenantId>))
    else {
        return;
    };
    let words: Vec<&str> = words.take(12).collect();
    let roles: Vec<RoleName> = parse_words(&words, "role=");
    let (included, excluded): (Vec<UserId>, Vec<UserId>) =
        (parse_words(&words, "id="), parse_words(&words, "not="));
    let times: Vec<Timestamp> = parse_words(&words, "time=");
    if roles.is_empty() {
        return;
    }
    let created = if let [from, before, ..] = times[..] { Some((from, before)) } else { None };
    let text = fuzzing::search_query(&prefix, &tenant, &roles, [&included, &excluded], created);
    let query = auth0_sim::Query::parse(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));

    // A time within the range, unless the range is empty.
    let created_at = created.map_or_else(|| ManualClock::new().now(), |(from, _)| from);
    let is_in_range = created.is_none_or(|(from, before)| from < before);
    let ids = ["auth0|anna", "auth0|boris"].into_iter();
    let ids = ids.chain(included.iter().chain(&excluded).map(UserId::as_str));
    for id in ids {
        let contains_id = |ids: &[UserId]| ids.iter().any(|requested| requested.as_str() == id);
        let is_selected =
            (included.is_empty() || contains_id(&included)) && !contains_id(&excluded);
        let matches = |tenant: &str, role: &str| {
            let user = user_json(id, &prefix, tenant, role, created_at);
            query.matches(&user, &|_, _| false)
        };
        for role in roles.iter().map(RoleName::as_str) {
            assert_eq!(
                matches(tenant.as_str(), role),
                is_selected && is_in_range,
                "{id}, {role}: {text}"
            );
            for other in ["other", "a", "acme-2"]
                .into_iter()
                .filter(|tenant_id| *tenant_id != tenant.as_str())
            {
                assert!(!matches(other, role), "{id} of {other}: {text}");
            }
        }
        let other_role = "unknown-role";
        if roles.iter().all(|role| role.as_str() != other_role) {
            assert!(!matches(tenant.as_str(), other_role), "{id} without a role: {text}");
        }
    }
}

fn parse_words<T: std::str::FromStr>(words: &[&str], name: &str) -> Vec<T> {
    words.iter().filter_map(|word| word.strip_prefix(name)?.parse().ok()).collect()
}

fn user_json(
    id: &str,
    prefix: &MetadataPrefix,
    tenant: &str,
    role: &str,
    created: Timestamp,
) -> Map<String, Value> {
    let membership = format!("{prefix}_tenant_{tenant}");
    let user = json!({
        "user_id": id,
        "created_at": created.to_string(),
        "app_metadata": { membership: { "role": role } },
    });
    user.as_object().cloned().unwrap_or_default()
}
