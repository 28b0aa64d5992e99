//! One stored account.

use std::collections::BTreeMap;
use std::time::SystemTime;

use domain::{
    AccountRules, Attachment, CredentialStamp, Credentials, DisplayName, EmailAddress, Membership,
    MembershipId, Memberships, PersonName, RoleCatalogue, RoleName, TenantId, Timestamp, User,
    UserId, Username,
};
use ports::{BoxError, PortError};
use thiserror::Error;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::database::Failure;
use crate::directory::moment::from_stored;
use crate::directory::sort_key::SortKeys;

/// One stored account.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The account as the catalogue resolves it.
    pub(crate) user: User,
    /// Memberships whose role the catalogue does not have. They have the role of least power here,
    /// in place of their own.
    unresolved: BTreeMap<TenantId, Membership>,
    /// The hash of the password in the PHC string format, if there is one.
    pub(crate) password: Option<String>,
}

/// A stored value that no version of this program stores.
#[derive(Debug, Error)]
#[error("the column {column} has an invalid value")]
pub(crate) struct InvalidColumn {
    column: &'static str,
    #[source]
    source: BoxError,
}

impl From<InvalidColumn> for Failure {
    fn from(invalid: InvalidColumn) -> Self {
        Self::Port(PortError::Failed { source: invalid.into() })
    }
}

/// A row, whose values are parsed by column.
struct Columns<'r>(&'r Row);

