//! The caller's own rights and memberships: `/api/v1/me`, an extension of contract B.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use application::{OwnMembership, UseCaseError};
use domain::{
    Access, Actor, Coverage, Operation, Permission, Permissions, Refusal, Role, TenantId, Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::caller::Caller;
use crate::request::path::PathParameters;
use crate::request::query::QueryString;
use crate::response::api_error::ApiError;
use crate::response::json;
use crate::routes::membership_status::MembershipStatus;
use crate::server::state::AppState;

/// What the caller may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me<'a> {
    /// The issuer of the token.
    #[schema(example = "https://central-manager.acme.pcm.example.com")]
    issuer: &'a str,
    /// The subject of the token, if it has one.
    #[schema(required = true, example = "auth0|5f7c8ec7c33c6c004bbafe82")]
    subject: Option<&'a str>,
    /// Whether the token covers every tenant.
    all_tenants: bool,
    /// The permissions of the token.
    permissions: Vec<&'static str>,
    /// The tenants that the token covers; empty if it covers every tenant.
    tenants: Vec<CoveredTenant<'a>>,
    /// The memberships of the caller's own account; absent if the subject is no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    memberships: Option<Vec<OwnMembershipResponse<'a>>>,
}

/// A tenant that the token covers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CoveredTenant<'a> {
    /// The tenant.
    #[schema(example = "acme")]
    tenant: &'a str,
    /// The caller's own role there, where the token's rights depend on it.
    #[schema(required = true, example = "admin")]
    role: Option<&'a str>,
    /// What the caller may do to the tenant's users: `read`, `write`.
    may: Vec<&'static str>,
}

/// One of the caller's own memberships.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnMembershipResponse<'a> {
    /// The tenant.
    #[schema(example = "acme")]
    tenant: &'a str,
    /// The role there.
    #[schema(example = "admin")]
    role: &'a str,
    /// Whether the membership gives the role.
    status: MembershipStatus,
    /// Whether the tenant manages the account.
    managed_here: bool,
    /// When the account was attached to the tenant, if known.
    #[serde(serialize_with = "json::optional_time")]
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

impl<'a> OwnMembershipResponse<'a> {
    fn new(own: &'a OwnMembership) -> Self {
        Self {
            tenant: own.tenant.as_str(),
            role: own.membership.role.name().as_str(),
            status: own.standing.into(),
            managed_here: own.managed_here,
            since: own.membership.attachment.as_ref().map(|attachment| attachment.since),
        }
    }
}

/// Returns the caller's rights, and the memberships of its own account.
///
/// It needs no permission. `memberships` is absent unless the issuer's subjects are accounts of the
/// directory.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "GetOwnRights",
    tag = "Own account",
    responses((status = 200, description = "The caller's rights.", body = Me<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn get(
    caller: Caller,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    query.expect_none()?;
    let bearer = caller.bearer();
    let actor = state.services.authorizer.actor(bearer).await?;
    let own = match (state.services.authorizer.own_account(bearer).await, &bearer.subject) {
        (Ok(scope), Some(id)) => state.services.own_memberships.list(&scope, id).await?,
        (Ok(_), None) | (Err(UseCaseError::Refused(Refusal::SubjectNotAnAccount)), _) => None,
        (Err(error), _) => return Err(error.into()),
    };
    json::response(
        StatusCode::OK,
        &Me {
            issuer: &bearer.issuer,
            subject: bearer.subject.as_ref().map(domain::UserId::as_str),
            all_tenants: actor.coverage == Coverage::All,
            permissions: bearer.permissions.iter().map(Permission::as_str).collect(),
            tenants: covered_tenants(&actor),
            memberships: own
                .as_ref()
                .map(|own| own.iter().map(OwnMembershipResponse::new).collect()),
        },
    )
}

impl<'a> CoveredTenant<'a> {
    fn new(tenant: &'a TenantId, role: Option<&'a Role>, permissions: Permissions) -> Self {
        let is_permitted = |access: Access| {
            Operation::ALL.into_iter().any(|operation| {
                operation.access() == access && operation.check(&permissions).is_ok()
            })
        };
        let is_allowed =
            |access| is_permitted(access) && role.is_none_or(|role| role.allows(access));
        let accesses = [Access::Read, Access::Write].into_iter();
        Self {
            tenant: tenant.as_str(),
            role: role.map(|role| role.name().as_str()),
            may: accesses.filter(|access| is_allowed(*access)).map(Access::as_str).collect(),
        }
    }
}

fn covered_tenants(actor: &Actor) -> Vec<CoveredTenant<'_>> {
    let covered = |tenant, role| CoveredTenant::new(tenant, role, actor.permissions);
    match &actor.coverage {
        Coverage::All => Vec::new(),
        Coverage::Listed(tenants) => tenants.iter().map(|tenant| covered(tenant, None)).collect(),
        Coverage::Roles(roles) => {
            roles.iter().map(|(tenant, role)| covered(tenant, Some(role))).collect()
        }
    }
}

/// Ends the caller's own membership in a tenant.
///
/// The account stays. The last holder of a protected role cannot leave.
#[utoipa::path(
    delete,
    path = "/api/v1/me/memberships/{tenantId}",
    operation_id = "LeaveTenant",
    tag = "Own account",
    params(("tenantId" = String, Path, description = "The tenant id.", example = "acme")),
    responses((status = 204, description = "The membership was ended.")),
    security(("bearer" = [])),
)]
pub(crate) async fn leave(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let bearer = caller.bearer();
    let scope = state.services.authorizer.own_account(bearer).await?;
    query.expect_none()?;
    let id = bearer.subject.clone().ok_or(Refusal::SubjectNotAnAccount)?;
    let tenant = names.tenant().cloned();
    let left = caller.run_to_completion(|state| async move {
        match state.services.own_memberships.leave(&scope, &id, tenant.as_ref()).await {
            Ok(()) => Ok(true),
            Err(UseCaseError::Hidden) => Ok(false),
            Err(error) => Err(error),
        }
    });
    if left.await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::membership_not_found())
    }
}
