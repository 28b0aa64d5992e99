//! Callers: their tokens, and the tenants that the model grants them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::json;

use super::state::{ModelState, Role};
use crate::support::{
    App, CLAIM_ISSUER, Client, MEMBER_ISSUER, OPERATOR_ISSUER, SigningKey, TENANT_ISSUER,
};

/// The scopes and permissions in a token.
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

/// How a token states its tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// The issuer of one tenant.
    Tenant(&'static str),
    /// An issuer whose tokens list tenants in a claim.
    Claim(Vec<&'static str>),
    /// An issuer whose subjects' memberships state the tenants.
    Membership,
    /// The operators' issuer, for all tenants.
    Operators,
}

/// A caller; `U` is how its subject is referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller<U> {
    /// Sends no token.
    Anonymous,
    /// Sends a malformed token.
    InvalidToken,
    /// Sends a valid token.
    Bearer { issuer: Issuer, subject: Option<U>, permissions: TokenPermissions },
}

/// Which subjects of an issuer are accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubjectKind {
    Accounts,
    /// Those at home in a tenant that the token covers.
    Home,
    External,
}

/// The tenants that a caller may act in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coverage {
    All,
    /// These tenants; the caller's own role in them is unknown.
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
    /// Converts the reference to the subject.
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
    /// Returns the tenants that the caller may act in. A member without an account, or with a
    /// blocked one, has none.
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
                let account = account.filter(|account| !account.blocked);
                let roles = account.into_iter().flat_map(|account| {
                    let tenants = account.tenants.keys();
                    tenants.filter_map(|tenant| {
                        Some((tenant.clone(), account.active_role_in(tenant)?))
                    })
                });
                Coverage::Roles(roles.collect())
            }
        }
    }

    /// Returns the subject of the token.
    pub(crate) fn subject(&self) -> Option<&String> {
        match self {
            Self::Bearer { subject, .. } => subject.as_ref(),
            Self::Anonymous | Self::InvalidToken => None,
        }
    }

    /// Returns which subjects of the caller's issuer are accounts.
    pub(crate) fn subject_kind(&self) -> SubjectKind {
        match self {
            Self::Bearer { issuer: Issuer::Tenant(_) | Issuer::Claim(_), .. } => SubjectKind::Home,
            Self::Bearer { issuer: Issuer::Membership, .. } => SubjectKind::Accounts,
            Self::Bearer { issuer: Issuer::Operators, .. }
            | Self::Anonymous
            | Self::InvalidToken => SubjectKind::External,
        }
    }

    pub(crate) fn is_user(&self, user: &str) -> bool {
        matches!(self, Self::Bearer { subject: Some(subject), .. } if subject == user)
    }

    /// Returns a client that sends this caller's token.
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
            Self::Anonymous => return f.write_str("anonymous"),
            Self::InvalidToken => return f.write_str("caller with a malformed token"),
            Self::Bearer { issuer, subject, permissions } => (issuer, subject, permissions),
        };
        match issuer {
            Issuer::Tenant(tenant) => write!(f, "client of {tenant}")?,
            Issuer::Claim(tenants) => write!(f, "client of {}", tenants.join(" and "))?,
            Issuer::Membership => f.write_str("member")?,
            Issuer::Operators => f.write_str("operator")?,
        }
        if let Some(subject) = subject {
            write!(f, " as {subject}")?;
        }
        match permissions {
            TokenPermissions::All => Ok(()),
            TokenPermissions::Read => f.write_str(" (read only)"),
            TokenPermissions::Write => f.write_str(" (write only)"),
            TokenPermissions::None => f.write_str(" (no permissions)"),
        }
    }
}
