//! Runs the checks in order.

use std::sync::Arc;

use domain::{AccountRules, Timestamp};
use ports::{Clock, NoopObserver};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::finding::{Finding, FindingStatus, NOT_LOOKED_AT, chain};
use super::{accounts, check_names, checks, scopes};
use crate::config::Auth0Config;
use crate::error::RequestError;
use crate::management::app_metadata::count_older_memberships;
use crate::management::decode::{decode_json, decode_with};
use crate::management::params::UserSearch;
use crate::management::requests::RequestBuilder;
use crate::management::search_query::SearchQuery;
use crate::management::token::AccessToken;
use crate::management::wire::{Auth0User, UserPage};
use crate::transport::client::HttpClient;
use crate::transport::request::ApiRequest;
use crate::transport::response::ApiResponse;

/// Checks everything that Usher needs of Auth0.
///
/// It requests one token, reads the connection if allowed and up to 100 accounts, and makes one
/// failing log-in with a nonexistent address.
pub async fn examine(
    config: &Auth0Config,
    rules: AccountRules,
    clock: Arc<dyn Clock>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let client = match HttpClient::new(config, Handle::current(), Arc::new(NoopObserver)) {
        Ok(client) => client,
        Err(error) => {
            findings.push(
                Finding::new(check_names::REACHED, FindingStatus::Problem, chain(&error)).fix(
                    "Put one or more PEM certificates into the file of additional certificates.",
                ),
            );
            skip_after(check_names::REACHED, &mut findings);
            findings.push(accounts::attach_rule(rules.attach));
            return findings;
        }
    };
    let requests = RequestBuilder::new(config);
    let examination = Examination { config, rules, client, requests, clock };
    examination.run(&mut findings).await;
    findings.push(accounts::attach_rule(rules.attach));
    findings
}

/// What the checks work with.
struct Examination<'a> {
    config: &'a Auth0Config,
    rules: AccountRules,
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
        let Ok(discovery) = discovery else { return skip_after(check_names::REACHED, findings) };
        findings.push(checks::clock(&discovery.headers, self.now()));
        if !is_reached {
            return skip_after(check_names::CLOCK, findings);
        }
        let token = self.token().await;
        findings.push(checks::credentials(&self.config.audience, &token));
        if let Ok(token) = &token {
            scopes::examine(token.scope(), findings);
            self.connection(token, findings).await;
            findings.push(self.memberships(token).await);
        } else {
            skip_between(check_names::CREDENTIALS, check_names::PASSWORD_GRANT, findings);
        }
        let client_is_known = !matches!(
            &token,
            Err(RequestError::Rejected(response)) if response.status() == 401
        );
        if client_is_known {
            findings.push(self.password_grant().await);
        } else {
            findings.push(Finding::skipped(check_names::PASSWORD_GRANT, NOT_LOOKED_AT));
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
        let (client_id, rule) = (&self.config.client_id, self.rules.attach);
        checks::connection(name, client_id, rule, response, findings);
    }

    /// Counts the memberships without an id among the accounts of one page.
    async fn memberships(&self, token: &AccessToken) -> Finding {
        let search = UserSearch {
            q: SearchQuery::connection(&self.config.connection).to_string(),
            sort: "created_at:1",
            page: 0,
            per_page: 100,
        };
        let response = self.send(&self.requests.search(&search), Some(token)).await;
        let prefix = &self.config.metadata_prefix;
        let counts = response.and_then(|response| {
            decode_with(&response, self.now(), |body| {
                let page: UserPage<Auth0User<'_>> = serde_json::from_slice(body)?;
                Ok(page.map(|user| count_older_memberships(prefix, &user.app_metadata)))
            })
        });
        accounts::memberships(counts)
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
    skip_between(check, check_names::FORWARDED_FOR, findings);
    findings.push(checks::forwarded_for());
}

/// Skips the checks between these two.
fn skip_between(after: &'static str, before: &'static str, findings: &mut Vec<Finding>) {
    let rest = check_names::ALL
        .iter()
        .skip_while(|check| **check != after)
        .skip(1)
        .take_while(|check| **check != before);
    findings.extend(rest.map(|check| Finding::skipped(check, NOT_LOOKED_AT)));
}
