//! What Auth0 is asked, and what it answers.

use std::sync::{Arc, LazyLock};

use auth0_adapter::{Auth0Config, Auth0Directory, MetadataPrefix, Tasks, fuzzing};
use domain::{RoleName, TenantId, Timestamp, UserId};
use ports::Clock as _;
use ports::contract::{ManualClock, catalogue};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

struct World {
    runtime: Runtime,
    directory: Auth0Directory,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Auth0Config::new(
        // Nothing listens there, and nothing is sent.
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
    World { runtime, directory }
});

/// An answer: its status on a line, its headers, an empty line, its body.
///
/// It is taken for the answer to each call there is; whatever account comes out is the one that
/// was asked for, `auth0|anna`, and whoever stands on the list of `acme` belongs there.
pub fn auth0_answer(bytes: &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let Ok(head) = std::str::from_utf8(head) else { return };
    let mut lines = head.lines();
    let Some(status) = lines.next().and_then(|status| status.parse().ok()) else { return };
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let body = body.strip_prefix(b"\n\n").unwrap_or_default();
    let asked: (UserId, TenantId) = ("auth0|anna".parse().unwrap(), "acme".parse().unwrap());
    let World { runtime, directory } = &*WORLD;
    let _within = runtime.enter();
    let now = ManualClock::new().now();
    fuzzing::check_response(directory, status, &headers, body, (&asked.0, &asked.1), now);
}

/// What a search is made of, a word for each: a prefix, a tenant, roles (`role=…`), ids (`id=…`,
/// `not=…`), and moments (`time=…`, of which two count).
///
/// However odd the words are, as long as the domain takes them the query finds those who should
/// be found, and nobody else, as the stand-in for Auth0 understands its language.
pub fn search_query(bytes: &[u8]) {
    let Some(mut words) = super::text(bytes).map(str::split_whitespace) else { return };
    let (Some(Ok(prefix)), Some(Ok(tenant))) =
        (words.next().map(str::parse::<MetadataPrefix>), words.next().map(str::parse::<TenantId>))
    else {
        return;
    };
    let words: Vec<&str> = words.take(12).collect();
    let roles: Vec<RoleName> = named(&words, "role=");
    let (among, except): (Vec<UserId>, Vec<UserId>) = (named(&words, "id="), named(&words, "not="));
    let times: Vec<Timestamp> = named(&words, "time=");
    if roles.is_empty() {
        return;
    }
    let created = if let [from, before, ..] = times[..] { Some((from, before)) } else { None };
    let text = fuzzing::search_query(&prefix, &tenant, &roles, [&among, &except], created);
    let query = auth0_sim::Query::parse(&text).unwrap_or_else(|why| panic!("{text}: {why:?}"));

    // A moment that the span holds, if it holds any.
    let moment = created.map_or_else(|| ManualClock::new().now(), |(from, _)| from);
    let in_span = created.is_none_or(|(from, before)| from < before);
    let ids = ["auth0|anna", "auth0|boris"].into_iter();
    let ids = ids.chain(among.iter().chain(&except).map(UserId::as_str));
    for id in ids {
        let is_asked = |ids: &[UserId]| ids.iter().any(|asked| asked.as_str() == id);
        let wanted = (among.is_empty() || is_asked(&among)) && !is_asked(&except);
        let finds = |tenant: &str, role: &str| {
            let user = person(id, &prefix, tenant, role, moment);
            query.finds(&user, &|_, _| false)
        };
        for role in roles.iter().map(RoleName::as_str) {
            assert_eq!(finds(tenant.as_str(), role), wanted && in_span, "{id}, {role}: {text}");
            for other in ["other", "a", "acme-2"].into_iter().filter(|it| *it != tenant.as_str()) {
                assert!(!finds(other, role), "{id} of {other}: {text}");
            }
        }
        let no_role = "none-of-them";
        if roles.iter().all(|role| role.as_str() != no_role) {
            assert!(!finds(tenant.as_str(), no_role), "{id} without a role: {text}");
        }
    }
}

fn named<T: std::str::FromStr>(words: &[&str], name: &str) -> Vec<T> {
    words.iter().filter_map(|word| word.strip_prefix(name)?.parse().ok()).collect()
}

fn person(
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
