//! The columns: the tenants and users that a call refers to.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::SEED_USERS;

/// More seed users, so that there is one of each kind.
const EXTRA_SEED_USERS: &str = r#"
{"id":"auth0|oscar","email":"oscar@acme.example","createdAt":"2026-01-10T00:00:00Z","blocked":true,"homeTenant":"acme","tenants":{"acme":"owner"}}
{"id":"auth0|kim","email":"kim@acme.example","createdAt":"2026-01-11T00:00:00Z","homeTenant":"acme","tenants":{"acme":"king"}}
{"id":"auth0|emma","email":"emma@acme.example","createdAt":"2026-01-12T00:00:00Z","homeTenant":"acme","tenants":{"globex":"member"}}
{"id":"auth0|dora","email":"dora@acme.example","createdAt":"2026-01-13T00:00:00Z","homeTenant":"acme"}
"#;

/// Two tenants with users, and one without.
pub(crate) const TENANTS: [&str; 3] = ["acme", "globex", "initech"];
/// An invalid tenant name.
pub(crate) const INVALID_TENANT: &str = "ACME";

/// The users with a column; the others are callers only.
const COLUMNS: [&str; 11] =
    ["mia", "adam", "olga", "oscar", "gus", "hal", "kim", "emma", "dora", "gina", "ivy"];

/// A user that a call refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TargetUser {
    /// A seed user, by name.
    Seeded(&'static str),
    /// A user that does not exist.
    Unknown,
    /// A malformed id.
    Malformed,
    /// The caller itself.
    Caller,
}

/// How a request refers to a user.
#[derive(Debug)]
pub(crate) struct UserIdentity {
    /// In the path.
    pub(crate) id: String,
    /// In the body.
    pub(crate) email: String,
}

impl TargetUser {
    /// Returns the user columns. For an invalid tenant, three suffice.
    pub(crate) fn columns(tenant: Option<&str>) -> Vec<Self> {
        if tenant == Some(INVALID_TENANT) {
            return vec![Self::Seeded("mia"), Self::Unknown, Self::Malformed];
        }
        let known = COLUMNS.into_iter().map(Self::Seeded);
        known.chain([Self::Unknown, Self::Malformed, Self::Caller]).collect()
    }

    /// Returns the column's title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Seeded(name) => name,
            Self::Unknown => "unknown",
            Self::Malformed => "malformed",
            Self::Caller => "self",
        }
    }

    /// Returns how this caller's requests refer to the user; `None` for the caller itself if it is
    /// not a user.
    pub(crate) fn identity(self, caller: Option<&str>) -> Option<UserIdentity> {
        let identity_of = |name: &str| {
            let email = seed_user(name).map(|user| user.email.clone());
            let email = email.unwrap_or_else(|| format!("{name}@nowhere.example"));
            UserIdentity { id: format!("auth0|{name}"), email }
        };
        match self {
            Self::Seeded(name) => Some(identity_of(name)),
            Self::Unknown => Some(identity_of("nobody")),
            Self::Malformed => {
                Some(UserIdentity { id: "auth0|mia\n".to_owned(), email: "mia@".to_owned() })
            }
            Self::Caller => caller.map(identity_of),
        }
    }
}

/// A seed user.
#[derive(Debug)]
pub(crate) struct SeedUser {
    /// Its seed line.
    pub(crate) line: Value,
    name: String,
    email: String,
    /// The tenants in which its role is in the catalogue.
    pub(crate) tenants: BTreeSet<String>,
}

/// Returns all seed users.
pub(crate) fn seed_users() -> &'static [SeedUser] {
    static ALL: OnceLock<Vec<SeedUser>> = OnceLock::new();
    ALL.get_or_init(|| {
        [SEED_USERS.trim(), EXTRA_SEED_USERS.trim()]
            .iter()
            .flat_map(|text| text.lines())
            .map(parse)
            .collect()
    })
}

/// Returns a seed user by name.
pub(crate) fn seed_user(name: &str) -> Option<&'static SeedUser> {
    seed_users().iter().find(|user| user.name == name)
}

fn parse(line: &str) -> SeedUser {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = |member: &str| line[member].as_str().unwrap().to_owned();
    let roles = line["tenants"].as_object().into_iter().flatten();
    let known = roles.filter(|(_, role)| *role != "king").map(|(tenant, _)| tenant.clone());
    let name = text("id").strip_prefix("auth0|").unwrap().to_owned();
    SeedUser { name, email: text("email"), tenants: known.collect(), line }
}
