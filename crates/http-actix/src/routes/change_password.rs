//! The password changes of contract B: v1, which is deprecated, and v2.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};
use application::UseCaseError;
use domain::{CurrentPassword, Operation, Password};
use utoipa::ToSchema;

use crate::request::body::Body;
use crate::request::caller::Caller;
use crate::request::client_address::client_address;
use crate::request::json_object::{FromJsonObject, InvalidMember, Members};
use crate::request::path::PathParameters;
use crate::request::query::QueryString;
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;
use crate::response::json;
use crate::routes::users::view::UserResponse;
use crate::server::completion::run_to_completion;
use crate::server::state::AppState;

/// The date since which v1 is deprecated (RFC 9745): 2026-01-01T00:00:00Z.
const DEPRECATION: &str = "@1767225600";
/// The earliest date at which v1 is removed (RFC 8594).
const SUNSET: &str = "Fri, 31 Dec 2027 23:59:59 GMT";

/// A new password, set by a caller with permission.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangePasswordRequest {
    /// The new password: 1 to 72 visible ASCII characters that meet the password policy of the
    /// directory.
    #[schema(min_length = 1, max_length = 72, pattern = r"^[!-~]*$", example = "correct-horse-7")]
    new_password: String,
}

/// A new password, and the current one as proof of identity.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangePasswordRequestV2 {
    /// The user's current password.
    #[schema(example = "correct-horse-6")]
    current_password: String,
    /// The new password: 1 to 72 visible ASCII characters that meet the password policy of the
    /// directory.
    #[schema(min_length = 1, max_length = 72, pattern = r"^[!-~]*$", example = "correct-horse-7")]
    new_password: String,
}

const NEW_PASSWORD: &str = "newPassword";

impl FromJsonObject for ChangePasswordRequest {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        Ok(Self { new_password: members.required(NEW_PASSWORD)? })
    }
}

impl FromJsonObject for ChangePasswordRequestV2 {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        let current_password = members.required("currentPassword");
        let new_password = members.required(NEW_PASSWORD);
        Ok(Self { current_password: current_password?, new_password: new_password? })
    }
}

fn new_password(text: &str) -> Result<Password, ApiError> {
    let mut field_errors = FieldErrors::default();
    let password = field_errors.check(NEW_PASSWORD, text.parse::<Password>());
    field_errors.finish(|| password)
}

/// Converts an error; a weak password is reported for the member that holds it.
fn password_error(error: UseCaseError) -> ApiError {
    if let UseCaseError::Rejected(ports::RejectedValue::WeakPassword) = error {
        ApiError::weak_password(NEW_PASSWORD)
    } else {
        error.into()
    }
}

/// Sets a user's password. Use v2, which requires the current password.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{userId}/change-password",
    operation_id = "ChangePasswordV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = ChangePasswordRequest,
    responses((status = 200, description = "The user after the change.", body = UserResponse<'_>,
        headers(
            ("Deprecation" = String, description = "The date since which this operation is deprecated (RFC 9745)."),
            ("Sunset" = String, description = "The earliest date at which this operation is removed (RFC 8594)."),
            ("Link" = String, description = "A link to the successor of this operation (`successor-version`)."),
        ))),
    security(("bearer" = [])),
)]
#[deprecated = "published as deprecated; v2 succeeds it"]
pub(crate) async fn v1(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ModifyUsers)?;
    let body = body.receive().await?;
    let scope = state.services.authorizer.account(caller.bearer(), Operation::ModifyUsers).await?;
    query.expect_none()?;
    let new = new_password(&body.json::<ChangePasswordRequest>()?.new_password)?;
    let id = names.require_user()?;
    let id = id.clone();
    let changed = run_to_completion(caller.context(), |state| async move {
        state.services.passwords.set(&scope, &id, new).await
    });
    let user = changed.await?.map_err(password_error)?;
    json::response(StatusCode::OK, &UserResponse::new(&user))
}

/// Changes a user's password if the current one is correct.
///
/// Users need no permission to change their own password.
#[utoipa::path(
    patch,
    path = "/api/v2/users/{userId}/change-password",
    operation_id = "ChangePasswordV2",
    tag = "User",
    params(("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = ChangePasswordRequestV2,
    responses((status = 200, description = "The user after the change.", body = UserResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn v2(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    if caller.bearer().subject.as_ref().is_none_or(|own| Some(own) != names.user()) {
        caller.require(Operation::ModifyUsers)?;
    }
    let client = client_address(&request, &state.trusted_proxies);
    let body = body.receive().await?;
    let scope = state.services.authorizer.own_password(caller.bearer(), names.user()).await?;
    query.expect_none()?;
    let passwords = body.json::<ChangePasswordRequestV2>()?;
    let new = new_password(&passwords.new_password)?;
    let current = CurrentPassword::offered(passwords.current_password);
    let id = names.require_user()?;
    let (key, passwords) = (caller.bearer().caller, (current, new));
    let id = id.clone();
    let changed = run_to_completion(caller.context(), |state| async move {
        state.services.passwords.change(&scope, &id, key, passwords, client).await
    });
    let user = changed.await?.map_err(password_error)?;
    json::response(StatusCode::OK, &UserResponse::new(&user))
}

/// Adds the headers of a deprecated operation to every response of v1.
pub(crate) async fn add_deprecation_headers<B: MessageBody>(
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
