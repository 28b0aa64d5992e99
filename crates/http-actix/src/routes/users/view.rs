//! What contract B shows.

use domain::{AccountScope, TenantId, Timestamp, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::response::error_response;
use crate::response::json;

/// A user, seen through one tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserResponse<'a> {
    /// The id of the account.
    #[schema(example = "auth0|5f7c8ec7c33c6c004bbafe82")]
    id: &'a str,
    /// The e-mail address; no two accounts share one.
    #[schema(format = Email, example = "jane@acme.example")]
    email: &'a str,
    /// Whether a program, and no person, stands behind the account.
    service_user: bool,
    /// The tenant through which the caller sees the user.
    #[schema(example = "acme")]
    tenant_name: &'a str,
    /// When the account was created.
    #[serde(serialize_with = "json::text")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:30:00.000Z")]
    created_at: Timestamp,
    /// When the account was last changed, if that is known.
    #[serde(serialize_with = "json::optional_text")]
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
    /// The username, or the e-mail address of an account without one.
    #[schema(example = "jane")]
    username: &'a str,
    /// The first name; empty if there is none.
    #[schema(example = "Jane")]
    first_name: &'a str,
    /// The last name; empty if there is none.
    #[schema(example = "Doe")]
    last_name: &'a str,
    /// When the user last logged in, if that is known.
    #[serde(serialize_with = "json::optional_text")]
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_login: Option<Timestamp>,
}

impl<'a> UserResponse<'a> {
    /// The user as the scope shows it.
    pub(crate) fn through(scope: &AccountScope, user: &'a User) -> Self {
        Self::new(user, scope.visible_tenant(user).map_or("", TenantId::as_str))
    }

    /// The user as the tenant sees it.
    pub(super) fn new(user: &'a User, tenant_name: &'a str) -> Self {
        Self {
            id: user.id.as_str(),
            email: user.email.as_str(),
            service_user: user.service_user,
            tenant_name,
            created_at: user.created_at,
            updated_at: user.updated_at,
            username: user.username_or_email(),
            first_name: user.given_name_or_empty(),
            last_name: user.family_name_or_empty(),
            last_login: user.last_login,
        }
    }
}

/// A user of which only a part could be changed, and why not the rest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartlyUpdatedUser<'a> {
    #[serde(flatten)]
    pub(super) user: UserResponse<'a>,
    /// Why the rest was not changed.
    #[schema(required = false)]
    pub(super) errors: Vec<error_response::Error<'a>>,
}

/// One page of a tenant's users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserListResponse<'a> {
    #[schema(required = false)]
    pub(super) links: ListLinks<'a>,
    #[schema(required = false)]
    pub(super) data: Vec<UserResponse<'a>>,
}

/// Links to other pages; one that does not exist is left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListLinks<'a> {
    /// To the first page.
    #[schema(required = false)]
    pub(super) first: Links<'a>,
    /// To the last page, with the totals.
    #[schema(required = false)]
    pub(super) last: Links<'a>,
    /// To the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next: Option<Links<'a>>,
    /// To the previous page; to the last one from past the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) prev: Option<Links<'a>>,
}

/// A link to one page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links<'a> {
    /// The absolute address of the page, with every parameter kept.
    pub(super) href: &'a str,
    /// How much there is on all pages together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) meta: Option<Totals>,
}

/// How much there is on all pages together.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// How many users.
    pub(super) total_users: u64,
    /// How many pages; an empty list has one.
    pub(super) total_pages: u64,
}
