//! Invitations: an extension of contract A.

use actix_web::{HttpResponse, web};
use domain::Operation;

use crate::request::caller::Caller;
use crate::request::path::PathParameters;
use crate::request::query::QueryString;
use crate::response::api_error::ApiError;
use crate::server::state::AppState;

/// Mails a user the links that are missing to prove the account.
///
/// The directory sends a link to verify the address, a link to set a password, or both. This tenant
/// must be the home of the account, or the membership here must be pending. An account can be
/// invited once in 10 minutes, and a tenant can send 20 invitations an hour.
#[utoipa::path(
    post,
    path = "/api/{tenantId}/admin/users/{userId}/invitation",
    operation_id = "inviteTenantUser",
    tag = "Tenant users",
    params(
        ("tenantId" = String, Path, description = "The tenant id.", example = "acme"),
        ("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82"),
    ),
    responses((status = 202, description = "The directory sends the mails.")),
    security(("OAuth2" = ["tenant.access:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let operation = Operation::WriteTenantUsers;
    let scope =
        state.services.authorizer.tenant(caller.bearer(), operation, names.tenant()).await?;
    query.expect_none()?;
    let id = names.require_user()?.clone();
    caller
        .run_to_completion(
            |state| async move { state.services.tenant_users.invite(&scope, &id).await },
        )
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
