//! Queries of Auth0's search, in its subset of Lucene's syntax.
//!
//! Only validated values become part of a query, never a caller's text; the signatures ensure it.
//! Every literal is quoted, and quotes and backslashes in it are escaped. Each row of the result is
//! checked again for the membership it carries.

use std::fmt;

use domain::{EmailAddress, RoleCatalogue, RoleName, TenantId, Timestamp, UserId};

use crate::config::MetadataPrefix;

/// A query for members of one tenant, or for the accounts of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchQuery(String);

/// A range of creation times, inclusive unless noted otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreatedRange {
    /// From this moment on.
    From(Timestamp),
    /// Later than this moment.
    After(Timestamp),
    /// Exactly this moment.
    At(Timestamp),
    /// Earlier than this moment.
    Before(Timestamp),
    /// From the first moment on, and earlier than the second.
    Between(Timestamp, Timestamp),
}

impl SearchQuery {
    /// All users with a role of the catalogue in the tenant.
    pub(crate) fn members(
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        catalogue: &RoleCatalogue,
    ) -> Self {
        Self::role_holders(prefix, tenant, catalogue.roles().iter().map(domain::Role::name))
    }

    /// All users with one of these roles in the tenant; there must be at least one.
    pub(crate) fn role_holders<'a>(
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        roles: impl IntoIterator<Item = &'a RoleName>,
    ) -> Self {
        // A hyphen within a term is not an operator, so field names may contain it.
        Self(format!("app_metadata.{}.role:{}", prefix.membership_key(tenant), any_of(roles)))
    }

    /// All users with anything of the tenant, also a role outside the catalogue, or the home there.
    pub(crate) fn related_to(prefix: &MetadataPrefix, tenant: &TenantId) -> Self {
        let (membership, account) = (prefix.membership_key(tenant), prefix.account_key());
        Self(format!(
            "(_exists_:app_metadata.{membership}.role OR app_metadata.{account}.home:\"{tenant}\")"
        ))
    }

    /// All accounts of the connection.
    pub(crate) fn connection(name: &str) -> Self {
        Self(format!("identities.connection:{}", phrase(name)))
    }

    /// All accounts with the address, in any letter case.
    pub(crate) fn address(email: &EmailAddress) -> Self {
        Self(format!("email:{}", phrase(email.as_str())))
    }

    /// Restricts the query to users created in the range.
    #[must_use]
    pub(crate) fn created_in(mut self, range: CreatedRange) -> Self {
        let range = match range {
            CreatedRange::From(from) => format!("[{from} TO *]"),
            CreatedRange::After(after) => format!("{{{after} TO *]"),
            CreatedRange::At(at) => format!("[{at} TO {at}]"),
            CreatedRange::Before(before) => format!("[* TO {before}}}"),
            CreatedRange::Between(from, before) => format!("[{from} TO {before}}}"),
        };
        self.0.push_str(" AND created_at:");
        self.0.push_str(&range);
        self
    }

    /// Restricts the query to these accounts; there must be at least one.
    #[must_use]
    pub(crate) fn restricted_to<'a>(mut self, ids: impl IntoIterator<Item = &'a UserId>) -> Self {
        self.0.push_str(" AND user_id:");
        self.0.push_str(&any_of(ids));
        self
    }

    /// Excludes these accounts; there must be at least one.
    #[must_use]
    pub(crate) fn excluding<'a>(mut self, ids: impl IntoIterator<Item = &'a UserId>) -> Self {
        self.0.push_str(" AND NOT user_id:");
        self.0.push_str(&any_of(ids));
        self
    }
}

/// Returns `("one" OR "other")`.
fn any_of(literals: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let mut text = String::from("(");
    for (index, literal) in literals.into_iter().enumerate() {
        if index > 0 {
            text.push_str(" OR ");
        }
        text.push_str(&phrase(literal));
    }
    text.push(')');
    text
}

/// Returns the literal as a quoted phrase, in which `"` and `\` are escaped.
fn phrase(literal: impl fmt::Display) -> String {
    let literal = literal.to_string();
    let mut phrase = String::with_capacity(literal.len() + 2);
    phrase.push('"');
    for character in literal.chars() {
        if matches!(character, '"' | '\\') {
            phrase.push('\\');
        }
        phrase.push(character);
    }
    phrase.push('"');
    phrase
}

/// Formats the value of the parameter `q`.
impl fmt::Display for SearchQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
