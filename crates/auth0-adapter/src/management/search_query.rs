//! What is asked of Auth0's search, as text of its query language (a part of Lucene's).
//!
//! No caller's text gets in here, only types whose characters are known: the rule "never splice"
//! is kept by the signatures. Every literal stands in quotes all the same. What a query brings back
//! is checked again, row by row, against the membership that the row carries.

use std::fmt::{self, Write};

use domain::{RoleCatalogue, RoleName, TenantId, Timestamp, UserId};

use crate::config::MetadataPrefix;

/// A query for people of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchQuery(String);

/// A part of the line of time, both of whose ends belong to it unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreatedRange {
    /// From this moment on.
    From(Timestamp),
    /// Later than this moment.
    After(Timestamp),
    /// This very moment.
    At(Timestamp),
    /// Earlier than this moment.
    Before(Timestamp),
    /// From the first moment on, and earlier than the second.
    Between(Timestamp, Timestamp),
}

impl SearchQuery {
    /// Everybody who has a role of the catalogue in the tenant.
    pub(crate) fn members(
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        catalogue: &RoleCatalogue,
    ) -> Self {
        Self::role_holders(prefix, tenant, catalogue.roles().iter().map(domain::Role::name))
    }

    /// Everybody who has one of these roles in the tenant; there must be at least one.
    pub(crate) fn role_holders<'a>(
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        roles: impl IntoIterator<Item = &'a RoleName>,
    ) -> Self {
        // A hyphen within a term is no operator, so a field's name may have them.
        Self(format!("app_metadata.{}.role:{}", prefix.membership_key(tenant), any_of(roles)))
    }

    /// Those of them who were created in the span.
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

    /// Those of them who are among these accounts; there must be at least one.
    #[must_use]
    pub(crate) fn restricted_to<'a>(mut self, ids: impl IntoIterator<Item = &'a UserId>) -> Self {
        self.0.push_str(" AND user_id:");
        self.0.push_str(&any_of(ids));
        self
    }

    /// Those of them who are none of these accounts; there must be at least one.
    #[must_use]
    pub(crate) fn excluding<'a>(mut self, ids: impl IntoIterator<Item = &'a UserId>) -> Self {
        self.0.push_str(" AND NOT user_id:");
        self.0.push_str(&any_of(ids));
        self
    }
}

/// `("one" OR "other")`. None of the types that get here can hold a quote or a backslash.
fn any_of(literals: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let mut text = String::from("(");
    for (index, literal) in literals.into_iter().enumerate() {
        let before = if index == 0 { "" } else { " OR " };
        // Writing to a text does not fail.
        let _ = write!(text, "{before}\"{literal}\"");
    }
    text.push(')');
    text
}

/// It goes out as the parameter `q`.
impl fmt::Display for SearchQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
