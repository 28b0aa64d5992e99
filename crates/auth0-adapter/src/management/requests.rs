//! Requests: URLs, headers and bodies.

use std::fmt;
use std::net::IpAddr;

use domain::{EmailAddress, UserId};
use parking_lot::{RwLock, RwLockReadGuard};
use ports::CallContext;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::config::{Auth0Config, Domain};
use crate::management::params::UserSearch;
use crate::management::wire;
use crate::transport::call_kind::CallKind;
use crate::transport::request::ApiRequest;

/// Appears in Auth0's tenant log, so that a request of Usher can be found there.
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// The client address behind an attempt to log in. Auth0 uses it if the application is allowed to
/// send it ("Trust Token Endpoint IP Header").
const FORWARDED_FOR: HeaderName = HeaderName::from_static("auth0-forwarded-for");

/// Builds the requests to one Auth0 tenant.
pub(crate) struct RequestBuilder {
    domain: Domain,
    audience: String,
    client_id: String,
    client_secret: RwLock<SecretString>,
}

#[derive(Serialize)]
struct ClientCredentialsBody<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
    audience: &'a str,
}

#[derive(Serialize)]
struct PasswordGrantBody<'a> {
    grant_type: &'static str,
    realm: &'a str,
    username: &'a str,
    password: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Serialize)]
struct ResetMailBody<'a> {
    client_id: &'a str,
    email: &'a str,
    connection: &'a str,
}

#[derive(Serialize)]
struct VerificationMailBody<'a> {
    user_id: &'a str,
    client_id: &'a str,
}

impl RequestBuilder {
    pub(crate) fn new(config: &Auth0Config) -> Self {
        Self {
            domain: config.domain.clone(),
            audience: config.audience.clone(),
            client_id: config.client_id.clone(),
            client_secret: RwLock::new(config.client_secret.clone()),
        }
    }

    /// Replaces the client secret.
    pub(crate) fn set_client_secret(&self, secret: SecretString) {
        *self.client_secret.write() = secret;
    }

