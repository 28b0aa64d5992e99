//! The requests: addresses, headers, bodies.

use std::fmt;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use domain::{EmailAddress, UserId};
use ports::CallContext;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::config::{Auth0Config, Domain};
use crate::management::params::Search;
use crate::management::wire;
use crate::transport::call_kind::Kind;
use crate::transport::request::Outgoing;

/// Shows in Auth0's tenant log, so that a call of Usher's can be found there.
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// Who is behind an attempt to log in. Auth0 believes it if the application is allowed to say so
/// ("Trust Token Endpoint IP Header").
const FORWARDED_FOR: HeaderName = HeaderName::from_static("auth0-forwarded-for");

/// Makes the requests for one Auth0 tenant.
pub(crate) struct Api {
    domain: Domain,
    audience: String,
    client_id: String,
    client_secret: RwLock<SecretString>,
    connection: String,
}

#[derive(Serialize)]
struct TokenRequest<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
    audience: &'a str,
}

#[derive(Serialize)]
struct LogIn<'a> {
    grant_type: &'static str,
    realm: &'a str,
    username: &'a str,
    password: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Serialize)]
struct ResetMail<'a> {
    client_id: &'a str,
    email: &'a str,
    connection: &'a str,
}

impl Api {
    pub(crate) fn of(config: &Auth0Config) -> Self {
        Self {
            domain: config.domain.clone(),
            audience: config.audience.clone(),
            client_id: config.client_id.clone(),
            client_secret: RwLock::new(config.client_secret.clone()),
            connection: config.connection.clone(),
        }
    }

    /// The secret from now on.
    pub(crate) fn set_client_secret(&self, secret: SecretString) {
        *self.client_secret.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    fn client_secret(&self) -> RwLockReadGuard<'_, SecretString> {
        self.client_secret.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request about one account, without a body.
    pub(crate) fn user(&self, route: &'static str, method: Method, id: &UserId) -> Outgoing {
        let kind = if method == Method::GET { Kind::Read } else { Kind::Write };
        request(kind, route, method, self.users(&[id.as_str()]))
    }

    pub(crate) fn users_by_email(&self, email: &EmailAddress) -> Outgoing {
        let mut url = self.domain.at(&["api", "v2", "users-by-email"]);
        url.query_pairs_mut().append_pair("email", email.as_str());
        request(Kind::Read, "GET /api/v2/users-by-email", Method::GET, url)
    }

    pub(crate) fn search(&self, search: &Search) -> Outgoing {
        let mut url = self.users(&[]);
        url.query_pairs_mut()
            .append_pair("q", &search.q)
            .append_pair("search_engine", "v3")
            .append_pair("sort", search.sort)
            .append_pair("page", &search.page.to_string())
            .append_pair("per_page", &search.per_page.to_string())
            .append_pair("include_totals", "true")
            .append_pair("fields", wire::User::FIELDS)
            .append_pair("include_fields", "true");
        request(Kind::Search, "GET /api/v2/users", Method::GET, url)
    }

    pub(crate) fn create(&self, new: &wire::NewUser) -> Outgoing {
        let (route, url) = ("POST /api/v2/users", self.users(&[]));
        with_json(request(Kind::Write, route, Method::POST, url), new)
    }

    pub(crate) fn patch(&self, id: &UserId, patch: &wire::UserPatch) -> Outgoing {
        with_json(self.user("PATCH /api/v2/users/{id}", Method::PATCH, id), patch)
    }

    /// An account that cannot exist, since Usher makes no such ids.
    pub(crate) fn probe(&self) -> Outgoing {
        let (route, url) = ("GET /api/v2/users/{id}", self.users(&["auth0|usher-readiness"]));
        request(Kind::Read, route, Method::GET, url)
    }

    /// A request for a token for the Management API.
    pub(crate) fn token(&self) -> Outgoing {
        let secret = self.client_secret();
        let body = TokenRequest {
            grant_type: "client_credentials",
            client_id: &self.client_id,
            client_secret: secret.expose_secret(),
            audience: &self.audience,
        };
        let url = self.domain.at(&["oauth", "token"]);
        let route = "POST /oauth/token client_credentials";
        with_json(request(Kind::Token, route, Method::POST, url), &body)
    }

    pub(crate) fn log_in(
        &self,
        username: &str,
        password: &str,
        client: Option<IpAddr>,
    ) -> Outgoing {
        let secret = self.client_secret();
        let body = LogIn {
            grant_type: "http://auth0.com/oauth/grant-type/password-realm",
            realm: &self.connection,
            username,
            password,
            client_id: &self.client_id,
            client_secret: secret.expose_secret(),
        };
        let url = self.domain.at(&["oauth", "token"]);
        let route = "POST /oauth/token password-realm";
        let mut outgoing = with_json(request(Kind::PasswordCheck, route, Method::POST, url), &body);
        if let Some(client) = client
            // ::ffff:192.0.2.1 is 192.0.2.1, and counts as that.
            && let Ok(value) = HeaderValue::try_from(client.to_canonical().to_string())
        {
            outgoing.headers.insert(FORWARDED_FOR, value);
        }
        outgoing
    }

    pub(crate) fn reset_mail(&self, email: &EmailAddress) -> Outgoing {
        let body = ResetMail {
            client_id: &self.client_id,
            email: email.as_str(),
            connection: &self.connection,
        };
        let url = self.domain.at(&["dbconnections", "change_password"]);
        let route = "POST /dbconnections/change_password";
        with_json(request(Kind::Mail, route, Method::POST, url), &body)
    }

    /// What every issuer tells of itself (OpenID Connect Discovery 1.0 §4).
    pub(crate) fn discovery(&self) -> Outgoing {
        let url = self.domain.at(&[".well-known", "openid-configuration"]);
        request(Kind::Read, "GET /.well-known/openid-configuration", Method::GET, url)
    }

    /// The connections of this name, of which there is one at most.
    pub(crate) fn connections(&self, name: &str) -> Outgoing {
        let mut url = self.domain.at(&["api", "v2", "connections"]);
        url.query_pairs_mut().append_pair("name", name);
        request(Kind::Read, "GET /api/v2/connections", Method::GET, url)
    }

    fn users(&self, below: &[&str]) -> Url {
        self.domain.at(&[&["api", "v2", "users"], below].concat())
    }
}

/// A request that bears the name of the call that it is part of.
fn request(kind: Kind, route: &'static str, method: Method, url: Url) -> Outgoing {
    let mut headers = HeaderMap::new();
    if let Some(call) = CallContext::current()
        && let Ok(value) = HeaderValue::from_str(call.request_id())
    {
        headers.insert(CORRELATION_ID, value);
    }
    Outgoing { kind, route, method, url, headers, body: None }
}

fn with_json(mut outgoing: Outgoing, body: &impl Serialize) -> Outgoing {
    outgoing.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // None of the bodies here can fail: their keys are text. Auth0 would refuse an empty one.
    outgoing.body = Some(serde_json::to_vec(body).unwrap_or_default());
    outgoing
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("domain", &self.domain).finish_non_exhaustive()
    }
}
