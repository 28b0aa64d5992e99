//! Contract B's changes of password: v1, which is deprecated, and v2.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};
use application::UseCaseError;
use domain::{CurrentPassword, Operation, Password};
use utoipa::ToSchema;

use crate::request::body::Body;
use crate::request::caller::Caller;
use crate::request::client_address::client_address;
use crate::request::json_object::{FromJsonObject, Members};
use crate::request::path::PathNames;
use crate::request::query::QueryString;
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;
use crate::routes::users::view::UserResponse;
use crate::server::state::AppState;

/// Since when v1 is deprecated (RFC 9745): 2026-01-01T00:00:00Z.
const DEPRECATION: &str = "@1767225600";
/// When v1 goes at the earliest (RFC 8594).
const SUNSET: &str = "Fri, 31 Dec 2027 23:59:59 GMT";

/// A new password, on the authority of the caller alone.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangePasswordRequest {
    /// The new password: 1 to 72 visible ASCII characters, as the directory's policy wants them.
    #[schema(min_length = 1, max_length = 72, pattern = r"^[!-~]*$", example = "correct-horse-7")]
    new_password: String,
}

/// A new password, with the current one as proof.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangePasswordRequestV2 {
    /// The password that the user has now.
    #[schema(example = "correct-horse-6")]
    current_password: String,
    /// The new password: 1 to 72 visible ASCII characters, as the directory's policy wants them.
    #[schema(min_length = 1, max_length = 72, pattern = r"^[!-~]*$", example = "correct-horse-7")]
    new_password: String,
}

const NEW_PASSWORD: &str = "newPassword";

impl FromJsonObject for ChangePasswordRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        Some(Self { new_password: members.required(NEW_PASSWORD)? })
    }
}

impl FromJsonObject for ChangePasswordRequestV2 {
    fn from_members(members: &mut Members) -> Option<Self> {
        let current_password = members.required("currentPassword");
        let new_password = members.required(NEW_PASSWORD);
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

fn new_password(text: &str) -> Result<Password, ApiError> {
    let mut field_errors = FieldErrors::default();
    let password = field_errors.take(NEW_PASSWORD, text.parse::<Password>());
    field_errors.settle(|| password)
}

/// Names the member that holds the password, where the directory finds it too weak.
fn at_new_password(error: UseCaseError) -> ApiError {
    if let UseCaseError::Rejected(ports::RejectedValue::WeakPassword) = error {
        ApiError::weak_password(NEW_PASSWORD)
    } else {
        error.into()
    }
}

/// Sets a user's password. Use v2, which asks for the current one.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{userId}/change-password",
    operation_id = "ChangePasswordV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = ChangePasswordRequest,
    responses((status = 200, description = "The user, with the new password.", body = UserResponse<'_>,
        headers(
            ("Deprecation" = String, description = "Since when this operation is deprecated (RFC 9745)."),
            ("Sunset" = String, description = "When this operation goes at the earliest (RFC 8594)."),
            ("Link" = String, description = "The operation to use instead, as `successor-version`."),
        ))),
    security(("bearer" = [])),
)]
#[deprecated = "published as deprecated; v2 succeeds it"]
pub(crate) async fn v1(
    caller: Caller,
    names: PathNames,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let scope = state.services.authorizer.account(caller.bearer(), Operation::ModifyUsers).await?;
    query.none()?;
    let request = body.json::<ChangePasswordRequest>().await?;
    let new = new_password(&request.new_password)?;
    let id = names.require_user()?;
    let user = state.services.passwords.set(&scope, id, new).await.map_err(at_new_password)?;
    Ok(HttpResponse::Ok().json(UserResponse::through(&scope, &user)))
}

/// Sets a user's password, if the current one is right.
///
/// Users may do this for themselves without any permission.
#[utoipa::path(
    patch,
    path = "/api/v2/users/{userId}/change-password",
    operation_id = "ChangePasswordV2",
    tag = "User",
    params(("userId" = String, Path, description = "The user.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = ChangePasswordRequestV2,
    responses((status = 200, description = "The user, with the new password.", body = UserResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn v2(
    caller: Caller,
    names: PathNames,
    query: QueryString,
    body: Body,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let scope = state.services.authorizer.own_password(caller.bearer(), names.user()).await?;
    query.none()?;
    let client = client_address(&request);
    let request = body.json::<ChangePasswordRequestV2>().await?;
    let new = new_password(&request.new_password)?;
    let current = CurrentPassword::offered(request.current_password);
    let id = names.require_user()?;
    let changed = state.services.passwords.change(&scope, id, current, new, client).await;
    let user = changed.map_err(at_new_password)?;
    Ok(HttpResponse::Ok().json(UserResponse::through(&scope, &user)))
}

/// Says of every answer of v1 that it is deprecated, since when, until when, and what follows it.
pub(crate) async fn announce_deprecation<B: MessageBody>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let segment = request.path().rsplit('/').nth(1).unwrap_or_default();
    let successor = state.public_url.change_password_v2(segment);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("deprecation"), HeaderValue::from_static(DEPRECATION));
    headers.insert(HeaderName::from_static("sunset"), HeaderValue::from_static(SUNSET));
    if let Ok(link) = HeaderValue::try_from(format!("<{successor}>; rel=\"successor-version\"")) {
        headers.insert(header::LINK, link);
    }
    Ok(response)
}
