//! The role catalogue of contract A: `/api/{tenantId}/admin/roles`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::Access;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::caller::Caller;
use crate::request::path::PathParameters;
use crate::request::query::QueryString;
use crate::response::api_error::ApiError;
use crate::response::json;
use crate::server::state::AppState;

/// A role of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Role<'a> {
    /// The name, as in `tenantRole` and `role`.
    name: &'a str,
    /// What its holders may do to the users of the tenant, if their token allows it too.
    may: Vec<AccessName>,
    /// Whether a tenant must keep a holder of it.
    protected: bool,
    /// Whether users who are created without a role, as in `POST /api/v1/users`, get it.
    default: bool,
    /// Whether the caller may give it to a user of this tenant.
    grantable: bool,
}

/// A kind of access to the users of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Access)]
pub(crate) enum AccessName {
    Read,
    Write,
}

impl AccessName {
    /// Returns what the holders of a role may do.
    pub(crate) fn of_role(role: &domain::Role) -> Vec<Self> {
        Access::ALL.into_iter().filter(|access| role.allows(*access)).map(Self::from).collect()
    }
}

impl From<Access> for AccessName {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::Read,
            Access::Write => Self::Write,
        }
    }
}

/// Lists the roles that users of a tenant can have.
///
/// The roles are ordered from the most to the least powerful. `grantable` depends on the caller: on
/// the scope `tenant.access:write`, and on the caller's own role in the tenant, where it is known.
#[utoipa::path(
    get,
    path = "/api/{tenantId}/admin/roles",
    operation_id = "listTenantRoles",
    tag = "Roles",
    params(("tenantId" = String, Path, description = "The tenant id.", example = "acme")),
    responses((status = 200, description = "The roles, the most powerful first.", body = Vec<Role<'_>>)),
    security(("OAuth2" = ["tenant.access:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let grants = state.services.authorizer.grants(caller.bearer(), names.tenant()).await?;
    query.expect_none()?;
    let catalogue = &state.reloadable().roles;
    let roles = catalogue.roles().iter().map(|role| Role {
        name: role.name().as_str(),
        may: AccessName::of_role(role),
        protected: role.is_protected(),
        default: role == catalogue.default_role(),
        grantable: grants.allow(role),
    });
    json::response(StatusCode::OK, &roles.collect::<Vec<_>>())
}
