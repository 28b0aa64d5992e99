//! HTTP clients of the service, and its answers.

use std::net::SocketAddr;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::App;
use super::document::Document;

/// A client of the service.
#[derive(Debug, Clone)]
pub(crate) struct Client<'a> {
    app: &'a App,
    address: SocketAddr,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(app: &'a App, token: Option<String>) -> Self {
        Self { app, address: app.address, token, headers: Vec::new() }
    }

    /// Adds a header to each request.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends requests to another address of the service.
    pub(crate) fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Returns the token, if there is one.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Sends a request with an optional JSON body.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send(method, path, body).await
    }

    /// Sends a request with a body as it is.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.app.http.request(method.clone(), url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some((media_type, bytes)) = body {
            if !media_type.is_empty() {
                request = request.header("content-type", media_type);
            }
            request = request.body(bytes);
        }
        #[expect(clippy::disallowed_methods, reason = "all test requests are sent here")]
        let response = request.send().await.unwrap();
        let answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        };
        Document::current().check(&method, path, &answer);
        answer
    }
}

/// A response, already checked against the OpenAPI document.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Returns a header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(HeaderValue::to_str).map(Result::unwrap)
    }

    /// Returns the error code of either error format; the first of several.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let code = body.get("code").or_else(|| body.pointer("/errors/0/code"));
        code.and_then(Value::as_str).unwrap_or_else(|| panic!("no error code: {self:?}")).to_owned()
    }

    /// Returns status and error code, such as `403 tenant_forbidden`; of a success the status only.
    pub(crate) fn outcome(&self) -> String {
        let status = self.status.as_u16();
        if self.status.is_success() {
            status.to_string()
        } else {
            format!("{status} {}", self.code())
        }
    }

    /// Returns all that the caller can see, without what differs between any two responses.
    pub(crate) fn comparable_text(&self) -> String {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            // Keep-alive depends on how much of the body had arrived.
            .filter(|(name, _)| !["x-request-id", "date", "connection"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            // It repeats the requested path.
            .filter(|line| !line.starts_with("link: "))
            .collect();
        headers.sort();
        format!("{}\n{}\n{}", self.status, headers.join("\n"), self.without_request_id())
    }

    /// Returns the body without the request id.
    pub(crate) fn without_request_id(&self) -> String {
        match self.header("x-request-id") {
            Some(id) => self.text.replace(id, "…"),
            None => self.text.clone(),
        }
    }
}
