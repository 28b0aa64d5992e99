//! Runs the checks in order.

use std::sync::Arc;

use domain::Timestamp;
use ports::{Clock, NoopObserver};
use tokio::time::Instant;

use super::finding::{Finding, FindingStatus, NOT_LOOKED_AT, chain};
use super::{checks, scopes};
use crate::config::Auth0Config;
use crate::error::RequestError;
use crate::management::decode::decode_json;
use crate::management::requests::RequestBuilder;
use crate::management::token::AccessToken;
use crate::transport::client::HttpClient;
use crate::transport::request::ApiRequest;
use crate::transport::response::ApiResponse;

/// Checks everything that Usher needs of Auth0.
///
/// It requests one token, reads the connection if allowed, and makes one failing log-in with a
/// nonexistent address.
pub async fn examine(config: &Auth0Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let client = match HttpClient::new(config, Arc::new(NoopObserver)) {
        Ok(client) => client,
        Err(error) => {
            findings.push(
                Finding::new(checks::REACHED, FindingStatus::Problem, chain(&error)).fix(
                    "Put one or more PEM certificates into the file of additional certificates.",
                ),
            );
            skip_after(checks::REACHED, &mut findings);
            return findings;
        }
    };
    let examination = Examination { config, client, requests: RequestBuilder::new(config), clock };
    examination.run(&mut findings).await;
    findings
}

/// What the checks work with.
struct Examination<'a> {
    config: &'a Auth0Config,
    client: HttpClient,
    requests: RequestBuilder,
    clock: Arc<dyn Clock>,
}

impl Examination<'_> {
    async fn run(&self, findings: &mut Vec<Finding>) {
        let discovery = self.send(&self.requests.discovery(), None).await;
        let reached = checks::reached(&self.config.domain, &discovery);
        let is_reached = reached.status == FindingStatus::Ok;
        findings.push(reached);
        let Ok(discovery) = discovery else { return skip_after(checks::REACHED, findings) };
        findings.push(checks::clock(&discovery.headers, self.now()));
        if !is_reached {
            return skip_after(checks::CLOCK, findings);
        }
        let token = self.token().await;
        findings.push(checks::credentials(&self.config.audience, &token));
        if let Ok(token) = &token {
            scopes::examine(token.scope(), findings);
            self.connection(token, findings).await;
        } else {
            skip_between(checks::CREDENTIALS, checks::PASSWORD_GRANT, findings);
        }
        let client_is_known = !matches!(
            &token,
            Err(RequestError::Rejected(response)) if response.status() == 401
        );
        if client_is_known {
            findings.push(self.password_grant().await);
        } else {
            findings.push(Finding::skipped(checks::PASSWORD_GRANT, NOT_LOOKED_AT));
        }
        findings.push(checks::forwarded_for());
    }

    async fn token(&self) -> Result<AccessToken, RequestError> {
        let start = Instant::now();
        let response = self.send(&self.requests.token(), None).await?;
        AccessToken::decode(&response, self.now(), start)
    }

    async fn connection(&self, token: &AccessToken, findings: &mut Vec<Finding>) {
        let name = &self.config.connection;
        let may =
            token.scope().is_none_or(|scope| scope.split(' ').any(|s| s == "read:connections"));
        if !may {
            return checks::no_connections(findings);
        }
        let response = self.send(&self.requests.connections(name), Some(token)).await;
        let response = response.and_then(|response| decode_json(&response, self.now()));
        checks::connection(name, &self.config.client_id, response, findings);
    }

    /// Makes the one attempt to log in.
    async fn password_grant(&self) -> Finding {
        let mut bytes = [0_u8; 8];
        // With a fixed address, attack protection would block it after some runs.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        let name = format!("usher-doctor-{:016x}@example.invalid", u64::from_le_bytes(bytes));
        let realm = &self.config.connection;
        let request = self.requests.log_in(realm, &name, "not-a-password", None);
        let response = self.send(&request, None).await;
        checks::password_grant(&response.map(|response| (response.status, response.body)))
    }

    async fn send(
        &self,
        request: &ApiRequest,
        token: Option<&AccessToken>,
    ) -> Result<ApiResponse, RequestError> {
        let deadline = Instant::now() + self.config.timeout;
        self.client.send(request, token.map(AccessToken::header), deadline, 1).await
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn skip_after(check: &'static str, findings: &mut Vec<Finding>) {
    skip_between(check, checks::FORWARDED_FOR, findings);
    findings.push(checks::forwarded_for());
}

/// Skips the checks between these two.
fn skip_between(after: &'static str, before: &'static str, findings: &mut Vec<Finding>) {
    let rest = checks::ALL
        .iter()
        .skip_while(|check| **check != after)
        .skip(1)
        .take_while(|check| **check != before);
    findings.extend(rest.map(|check| Finding::skipped(check, NOT_LOOKED_AT)));
}
