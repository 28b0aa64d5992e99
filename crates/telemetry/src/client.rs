//! The one place that builds the HTTP client, and the one function that sends.

use std::time::Duration;

use reqwest::{StatusCode, Url, header, redirect};
use thiserror::Error;

use crate::settings::Endpoint;

/// What is read of an answer. All that is of interest in one is a number.
const MOST: usize = 16 * 1024;

/// An HTTP client for one collector.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: Url,
}

/// Why a batch did not reach the collector, or was not taken there.
#[derive(Debug, Error)]
pub(crate) enum SendError {
    /// No answer, or none in time.
    #[error("the collector did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// An answer that is not yes.
    #[error("the collector answered with status {0}")]
    Status(StatusCode),
}

impl Client {
    pub(crate) fn new(endpoint: Endpoint, timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            // Traces go where the settings say, and nowhere that the collector or HTTP_PROXY says.
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // One task sends, one batch after the other.
            .pool_max_idle_per_host(1)
            .build()?;
        Ok(Self { http, endpoint: endpoint.into_url() })
    }

    /// The beginning of the collector's answer, if it took the body.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Vec<u8>, SendError> {
        let request = self
            .http
            .post(self.endpoint.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .body(body);
        #[expect(clippy::disallowed_methods, reason = "the one function that sends")]
        let mut response = request.send().await.map_err(no_answer)?;
        if !response.status().is_success() {
            return Err(SendError::Status(response.status()));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if chunk.len() > MOST.saturating_sub(answer.len()) {
                break;
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

/// The address is left out: whoever reads the log need not see what stands in its query.
fn no_answer(error: reqwest::Error) -> SendError {
    SendError::NoAnswer(error.without_url())
}
