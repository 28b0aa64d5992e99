//! Single requests: to set up, to compare responses, and to control the stand-in for Auth0.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A client that blocks until the response is complete.
#[derive(Debug)]
pub(crate) struct Http {
    runtime: Runtime,
    client: Client,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Http {
    pub(crate) fn new() -> Self {
        Self { runtime: runtime(), client: client(None) }
    }

    /// A client that trusts only the authority in the file (PEM).
    pub(crate) fn trusting(ca: &Path) -> Self {
        Self { runtime: runtime(), client: client(Some(ca)) }
    }

    pub(crate) fn get(&self, url: &str, token: &str) -> Response {
        self.send(Method::GET, url, token, String::new())
    }

    pub(crate) fn send(&self, method: Method, url: &str, token: &str, body: String) -> Response {
        self.runtime.block_on(send(&self.client, method, url, token, body))
    }

    /// Sends all requests with at most `at_once` in flight, and returns the responses in order.
    pub(crate) fn send_all(
        &self,
        requests: Vec<(Method, String, String)>,
        token: &str,
        at_once: usize,
    ) -> Vec<Response> {
        self.runtime.block_on(async {
            let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(at_once));
            let tasks: Vec<_> = requests
                .into_iter()
                .map(|(method, url, body)| {
                    let (client, token) = (self.client.clone(), token.to_owned());
                    let permits = std::sync::Arc::clone(&permits);
                    tokio::spawn(async move {
                        let _permit = permits.acquire().await.unwrap();
                        send(&client, method, &url, &token, body).await
                    })
                })
                .collect();
            let mut responses = Vec::new();
            for task in tasks {
                responses.push(task.await.unwrap());
            }
            responses
        })
    }

    /// Reads a response to the end without keeping it. Returns its status and its bytes.
    pub(crate) fn drain(&self, url: &str, token: &str) -> (u16, u64) {
        self.runtime.block_on(async {
            let request = self.client.get(url).bearer_auth(token);
            let mut response = request.send().await.unwrap();
            let mut bytes = 0;
            while let Some(part) = response.chunk().await.unwrap() {
                bytes += part.len() as u64;
            }
            (response.status().as_u16(), bytes)
        })
    }
}

/// Returns a client that trusts only the authority in the file, if there is one.
pub(crate) fn client(ca: Option<&Path>) -> Client {
    let mut builder =
        Client::builder().no_proxy().tcp_nodelay(true).timeout(Duration::from_mins(2));
    if let Some(ca) = ca {
        let pem = std::fs::read(ca).unwrap();
        builder = builder.tls_certs_only([Certificate::from_pem(&pem).unwrap()]);
    }
    builder.build().unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn send(client: &Client, method: Method, url: &str, token: &str, body: String) -> Response {
    let mut request = client.request(method, url).bearer_auth(token);
    if !body.is_empty() {
        request = request.header("content-type", "application/json").body(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    Response { status, body: response.bytes().await.unwrap().to_vec() }
}
