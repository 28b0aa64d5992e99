//! The caller of a request.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use application::UseCaseError;
use domain::{Bearer, ClaimedTenants, Denied, Operation, Refusal, TenantId};
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use ports::QuotaOwner;

use crate::metrics::ShedReason;
use crate::protection::admission::quota_owner_of;
use crate::protection::list_memory::ListReservation;
use crate::request::accept::check_accept;
use crate::request::client_address::client_address;
use crate::request::path::PathParameters;
use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;
use crate::server::completion::run_to_completion;
use crate::server::request_context::{MatchedPath, RequestContext};
use crate::server::state::AppState;
use token_verifier::TokenError;

/// The bearer of a request's verified token.
///
/// It is the first argument of every handler, and no later extractor fails, so that a request
/// without a valid token gets no other error.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    bearer: Arc<Bearer>,
    context: Rc<RequestContext>,
}

impl Caller {
    /// Returns what the token states.
    pub(crate) fn bearer(&self) -> &Bearer {
        &self.bearer
    }

    /// Returns the context of the request.
    pub(crate) fn context(&self) -> &RequestContext {
        &self.context
    }

    /// Makes a change to its end, even if the client leaves; see [`run_to_completion`].
    pub(crate) async fn run_to_completion<T, F>(
        &self,
        change: impl FnOnce(web::Data<AppState>) -> F,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, UseCaseError>> + Send + 'static,
    {
        Ok(run_to_completion(&self.context, change).await??)
    }

    /// Reserves memory for a full list of the tenant, and waits for it if necessary.
    pub(crate) async fn reserve_list(
        &self,
        tenant: &TenantId,
        state: &AppState,
    ) -> Result<ListReservation, ApiError> {
        let owner = quota_owner_of(&self.bearer, Some(tenant));
        state.list_memory.reserve(owner, tenant).await.map_err(overloaded)
    }

    /// Records the request's tenant for the log, if the path does not contain it.
    pub(crate) fn log_tenant(&self, tenant: &TenantId) {
        self.context.log_fields.set_tenant(Some(tenant));
    }

    /// Rejects a caller whose token lacks the permission, or states that it does not cover the
    /// tenant; what depends on the caller's memberships is not checked.
    pub(crate) fn require_in(
        &self,
        operation: Operation,
        tenant: Option<&TenantId>,
    ) -> Result<(), ApiError> {
        self.require(operation)?;
        let is_excluded = match (&self.bearer.tenants, tenant) {
            (ClaimedTenants::Listed(tenants), Some(tenant)) => !tenants.contains(tenant),
            (ClaimedTenants::Memberships { within: Some(only) }, Some(tenant)) => only != tenant,
            (
                ClaimedTenants::Listed(_)
                | ClaimedTenants::All
                | ClaimedTenants::Memberships { within: Some(_) },
                None,
            ) => true,
            // A malformed tenant costs the same look-up as one that the caller is not attached to.
            (ClaimedTenants::Memberships { within: None }, None)
            | (ClaimedTenants::Memberships { within: None } | ClaimedTenants::All, Some(_)) => {
                false
            }
        };
        if is_excluded { Err(Refusal::TenantNotCovered.into()) } else { Ok(()) }
    }

    /// Rejects a caller whose token lacks the permission.
    pub(crate) fn require(&self, operation: Operation) -> Result<(), ApiError> {
        Ok(operation.check(&self.bearer.permissions)?)
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        async move {
            let context = RequestContext::require(&request)?;
            let token = bearer_token(&request)?;
            let (state, log_fields) = (&context.state, &context.log_fields);
            let reloadable = state.reloadable();
            let client = client_address(&request, &state.trusted_proxies);
            let bearer = reloadable.verifier.verify(token, client).await.inspect_err(|error| {
                state.metrics.refused(error);
                log_fields.set_issuer(reloadable.verifier.issuer_name(token));
            })?;
            let tenant = context.path_parameters().and_then(PathParameters::tenant);
            log_fields.set_caller(bearer.caller);
            log_fields.set_tenant(tenant.or_else(|| bearer.only_tenant()));
            let checks_password = context.matched().is_some_and(MatchedPath::checks_password);
            let quota_headers =
                state.limits.consume(bearer.caller, request.method(), checks_password);
            let wait = quota_headers.wait();
            // The request lifecycle adds them to the response.
            let _ = context.quota_headers.set(quota_headers);
            if let Some(wait) = wait {
                let detail = "Rate limit exceeded; retry after the time in Retry-After.";
                return Err(ApiError::new(ErrorCode::TooManyRequests, detail)
                    .with_header(ErrorHeader::RetryAfter(wait)));
            }
            check_accept(&request)?;
            let quota_owner = quota_owner_of(&bearer, tenant);
            context.call.set_quota_owner(quota_owner.clone());
            acquire_permit(&context, quota_owner).await?;
            Ok(Self { bearer, context })
        }
        .boxed_local()
    }
}

/// Acquires a permit and stores it in the context, from where the request lifecycle moves it to the
/// response.
async fn acquire_permit(context: &RequestContext, quota_owner: QuotaOwner) -> Result<(), ApiError> {
    let permit = context.state.admission.acquire(quota_owner).await.map_err(overloaded)?;
    context.held.borrow_mut().set_permit(permit);
    Ok(())
}

/// Waits for data from the client and releases the permit meanwhile; otherwise slow clients could
/// hold all permits at no cost. Data that has arrived is taken at once.
pub(crate) async fn release_permit_while<T>(
    context: &RequestContext,
    from_client: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let mut from_client = pin!(from_client);
    if let Some(received) = from_client.as_mut().now_or_never() {
        return received;
    }
    let permit = context.held.borrow_mut().take_permit();
    let quota_owner = permit.as_ref().map(|permit| permit.quota_owner().clone());
    drop(permit);
    let received = from_client.await?;
    if let Some(quota_owner) = quota_owner {
        acquire_permit(context, quota_owner).await?;
    }
    Ok(received)
}

fn overloaded(reason: ShedReason) -> ApiError {
    ApiError::new(
        ErrorCode::Overloaded,
        "The service is overloaded; retry after the time in Retry-After.",
    )
    .with_header(ErrorHeader::RetryAfter(OVERLOAD_RETRY_AFTER))
    .with_cause(reason.as_str())
}

/// Load peaks are short, and requests take seconds at most.
const OVERLOAD_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Returns the token of the only `Authorization` header (RFC 6750 §2.1).
fn bearer_token(request: &HttpRequest) -> Result<&str, ApiError> {
    let missing = || {
        ApiError::new(
            ErrorCode::MissingToken,
            "A bearer token in the Authorization header is required.",
        )
    };
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let value = headers.next().ok_or_else(missing)?;
    if headers.next().is_some() {
        let detail = "The Authorization header must not be repeated.";
        return Err(ApiError::new(ErrorCode::MalformedRequest, detail));
    }
    // Scheme and token are separated by spaces (RFC 9110 §11.4).
    let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len()).ok_or_else(missing)?;
    let is_bearer = scheme.eq_ignore_ascii_case(SCHEME) && token.first() == Some(&b' ');
    let token = std::str::from_utf8(token).ok().filter(|_| is_bearer).ok_or_else(missing)?;
    Ok(token.trim_matches(' '))
}

const SCHEME: &[u8] = b"Bearer";

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid(reason) => {
                let detail = format!("The token is not accepted: {reason}.");
                // RFC 6750 §3
                let challenge = format!("error=\"invalid_token\", error_description=\"{reason}\"");
                Self::new(ErrorCode::InvalidToken, detail)
                    .with_header(ErrorHeader::Challenge(challenge.into()))
                    .with_cause(reason.as_str())
            }
            TokenError::KeysUnavailable { retry_after } => {
                let detail =
                    "The issuer's keys are unavailable; retry after the time in Retry-After.";
                Self::new(ErrorCode::KeysUnavailable, detail)
                    .with_header(ErrorHeader::RetryAfter(retry_after))
                    .with_cause("no keys of the token's issuer are available")
            }
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::user_not_found(),
            Denied::Refused(refusal) => refusal.into(),
        }
    }
}
