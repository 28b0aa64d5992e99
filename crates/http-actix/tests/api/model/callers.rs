//! Who calls: the tokens, and what the model makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::json;

use super::state::{ModelState, Role};
use crate::support::{
    App, CLAIM_ISSUER, Client, MEMBER_ISSUER, OPERATOR_ISSUER, SigningKey, TENANT_ISSUER,
};

/// Which scopes and permissions a token carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenPermissions {
    All,
    Read,
    Write,
    None,
}

impl TokenPermissions {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => &crate::support::ALL_PERMISSIONS,
            Self::Read => &["tenant.access:read", "VIEW_USERS_AND_GROUPS"],
            Self::Write => &["tenant.access:write", "MODIFY_USERS_AND_GROUPS"],
            Self::None => &[],
        }
    }

    pub(crate) fn contains(self, permission: &str) -> bool {
        self.names().contains(&permission)
    }
}

/// How the token tells its tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// The tenant's own issuer.
    Tenant(&'static str),
    /// One that names them in a claim.
    Claim(Vec<&'static str>),
    /// One that leaves them to the memberships of the subject.
    Membership,
    /// That of the operators.
    Operators,
}

/// Somebody who calls; `U` says how users are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller<U> {
    /// No token at all.
    Anonymous,
    /// One that is none.
    InvalidToken,
    /// A good one.
    Bearer { issuer: Issuer, subject: Option<U>, permissions: TokenPermissions },
}

/// The tenants that a caller covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coverage {
    All,
    /// The caller's own role there is unknown.
    Listed(BTreeSet<String>),
    Roles(BTreeMap<String, Role>),
}

impl Coverage {
    pub(crate) fn includes(&self, tenant: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(tenants) => tenants.contains(tenant),
            Self::Roles(roles) => roles.contains_key(tenant),
        }
    }
}

impl<U> Caller<U> {
    /// The same with users told otherwise.
    pub(crate) fn map<V>(&self, convert: impl Fn(&U) -> V) -> Caller<V> {
        match self {
            Self::Anonymous => Caller::Anonymous,
            Self::InvalidToken => Caller::InvalidToken,
            Self::Bearer { issuer, subject, permissions } => Caller::Bearer {
                issuer: issuer.clone(),
                subject: subject.as_ref().map(convert),
                permissions: *permissions,
            },
        }
    }
}

impl Caller<String> {
    /// The tenants covered, in this state of the world. Who has no account, or a blocked one, acts
    /// nowhere as a member.
    pub(crate) fn coverage(&self, state: &ModelState) -> Coverage {
        let listed = |tenants: &[&str]| {
            Coverage::Listed(tenants.iter().map(|tenant| (*tenant).to_owned()).collect())
        };
        let Self::Bearer { issuer, subject, .. } = self else { return listed(&[]) };
        match issuer {
            Issuer::Tenant(tenant) => listed(&[tenant]),
            Issuer::Claim(tenants) => listed(tenants),
            Issuer::Operators => Coverage::All,
            Issuer::Membership => {
                let account = subject.as_ref().and_then(|id| state.accounts.get(id));
                let tenants = account.filter(|account| !account.blocked).map(|it| &it.tenants);
                let roles = tenants.into_iter().flatten();
                Coverage::Roles(
                    roles.map(|(tenant, membership)| (tenant.clone(), membership.role)).collect(),
                )
            }
        }
    }

    pub(crate) fn is_user(&self, user: &str) -> bool {
        matches!(self, Self::Bearer { subject: Some(subject), .. } if subject == user)
    }

    /// Somebody who sends such tokens.
    pub(crate) fn client<'a>(&self, app: &'a App) -> Client<'a> {
        let Self::Bearer { issuer, subject, permissions } = self else {
            return if *self == Self::Anonymous {
                app.anonymous()
            } else {
                app.bearer("no.to.ken")
            };
        };
        let claims = match issuer {
            Issuer::Tenant(tenant) => app.claims(&TENANT_ISSUER.replace("{tenant}", tenant)),
            Issuer::Claim(tenants) => app.claims(CLAIM_ISSUER).with("tenants", json!(tenants)),
            Issuer::Membership => app.claims(MEMBER_ISSUER),
            Issuer::Operators => app.claims(OPERATOR_ISSUER),
        };
        let claims = claims.permissions(permissions.names());
        let claims = match subject {
            Some(subject) => claims.with("sub", json!(subject)),
            None => claims,
        };
        app.bearer(claims.sign(&SigningKey::shared()))
    }
}

impl fmt::Display for Caller<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (issuer, subject, permissions) = match self {
            Self::Anonymous => return f.write_str("nobody (no token)"),
            Self::InvalidToken => return f.write_str("nobody (a token that is none)"),
            Self::Bearer { issuer, subject, permissions } => (issuer, subject, permissions),
        };
        match issuer {
            Issuer::Tenant(tenant) => write!(f, "a program of {tenant}")?,
            Issuer::Claim(tenants) => write!(f, "a program of {}", tenants.join(" and "))?,
            Issuer::Membership => f.write_str("a member")?,
            Issuer::Operators => f.write_str("an operator")?,
        }
        if let Some(subject) = subject {
            write!(f, " as {subject}")?;
        }
        match permissions {
            TokenPermissions::All => Ok(()),
            TokenPermissions::Read => f.write_str(" (read only)"),
            TokenPermissions::Write => f.write_str(" (write only)"),
            TokenPermissions::None => f.write_str(" (no permission)"),
        }
    }
}
