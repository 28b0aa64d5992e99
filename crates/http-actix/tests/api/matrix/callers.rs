//! Who calls: the rows.

use serde_json::json;

use super::people::person;
use crate::support::{ALL_PERMISSIONS, App, Client, SigningKey, TENANT_ISSUER};

/// An issuer of one tenant whose tokens name tenants as well.
const MIXED_ISSUER: &str = "https://{tenant}.mixed.example.com";
/// An issuer of one tenant whose tokens cover what their subjects are there.
const STAFF_ISSUER: &str = "https://{tenant}.staff.example.com";

/// Those issuers, as settings.
pub(crate) const SETTINGS: &str = r#"
[[auth.issuers]]
issuer = "https://{tenant}.mixed.example.com"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "https://{tenant}.staff.example.com"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "membership"
"#;

const READ: [&str; 2] = ["tenant.access:read", "VIEW_USERS_AND_GROUPS"];
const WRITE: [&str; 2] = ["tenant.access:write", "MODIFY_USERS_AND_GROUPS"];

/// Makes a client.
type Make = for<'a> fn(&'a App) -> Client<'a>;

/// Whose people a caller may look at, by this file's own lights and not by the service's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Covers {
    /// Those of these tenants.
    Tenants(&'static [&'static str]),
    /// Everybody.
    All,
}

/// Somebody who calls.
pub(crate) struct Caller {
    /// What the matrix calls them.
    pub(crate) title: &'static str,
    /// Makes the client.
    pub(crate) client: Make,
    /// Whose people they may look at.
    pub(crate) covers: Covers,
    /// Whose token it is, if a person's: then the service looks the person up.
    pub(crate) person: Option<&'static str>,
    /// Whether the token carries any permission at all.
    pub(crate) permitted: bool,
}

impl Caller {
    /// Whether they may look at everybody.
    pub(crate) fn covers_all(&self) -> bool {
        matches!(self.covers, Covers::All)
    }

    /// Whether they may look at the tenant's people.
    pub(crate) fn covers(&self, tenant: &str) -> bool {
        match self.covers {
            Covers::All => true,
            Covers::Tenants(tenants) => tenants.contains(&tenant),
        }
    }

    /// Whether they may know the tenant: it is theirs to look at, or their own.
    pub(crate) fn knows(&self, tenant: &str) -> bool {
        let own = || person(self.person?).map(|person| person.tenants.contains(tenant));
        self.covers(tenant) || own() == Some(true)
    }
}

/// Everybody who calls.
pub(crate) fn callers() -> Vec<Caller> {
    vec![
        Caller { permitted: false, ..program("no token", &[], App::anonymous) },
        Caller { permitted: false, ..program("garbage", &[], |app| app.bearer("x.y.z")) },
        Caller {
            permitted: false,
            ..program("acme: no permission", &["acme"], |app| app.tenant_with("acme", &[]))
        },
        program("acme: read", &["acme"], |app| app.tenant_with("acme", &READ)),
        program("acme: write", &["acme"], |app| app.tenant_with("acme", &WRITE)),
        program("acme", &["acme"], |app| app.tenant("acme")),
        program("globex", &["globex"], |app| app.tenant("globex")),
        program("initech", &["initech"], |app| app.tenant("initech")),
        program("acme+globex", &["acme", "globex"], |app| app.tenants(&["acme", "globex"])),
        program("no tenant", &[], |app| app.tenants(&[])),
        program("acme, claims globex", &["acme"], |app| claiming(app, TENANT_ISSUER, &["globex"])),
        program("acme/claims globex", &[], |app| claiming(app, MIXED_ISSUER, &["globex"])),
        program("acme/claims both", &["acme"], |app| {
            claiming(app, MIXED_ISSUER, &["acme", "globex"])
        }),
        member("olga", "olga, owner", &["acme"], |app| app.member("olga")),
        Caller {
            permitted: false,
            ..member("olga", "olga: no permission", &["acme"], |app| app.member_with("olga", &[]))
        },
        member("adam", "adam, admin", &["acme", "globex"], |app| app.member("adam")),
        member("adam", "adam, for globex", &["globex"], |app| {
            let claims = app.claims(&STAFF_ISSUER.replace("{tenant}", "globex"));
            let claims = claims.permissions(&ALL_PERMISSIONS).with("sub", json!("auth0|adam"));
            app.bearer(claims.sign(&SigningKey::shared()))
        }),
        member("vera", "vera, viewer", &["acme"], |app| app.member("vera")),
        member("mia", "mia, member", &[], |app| app.member("mia")),
        member("gus", "gus, member", &["globex"], |app| app.member("gus")),
        member("gina", "gina, of globex", &["globex"], |app| app.member("gina")),
        member("bob", "bob, blocked", &[], |app| app.member("bob")),
        member("kim", "kim, king", &[], |app| app.member("kim")),
        member("dora", "dora, nowhere", &[], |app| app.member("dora")),
        member("sam", "sam, no account", &[], |app| app.member("sam")),
        Caller { covers: Covers::All, ..program("operator", &[], App::operator) },
        Caller {
            covers: Covers::All,
            ..program("operator: read", &[], |app| app.operator_with(&READ))
        },
    ]
}

/// Lets the service know the keys of the issuers that are here alone.
pub(crate) fn publish_keys(app: &App) {
    for (issuer, tenant) in [(MIXED_ISSUER, "acme"), (STAFF_ISSUER, "globex")] {
        let issuer = issuer.replace("{tenant}", tenant);
        app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
    }
}

fn program(title: &'static str, tenants: &'static [&'static str], client: Make) -> Caller {
    Caller { title, client, covers: Covers::Tenants(tenants), person: None, permitted: true }
}

fn member(
    name: &'static str,
    title: &'static str,
    tenants: &'static [&'static str],
    client: Make,
) -> Caller {
    Caller { person: Some(name), ..program(title, tenants, client) }
}

/// A token of acme's own issuer, or of the issuer for claims, with this claim besides.
fn claiming<'a>(app: &'a App, issuer: &str, tenants: &[&str]) -> Client<'a> {
    let issuer = issuer.replace("{tenant}", "acme");
    let claims = app.claims(&issuer).permissions(&ALL_PERMISSIONS).with("tenants", json!(tenants));
    app.bearer(claims.sign(&SigningKey::shared()))
}
