//! The order of the checks.

use std::sync::Arc;

use domain::Timestamp;
use ports::{Clock, NoopObserver};
use tokio::time::Instant;

use super::finding::{Finding, NOT_LOOKED_AT, Verdict, chain};
use super::{checks, scopes};
use crate::config::Auth0Config;
use crate::error::Failure;
use crate::management::decode::json;
use crate::management::requests::Api;
use crate::management::token::Token;
use crate::transport::client::Client;
use crate::transport::request::Outgoing;
use crate::transport::response::Answer;

/// Looks at everything that Usher needs of Auth0.
///
/// It asks for one token, reads the connection if it may, and fails to log in once, with an
/// address that nobody has.
pub async fn examine(config: &Auth0Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let client = match Client::new(config, Arc::new(NoopObserver)) {
        Ok(client) => client,
        Err(error) => {
            findings.push(
                Finding::new(checks::REACHED, Verdict::Problem, chain(&error))
                    .fix("Let the file with additional certificates hold certificates in PEM."),
            );
            skip_after(checks::REACHED, &mut findings);
            return findings;
        }
    };
    let examination = Examination { config, client, api: Api::of(config), clock };
    examination.run(&mut findings).await;
    findings
}

/// The means of an examination.
struct Examination<'a> {
    config: &'a Auth0Config,
    client: Client,
    api: Api,
    clock: Arc<dyn Clock>,
}

impl Examination<'_> {
    async fn run(&self, findings: &mut Vec<Finding>) {
        let discovery = self.send(&self.api.discovery(), None).await;
        let reached = checks::reached(&self.config.domain, &discovery);
        let is_reached = reached.verdict == Verdict::Ok;
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
            Err(Failure::Refused(refusal)) if refusal.status() == 401
        );
        if client_is_known {
            findings.push(self.password_grant().await);
        } else {
            findings.push(Finding::skipped(checks::PASSWORD_GRANT, NOT_LOOKED_AT));
        }
        findings.push(checks::forwarded_for());
    }

    async fn token(&self) -> Result<Token, Failure> {
        let start = Instant::now();
        let answer = self.send(&self.api.token(), None).await?;
        Token::read(&answer, self.now(), start)
    }

    async fn connection(&self, token: &Token, findings: &mut Vec<Finding>) {
        let name = &self.config.connection;
        let may =
            token.scope().is_none_or(|scope| scope.split(' ').any(|s| s == "read:connections"));
        if !may {
            return checks::no_connections(findings);
        }
        let answer = self.send(&self.api.connections(name), Some(token)).await;
        let answer = answer.and_then(|answer| json(&answer, self.now()));
        checks::connection(name, &self.config.client_id, answer, findings);
    }

    /// The one attempt to log in.
    async fn password_grant(&self) -> Finding {
        let mut bytes = [0_u8; 8];
        // A fixed name would do too, until attack protection has seen it too often.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        let name = format!("usher-doctor-{:016x}@example.invalid", u64::from_le_bytes(bytes));
        let answer = self.send(&self.api.log_in(&name, "not-a-password", None), None).await;
        checks::password_grant(&answer.map(|answer| (answer.status, answer.body)))
    }

    async fn send(&self, outgoing: &Outgoing, token: Option<&Token>) -> Result<Answer, Failure> {
        let deadline = Instant::now() + self.config.timeout;
        self.client.send(outgoing, token.map(Token::header), deadline, 1).await
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn skip_after(check: &'static str, findings: &mut Vec<Finding>) {
    skip_between(check, checks::FORWARDED_FOR, findings);
    findings.push(checks::forwarded_for());
}

/// Skips what comes after the one check and before the other.
fn skip_between(after: &'static str, before: &'static str, findings: &mut Vec<Finding>) {
    let rest = checks::ALL
        .iter()
        .skip_while(|check| **check != after)
        .skip(1)
        .take_while(|check| **check != before);
    findings.extend(rest.map(|check| Finding::skipped(check, NOT_LOOKED_AT)));
}