impl<'r> Columns<'r> {
    fn get<T: FromSql<'r>>(&self, column: &'static str) -> Result<T, InvalidColumn> {
        self.0.try_get(column).map_err(|error| InvalidColumn { column, source: error.into() })
    }

    fn parse<T>(&self, column: &'static str) -> Result<T, InvalidColumn>
    where
        T: std::str::FromStr<Err: Into<BoxError>>,
    {
        parse(column, self.get(column)?)
    }

    fn parse_optional<T>(&self, column: &'static str) -> Result<Option<T>, InvalidColumn>
    where
        T: std::str::FromStr<Err: Into<BoxError>>,
    {
        self.get::<Option<&str>>(column)?.map(|text| parse(column, text)).transpose()
    }

    fn cleaned<T>(
        &self,
        column: &'static str,
        make: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, InvalidColumn> {
        Ok(self.get::<Option<&str>>(column)?.and_then(make))
    }

    fn moment(&self, column: &'static str) -> Result<Option<Timestamp>, InvalidColumn> {
        moment(column, self.get(column)?)
    }
}

fn parse<T>(column: &'static str, text: &str) -> Result<T, InvalidColumn>
where
    T: std::str::FromStr<Err: Into<BoxError>>,
{
    text.parse().map_err(|error: T::Err| InvalidColumn { column, source: error.into() })
}

fn unreadable(column: &'static str) -> InvalidColumn {
    InvalidColumn { column, source: "the text is not valid".into() }
}

fn moment(
    column: &'static str,
    stored: Option<SystemTime>,
) -> Result<Option<Timestamp>, InvalidColumn> {
    stored
        .map(|stored| from_stored(stored).map_err(|source| InvalidColumn { column, source }))
        .transpose()
}

fn email(column: &'static str, text: &str) -> Result<EmailAddress, InvalidColumn> {
    EmailAddress::stored(text).ok_or_else(|| unreadable(column))
}

impl Record {
    /// Returns an account of which every role is resolved.
    pub(crate) fn of(user: User) -> Self {
        Self { user, unresolved: BTreeMap::new(), password: None }
    }

    /// Returns the record with this hash of a password.
    pub(crate) fn with_password(self, password: Option<String>) -> Self {
        Self { password, ..self }
    }

    /// Returns the account of a row of `usher.whole_account`.
    pub(crate) fn from_row(row: &Row, catalogue: &RoleCatalogue) -> Result<Self, InvalidColumn> {
        let columns = Columns(row);
        let (memberships, unresolved) = memberships(&columns, catalogue)?;
        let user = User {
            id: columns.parse::<UserId>("id")?,
            email: email("email", columns.get("email")?)?,
            username: columns.parse_optional::<Username>("username")?,
            given_name: columns.cleaned("given_name", PersonName::cleaned)?,
            family_name: columns.cleaned("family_name", PersonName::cleaned)?,
            display_name: columns.cleaned("display_name", DisplayName::cleaned)?,
            service_user: columns.get("service_user")?,
            blocked: columns.get("blocked")?,
            created_at: columns.moment("created_at")?.unwrap_or(Timestamp::UNIX_EPOCH),
            updated_at: columns.moment("updated_at")?,
            last_login: columns.moment("last_login")?,
            home: columns.parse_optional("home")?,
            credentials: credentials(&columns)?,
            memberships,
        };
        Ok(Self { user, unresolved, password: columns.get("password")? })
    }

    /// Returns what lists of each tenant are sorted by, also for memberships that a catalogue may
    /// resolve later.
    pub(crate) fn sort_keys(&self, rules: AccountRules) -> BTreeMap<TenantId, SortKeys> {
        let mut whole = self.user.clone();
        whole.memberships.extend(self.unresolved.clone());
        let keys = |tenant: &TenantId| (tenant.clone(), SortKeys::of(&whole, tenant, rules));
        whole.memberships.keys().map(keys).collect()
    }

    /// Returns the record without the stored membership in the tenant, if its role is unknown.
    pub(crate) fn without_unresolved(mut self, tenant: &TenantId) -> Self {
        self.unresolved.remove(tenant);
        self
    }

    /// Returns the tenants of all stored memberships.
    pub(crate) fn stored_tenants(&self) -> impl Iterator<Item = &TenantId> {
        self.user.memberships.keys().chain(self.unresolved.keys())
    }
}

fn credentials(columns: &Columns<'_>) -> Result<Credentials, InvalidColumn> {
    let stamp = match columns.moment("stamp_at")? {
        Some(at) => Some(Box::new(CredentialStamp {
            at,
            by: columns.parse_optional("stamp_by")?,
            sets_address: columns.get("stamp_sets_address")?,
        })),
        None => None,
    };
    Ok(Credentials {
        email_verified: columns.get("email_verified")?,
        connections_allowed: true,
        stamp,
        last_password_reset: columns.moment("last_password_reset")?,
    })
}

/// Returns the memberships whose roles the catalogue has, and the others.
fn memberships(
    columns: &Columns<'_>,
    catalogue: &RoleCatalogue,
) -> Result<(Memberships, BTreeMap<TenantId, Membership>), InvalidColumn> {
    let (mut resolved, mut unresolved) = (Memberships::new(), BTreeMap::new());
    let tenants: Vec<&str> = columns.get("tenants")?;
    if tenants.is_empty() {
        return Ok((resolved, unresolved));
    }
    let roles: Vec<&str> = columns.get("roles")?;
    let names: Vec<Option<&str>> = columns.get("names")?;
    let ids: Vec<Option<&str>> = columns.get("membership_ids")?;
    let attached_at: Vec<Option<SystemTime>> = columns.get("attached_at")?;
    let emails: Vec<Option<&str>> = columns.get("attached_emails")?;
    let suspended: Vec<bool> = columns.get("suspended")?;
    let expiries: Vec<Option<SystemTime>> = columns.get("expiries")?;
    let rest = names.into_iter().zip(ids).zip(attached_at).zip(emails).zip(suspended).zip(expiries);
    for ((tenant, role), (((((name, id), since), address), suspended), expires_at)) in
        tenants.into_iter().zip(roles).zip(rest)
    {
        let tenant: TenantId = parse("tenants", tenant)?;
        let attachment = match (id, moment("attached_at", since)?, address) {
            (Some(id), Some(since), Some(address)) => Some(Box::new(Attachment {
                id: parse::<MembershipId>("membership_ids", id)?,
                since,
                email: email("attached_emails", address)?,
            })),
            _ => None,
        };
        let known = catalogue.resolve(role);
        let membership = Membership {
            role: known.unwrap_or(catalogue.default_role()).clone(),
            name: name.and_then(DisplayName::cleaned),
            attachment,
            suspended,
            expires_at: moment("expiries", expires_at)?,
        };
        if known.is_some() {
            resolved.insert(tenant, membership);
        } else {
            unresolved.insert(tenant, membership);
        }
    }
    Ok((resolved, unresolved))
}

/// Returns the names of the roles, as a statement takes them.
pub(crate) fn role_names(catalogue: &RoleCatalogue) -> Vec<&str> {
    catalogue.roles().iter().map(|role| RoleName::as_str(role.name())).collect()
}