    fn client_secret(&self) -> RwLockReadGuard<'_, SecretString> {
        self.client_secret.read()
    }

    /// A request about one account, without a body.
    pub(crate) fn user(&self, route: &'static str, method: Method, id: &UserId) -> ApiRequest {
        let kind = if method == Method::GET { CallKind::Read } else { CallKind::Write };
        request(kind, route, method, self.users(&[id.as_str()]))
    }

    pub(crate) fn users_by_email(&self, email: &EmailAddress) -> ApiRequest {
        let mut url = self.domain.url_for(&["api", "v2", "users-by-email"]);
        url.query_pairs_mut().append_pair("email", email.as_str());
        request(CallKind::Read, "GET /api/v2/users-by-email", Method::GET, url)
    }

    /// Whole rows: `last_password_reset`, which decides whether a membership is pending, is not
    /// among the names that the parameter `fields` takes.
    pub(crate) fn search(&self, search: &UserSearch) -> ApiRequest {
        let mut url = self.users(&[]);
        url.query_pairs_mut()
            .append_pair("q", &search.q)
            .append_pair("search_engine", "v3")
            .append_pair("sort", search.sort)
            .append_pair("page", &search.page.to_string())
            .append_pair("per_page", &search.per_page.to_string())
            .append_pair("include_totals", "true");
        request(CallKind::Search, "GET /api/v2/users", Method::GET, url)
    }

    pub(crate) fn create(&self, new: &wire::CreateUserBody) -> ApiRequest {
        let (route, url) = ("POST /api/v2/users", self.users(&[]));
        with_json(request(CallKind::Write, route, Method::POST, url), new)
    }

    pub(crate) fn patch(&self, id: &UserId, patch: &wire::PatchUserBody) -> ApiRequest {
        with_json(self.user("PATCH /api/v2/users/{id}", Method::PATCH, id), patch)
    }

    /// Reads an account that cannot exist, since Usher generates no such ids.
    pub(crate) fn readiness_probe(&self) -> ApiRequest {
        let (route, url) = ("GET /api/v2/users/{id}", self.users(&["auth0|usher-readiness"]));
        request(CallKind::Read, route, Method::GET, url)
    }

    /// Requests a token for the Management API.
    pub(crate) fn token(&self) -> ApiRequest {
        let secret = self.client_secret();
        let body = ClientCredentialsBody {
            grant_type: "client_credentials",
            client_id: &self.client_id,
            client_secret: secret.expose_secret(),
            audience: &self.audience,
        };
        let url = self.domain.url_for(&["oauth", "token"]);
        let route = "POST /oauth/token client_credentials";
        with_json(request(CallKind::Token, route, Method::POST, url), &body)
    }

    pub(crate) fn log_in(
        &self,
        realm: &str,
        username: &str,
        password: &str,
        client: Option<IpAddr>,
    ) -> ApiRequest {
        let secret = self.client_secret();
        let body = PasswordGrantBody {
            grant_type: "http://auth0.com/oauth/grant-type/password-realm",
            realm,
            username,
            password,
            client_id: &self.client_id,
            client_secret: secret.expose_secret(),
        };
        let url = self.domain.url_for(&["oauth", "token"]);
        let route = "POST /oauth/token password-realm";
        let mut api_request =
            with_json(request(CallKind::PasswordCheck, route, Method::POST, url), &body);
        if let Some(client) = client
            // ::ffff:192.0.2.1 and 192.0.2.1 are the same address.
            && let Ok(value) = HeaderValue::try_from(client.to_canonical().to_string())
        {
            api_request.headers.insert(FORWARDED_FOR, value);
        }
        api_request
    }

    pub(crate) fn reset_mail(&self, connection: &str, email: &EmailAddress) -> ApiRequest {
        let body = ResetMailBody { client_id: &self.client_id, email: email.as_str(), connection };
        let url = self.domain.url_for(&["dbconnections", "change_password"]);
        let route = "POST /dbconnections/change_password";
        with_json(request(CallKind::Mail, route, Method::POST, url), &body)
    }

    pub(crate) fn verification_mail(&self, id: &UserId) -> ApiRequest {
        let body = VerificationMailBody { user_id: id.as_str(), client_id: &self.client_id };
        let url = self.domain.url_for(&["api", "v2", "jobs", "verification-email"]);
        let route = "POST /api/v2/jobs/verification-email";
        with_json(request(CallKind::Mail, route, Method::POST, url), &body)
    }

    /// Requests the issuer's metadata (OpenID Connect Discovery 1.0 §4).
    pub(crate) fn discovery(&self) -> ApiRequest {
        let url = self.domain.url_for(&[".well-known", "openid-configuration"]);
        request(CallKind::Read, "GET /.well-known/openid-configuration", Method::GET, url)
    }

    /// Requests the connections of this name, of which there is one at most.
    pub(crate) fn connections(&self, name: &str) -> ApiRequest {
        let mut url = self.domain.url_for(&["api", "v2", "connections"]);
        url.query_pairs_mut().append_pair("name", name);
        request(CallKind::Read, "GET /api/v2/connections", Method::GET, url)
    }

    fn users(&self, below: &[&str]) -> Url {
        self.domain.url_for(&[&["api", "v2", "users"], below].concat())
    }
}

/// A request that carries the id of the current call.
fn request(kind: CallKind, route: &'static str, method: Method, url: Url) -> ApiRequest {
    let mut headers = HeaderMap::new();
    if let Some(call) = CallContext::current()
        && let Ok(value) = HeaderValue::from_str(call.request_id())
    {
        headers.insert(CORRELATION_ID, value);
    }
    ApiRequest { kind, route, method, url, headers, body: None }
}

fn with_json(mut api_request: ApiRequest, body: &impl Serialize) -> ApiRequest {
    api_request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Serialization of these bodies cannot fail, since their keys are strings. Auth0 would reject
    // an empty body.
    api_request.body = Some(serde_json::to_vec(body).unwrap_or_default());
    api_request
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").field("domain", &self.domain).finish_non_exhaustive()
    }
}
