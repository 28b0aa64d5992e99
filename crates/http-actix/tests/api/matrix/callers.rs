//! The rows: every kind of caller.

use serde_json::json;

use super::users::seed_user;
use crate::support::{ALL_PERMISSIONS, App, Client, SigningKey, TENANT_ISSUER};

/// A single-tenant issuer whose tokens list tenants in a claim as well.
const MIXED_ISSUER: &str = "https://{tenant}.mixed.example.com";
/// A single-tenant issuer whose subjects' memberships count.
const STAFF_ISSUER: &str = "https://{tenant}.staff.example.com";

/// The settings of both issuers.
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

/// Creates a client.
type MakeClient = for<'a> fn(&'a App) -> Client<'a>;

/// The tenants whose users a caller may see, stated here independently of the service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VisibleTenants {
    /// Only these tenants.
    Only(&'static [&'static str]),
    /// All tenants.
    All,
}

/// A kind of caller.
pub(crate) struct CallerKind {
    /// The row's title.
    pub(crate) title: &'static str,
    /// Creates the client.
    pub(crate) client: MakeClient,
    /// The tenants whose users it may see.
    pub(crate) visible: VisibleTenants,
    /// The seed user whose token it is, if it is a user's; the service reads that account.
    pub(crate) seeded_name: Option<&'static str>,
    /// Whether the token has any permission.
    pub(crate) has_permission: bool,
}

impl CallerKind {
    /// Whether it may see the users of all tenants.
    pub(crate) fn sees_all_tenants(&self) -> bool {
        matches!(self.visible, VisibleTenants::All)
    }

    /// Whether it may see the tenant's users.
    pub(crate) fn can_see(&self, tenant: &str) -> bool {
        match self.visible {
            VisibleTenants::All => true,
            VisibleTenants::Only(tenants) => tenants.contains(&tenant),
        }
    }

    /// Whether it may know that the tenant exists: it sees its users or is a member.
    pub(crate) fn may_know(&self, tenant: &str) -> bool {
        let own = || seed_user(self.seeded_name?).map(|user| user.tenants.contains(tenant));
        self.can_see(tenant) || own() == Some(true)
    }
}

/// Returns all kinds of callers.
pub(crate) fn callers() -> Vec<CallerKind> {
    vec![
        CallerKind { has_permission: false, ..token_caller("no token", &[], App::anonymous) },
        CallerKind {
            has_permission: false,
            ..token_caller("garbage", &[], |app| app.bearer("x.y.z"))
        },
        CallerKind {
            has_permission: false,
            ..token_caller("acme: no permission", &["acme"], |app| app.tenant_with("acme", &[]))
        },
        token_caller("acme: read", &["acme"], |app| app.tenant_with("acme", &READ)),
        token_caller("acme: write", &["acme"], |app| app.tenant_with("acme", &WRITE)),
        token_caller("acme", &["acme"], |app| app.tenant("acme")),
        token_caller("globex", &["globex"], |app| app.tenant("globex")),
        token_caller("initech", &["initech"], |app| app.tenant("initech")),
        token_caller("acme+globex", &["acme", "globex"], |app| app.tenants(&["acme", "globex"])),
        token_caller("no tenant", &[], |app| app.tenants(&[])),
        token_caller("acme, claims globex", &["acme"], |app| {
            client_with_claim(app, TENANT_ISSUER, &["globex"])
        }),
        token_caller("acme/claims globex", &[], |app| {
            client_with_claim(app, MIXED_ISSUER, &["globex"])
        }),
        token_caller("acme/claims both", &["acme"], |app| {
            client_with_claim(app, MIXED_ISSUER, &["acme", "globex"])
        }),
        user_caller("olga", "olga, owner", &["acme"], |app| app.member("olga")),
        CallerKind {
            has_permission: false,
            ..user_caller("olga", "olga: no permission", &["acme"], |app| {
                app.member_with("olga", &[])
            })
        },
        user_caller("adam", "adam, admin", &["acme", "globex"], |app| app.member("adam")),
        user_caller("adam", "adam, for globex", &["globex"], |app| {
            let claims = app.claims(&STAFF_ISSUER.replace("{tenant}", "globex"));
            let claims = claims.permissions(&ALL_PERMISSIONS).with("sub", json!("auth0|adam"));
            app.bearer(claims.sign(&SigningKey::shared()))
        }),
        user_caller("vera", "vera, viewer", &["acme"], |app| app.member("vera")),
        user_caller("mia", "mia, member", &[], |app| app.member("mia")),
        user_caller("gus", "gus, member", &["globex"], |app| app.member("gus")),
        user_caller("gina", "gina, of globex", &["globex"], |app| app.member("gina")),
        user_caller("bob", "bob, blocked", &[], |app| app.member("bob")),
        user_caller("kim", "kim, king", &[], |app| app.member("kim")),
        user_caller("dora", "dora, nowhere", &[], |app| app.member("dora")),
        user_caller("sam", "sam, no account", &[], |app| app.member("sam")),
        CallerKind { visible: VisibleTenants::All, ..token_caller("operator", &[], App::operator) },
        CallerKind {
            visible: VisibleTenants::All,
            ..token_caller("operator: read", &[], |app| app.operator_with(&READ))
        },
    ]
}

/// Publishes the keys of the issuers that only the matrix has.
pub(crate) fn publish_keys(app: &App) {
    for (issuer, tenant) in [(MIXED_ISSUER, "acme"), (STAFF_ISSUER, "globex")] {
        let issuer = issuer.replace("{tenant}", tenant);
        app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
    }
}

fn token_caller(
    title: &'static str,
    tenants: &'static [&'static str],
    client: MakeClient,
) -> CallerKind {
    CallerKind {
        title,
        client,
        visible: VisibleTenants::Only(tenants),
        seeded_name: None,
        has_permission: true,
    }
}

fn user_caller(
    name: &'static str,
    title: &'static str,
    tenants: &'static [&'static str],
    client: MakeClient,
) -> CallerKind {
    CallerKind { seeded_name: Some(name), ..token_caller(title, tenants, client) }
}

/// Returns a client with a token of acme's own issuer or of [`MIXED_ISSUER`], with this claim.
fn client_with_claim<'a>(app: &'a App, issuer: &str, tenants: &[&str]) -> Client<'a> {
    let issuer = issuer.replace("{tenant}", "acme");
    let claims = app.claims(&issuer).permissions(&ALL_PERMISSIONS).with("tenants", json!(tenants));
    app.bearer(claims.sign(&SigningKey::shared()))
}
