//! What only operators may do to accounts and tenants: an extension of contract B.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::Operation;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::body::Body;
use crate::request::caller::Caller;
use crate::request::json_object::{FromJsonObject, InvalidMember, Members};
use crate::request::path::PathParameters;
use crate::request::query::QueryString;
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;
use crate::response::json;
use crate::routes::users::view::UserResponse;
use crate::server::state::AppState;

/// The maximum number of accounts that one release changes.
const RELEASE_LIMIT: usize = 500;

/// The home of an account.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct HomeRequest {
    /// A tenant that the account is attached to; null clears the home, so that only operators manage
    /// the account.
    #[schema(required = true, pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme")]
    tenant_name: Option<String>,
}

impl FromJsonObject for HomeRequest {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        Ok(Self { tenant_name: members.required("tenantName")? })
    }
}

/// The proof that an account is the person's own.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ProofRequest {
    /// Whether the operator vouches that the address is the person's, and that nobody else knows
    /// the password.
    #[schema(example = true)]
    email_verified: bool,
}

impl FromJsonObject for ProofRequest {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        Ok(Self { email_verified: members.required("emailVerified")? })
    }
}

/// The progress of a release.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseResponse {
    /// The number of accounts changed by this call.
    done: u64,
    /// The number of accounts that are left; repeat the call until it is 0.
    left: u64,
}

/// Moves an account's home to another tenant, or clears it.
///
/// The tenant of the home manages the account: its names, address and password, and its deletion.
/// Only for operators.
#[utoipa::path(
    put,
    path = "/api/v1/users/{userId}/home",
    operation_id = "SetUserHome",
    tag = "Operators",
    params(("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = HomeRequest,
    responses((status = 200, description = "The user after the change.", body = UserResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn set_home(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ModifyUsers)?;
    let body = body.receive().await?;
    let scope = state.services.authorizer.operator(caller.bearer()).await?;
    query.expect_none()?;
    let request = body.json::<HomeRequest>()?;
    let mut field_errors = FieldErrors::default();
    let home = request.tenant_name.map(|name| field_errors.tenant("tenantName", &name));
    let home = field_errors.finish(|| Some(home.flatten()))?;
    let id = names.require_user()?.clone();
    let user = caller
        .run_to_completion(|state| async move {
            state.services.users.move_home(&scope, &id, home).await
        })
        .await?;
    json::response(StatusCode::OK, &UserResponse::new(&user))
}

/// Vouches that an account is the person's own, or withdraws that.
///
/// Memberships in tenants other than the home are active only while the account is provably the
/// person's own: its address is verified, and nobody else has set its password or address since.
/// `true` states both; `false` states that the address is not verified. Only for operators.
#[utoipa::path(
    put,
    path = "/api/v1/users/{userId}/proof",
    operation_id = "SetUserProof",
    tag = "Operators",
    params(("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = ProofRequest,
    responses((status = 200, description = "The user after the change.", body = UserResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn set_proof(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ModifyUsers)?;
    let body = body.receive().await?;
    let scope = state.services.authorizer.operator(caller.bearer()).await?;
    query.expect_none()?;
    let ProofRequest { email_verified } = body.json()?;
    let id = names.require_user()?.clone();
    let user = caller
        .run_to_completion(|state| async move {
            state.services.users.set_email_verified(&scope, &id, email_verified).await
        })
        .await?;
    json::response(StatusCode::OK, &UserResponse::new(&user))
}

/// Removes all memberships and homes of a tenant, before its label gets another owner.
///
/// One call changes at most 500 accounts; repeat it until `left` is 0. The accounts stay. The last
/// holder of a protected role is removed too. Only for operators.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{tenantId}/release",
    operation_id = "ReleaseTenant",
    tag = "Operators",
    params(("tenantId" = String, Path, description = "The tenant id.", example = "acme")),
    responses((status = 200, description = "The number of accounts changed, and of those left.", body = ReleaseResponse)),
    security(("bearer" = [])),
)]
pub(crate) async fn release(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ModifyUsers)?;
    let scope = state.services.authorizer.release(caller.bearer(), names.tenant()).await?;
    query.expect_none()?;
    let outcome = caller
        .run_to_completion(|state| async move {
            state.services.tenant_users.release(&scope, RELEASE_LIMIT).await
        })
        .await?;
    json::response(StatusCode::OK, &ReleaseResponse { done: outcome.done, left: outcome.left })
}
