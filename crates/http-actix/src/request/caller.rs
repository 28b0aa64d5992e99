//! Who calls: the first argument of every handler.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use domain::{Bearer, Denied, Operation, TenantId};
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use ports::{CallContext, QuotaOwner};

use crate::metrics::ShedReason;
use crate::protection::admission::{Permit, quota_owner_of};
use crate::request::path::PathNames;
use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;
use crate::server::access_log::LogFields;
use crate::server::state::AppState;
use token_verifier::TokenError;

/// The bearer of the request's verified token.
///
/// It stands first among a handler's arguments, and what comes after it there never fails by
/// itself: a request without a good token learns nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    bearer: Arc<Bearer>,
    log_fields: LogFields,
}

impl Caller {
    /// What the token says.
    pub(crate) fn bearer(&self) -> &Bearer {
        &self.bearer
    }

    /// Records for the log which tenant the request is about, where its path does not say.
    pub(crate) fn asks_about(&self, tenant: &TenantId) {
        self.log_fields.tenant(Some(tenant));
    }

    /// Refuses a caller whose token lacks the permission, before anything else is looked at.
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
            let token = bearer_token(&request)?;
            let state = request
                .app_data::<web::Data<AppState>>()
                .ok_or_else(|| ApiError::internal("the application has no state"))?;
            let (live, log_fields) = (state.reloadable(), LogFields::of(&request));
            let bearer = live.verifier.verify(token).await.inspect_err(|error| {
                state.metrics.refused(error);
                log_fields.issuer(live.verifier.issuer_of(token));
            })?;
            let named = PathNames::of(&request);
            log_fields.caller(bearer.caller);
            log_fields.tenant(named.tenant().or_else(|| bearer.only_tenant()));
            let quota_headers = state.limits.draw(bearer.caller, &request);
            let wait = quota_headers.wait();
            // What is said of it is for the edge to say.
            request.extensions_mut().insert(quota_headers);
            if let Some(wait) = wait {
                let detail = "Rate limit exceeded; retry after the time in Retry-After.";
                return Err(ApiError::new(ErrorCode::TooManyRequests, detail)
                    .with(ErrorHeader::RetryAfter(wait)));
            }
            negotiate(&request)?;
            let quota_owner = quota_owner_of(&bearer, named.tenant());
            if let Some(call) = CallContext::current() {
                call.set_quota_owner(quota_owner.clone());
            }
            acquire_permit(&request, state, quota_owner).await?;
            Ok(Self { bearer, log_fields })
        }
        .boxed_local()
    }
}

/// It is held as long as the request is there, and handed on to the answer by the edge.
async fn acquire_permit(
    request: &HttpRequest,
    state: &AppState,
    quota_owner: QuotaOwner,
) -> Result<(), ApiError> {
    let permit = state.admission.enter(quota_owner).await.map_err(no_room)?;
    request.extensions_mut().insert(permit);
    Ok(())
}

/// Waits for something that a client is to send, without holding a permit meanwhile: it would cost
/// the client nothing to be slow, and others their turn. What is there already is taken at once.
pub(crate) async fn release_permit_while<T>(
    request: &HttpRequest,
    from_client: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let mut from_client = pin!(from_client);
    if let Some(come) = from_client.as_mut().now_or_never() {
        return come;
    }
    let permit = request.extensions_mut().remove::<Permit>();
    let quota_owner = permit.as_ref().map(|permit| permit.quota_owner().clone());
    drop(permit);
    let come = from_client.await?;
    if let (Some(quota_owner), Some(state)) =
        (quota_owner, request.app_data::<web::Data<AppState>>())
    {
        acquire_permit(request, state, quota_owner).await?;
    }
    Ok(come)
}

fn no_room(reason: ShedReason) -> ApiError {
    ApiError::new(
        ErrorCode::Overloaded,
        "The service is overloaded; retry after the time in Retry-After.",
    )
    .with(ErrorHeader::RetryAfter(ROOM_BEFORE_LONG))
    .because(reason.as_str())
}

/// Crowds come and go within moments; what is worked on is done within seconds.
const ROOM_BEFORE_LONG: Duration = Duration::from_secs(1);

/// The token of the one `Authorization` header (RFC 6750 §2.1); no other permit is looked at.
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
                    .with(ErrorHeader::Challenge(challenge.into()))
                    .because(reason.as_str())
            }
            TokenError::KeysUnavailable { retry_after } => {
                let detail = "The keys of the token's issuer are unavailable; retry after the time in Retry-After.";
                Self::new(ErrorCode::KeysUnavailable, detail)
                    .with(ErrorHeader::RetryAfter(retry_after))
                    .because("there are no keys of the token's issuer")
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

/// Refuses a client that takes no JSON (RFC 9110 §12.5.1). The answer to DELETE has no body.
fn negotiate(request: &HttpRequest) -> Result<(), ApiError> {
    let mut accepts = request.headers().get_all(header::ACCEPT).peekable();
    if accepts.peek().is_none() || request.method() == Method::DELETE {
        return Ok(());
    }
    let ranges = accepts.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if takes_json(ranges) {
        Ok(())
    } else {
        Err(ApiError::new(
            ErrorCode::NotAcceptable,
            "The response is application/json, which Accept must allow.",
        ))
    }
}

/// The most specific range that fits says whether JSON is taken: `q=0` means it is not.
fn takes_json<'a>(ranges: impl Iterator<Item = &'a str>) -> bool {
    let mut best: Option<(usize, bool)> = None;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let precision = match media.as_str() {
            "application/json" => 2,
            "application/*" => 1,
            "*/*" => 0,
            _ => continue,
        };
        let refused = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .and_then(|(_, value)| value.trim().parse::<f32>().ok())
            .is_some_and(|quality| quality <= 0.0);
        if best.is_none_or(|(before, _)| precision > before) {
            best = Some((precision, !refused));
        }
    }
    best.is_some_and(|(_, taken)| taken)
}

#[cfg(test)]
mod tests {
    use super::takes_json;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("*/*", true),
            ("application/*;q=0.1", true),
            ("text/html, */*;q=0.1", true),
            ("text/html", false),
            ("application/problem+json", false),
            ("application/json;q=0", false),
            ("application/json;q=0, */*", false),
            ("*/*;q=0, application/json", true),
            ("", false),
        ] {
            assert_eq!(takes_json(accept.split(',')), taken, "{accept}");
        }
    }
}
