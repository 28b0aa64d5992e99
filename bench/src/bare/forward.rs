//! The handlers that forward to Auth0, whose responses they return as they are.

use std::path::Path;

use actix_web::error::ErrorBadGateway;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Result};
use reqwest::Client;

use super::tokens::Tokens;

const VIEW: &str = "VIEW_USERS_AND_GROUPS";

/// The first page of 20 users of the tenant `acme`, as Usher searches for them.
const FIRST_PAGE: &str = "q=app_metadata.usher_tenant_acme.role%3A(%22owner%22+OR+%22admin%22+OR+%22viewer%22+OR+%22member%22)\
    &search_engine=v3&sort=user_id%3A1&page=0&per_page=20&include_totals=true";

/// The Management API, with a token that outlives the measurement.
pub(super) struct Upstream {
    client: Client,
    url: String,
    token: String,
}

impl Upstream {
    pub(super) fn new(auth0: &str, token: &str, ca: &Path) -> Self {
        let url = format!("{auth0}/api/v2/users");
        Self { client: crate::http::client(Some(ca)), url, token: token.to_owned() }
    }

    async fn forward(&self, url: String) -> Result<HttpResponse> {
        let request = self.client.get(url).bearer_auth(&self.token);
        let response = request.send().await.map_err(ErrorBadGateway)?;
        let status = StatusCode::from_u16(response.status().as_u16()).map_err(ErrorBadGateway)?;
        let body = response.bytes().await.map_err(ErrorBadGateway)?;
        Ok(HttpResponse::build(status).content_type("application/json").body(body))
    }
}

pub(super) async fn get(
    request: HttpRequest,
    tokens: Data<Tokens>,
    upstream: Data<Upstream>,
) -> Result<HttpResponse> {
    tokens.authorize(&request, VIEW)?;
    let encoded_id = request.uri().path().rsplit('/').next().unwrap_or_default();
    upstream.forward(format!("{}/{encoded_id}", upstream.url)).await
}

pub(super) async fn list(
    request: HttpRequest,
    tokens: Data<Tokens>,
    upstream: Data<Upstream>,
) -> Result<HttpResponse> {
    tokens.authorize(&request, VIEW)?;
    upstream.forward(format!("{}?{FIRST_PAGE}", upstream.url)).await
}
