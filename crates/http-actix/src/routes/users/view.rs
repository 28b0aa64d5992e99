//! Responses of contract B.

use domain::{TenantId, Timestamp, UserView};
use serde::Serialize;
use utoipa::ToSchema;

use crate::response::error_response;
use crate::response::json;
use crate::routes::membership_status::MembershipStatus;

/// A user as seen in one tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserResponse<'a> {
    /// The id of the account.
    #[schema(example = "auth0|5f7c8ec7c33c6c004bbafe82")]
    id: &'a str,
    /// The e-mail address. If `status` is `pending`, the tenant sees the one that it entered.
    #[schema(format = Email, example = "jane@acme.example")]
    email: &'a str,
    /// Whether the account belongs to a program rather than a person.
    service_user: bool,
    /// The tenant in which the caller sees the user.
    #[schema(example = "acme")]
    tenant_name: &'a str,
    /// When the account was created.
    #[serde(serialize_with = "json::time")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:30:00.000Z")]
    created_at: Timestamp,
    /// When the account was last changed, if known.
    #[serde(serialize_with = "json::optional_time")]
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
    /// When the user last logged in, if known.
    #[serde(serialize_with = "json::optional_time")]
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_login: Option<Timestamp>,
    /// Whether that tenant manages the account: it is the account's home.
    managed_here: bool,
    /// Whether the membership in that tenant gives its role. If it is `pending`, the tenant sees
    /// only what it entered. Absent for a user without memberships, whom only operators see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<MembershipStatus>,
}

impl<'a> UserResponse<'a> {
    /// Renders the user as the caller sees it.
    pub(crate) fn new(user: &'a UserView<'_>) -> Self {
        Self {
            id: user.id.as_str(),
            email: user.email.as_str(),
            service_user: user.service_user,
            tenant_name: user.tenant().map_or("", TenantId::as_str),
            created_at: user.created_at,
            updated_at: user.updated_at,
            username: user.username_or_email(),
            first_name: user.given_name_or_empty(),
            last_name: user.family_name_or_empty(),
            last_login: user.last_login,
            managed_here: user.is_managed_here(),
            status: user.standing().map(MembershipStatus::from),
        }
    }
}

/// A user that was changed only in part, and the reasons.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartlyUpdatedUser<'a> {
    #[serde(flatten)]
    pub(super) user: UserResponse<'a>,
    /// Why the remaining values were not changed.
    pub(super) errors: Vec<error_response::ErrorObject<'a>>,
}

/// One page of a tenant's users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserListResponse<'a> {
    pub(super) links: ListLinks<'a>,
    pub(super) data: Vec<UserResponse<'a>>,
}

/// Links to other pages; links to pages that do not exist are absent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListLinks<'a> {
    /// The first page.
    pub(super) first: Links<'a>,
    /// The last page, with the totals.
    pub(super) last: Links<'a>,
    /// The next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next: Option<Links<'a>>,
    /// The previous page, or the last one if this page is past the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) prev: Option<Links<'a>>,
}

/// A link to one page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links<'a> {
    /// The absolute URL of the page, with all parameters.
    pub(super) href: &'a str,
    /// The totals of all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) meta: Option<Totals>,
}

/// The totals of all pages.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// The number of users.
    pub(super) total_users: u64,
    /// The number of pages; an empty list has one.
    pub(super) total_pages: u64,
}
