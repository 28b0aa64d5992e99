//! The parameters of a request to the Authentication API.

use std::collections::HashMap;

use crate::http::error::ApiError;
use crate::http::request::Request;

/// The parameters of a request, from a form or JSON. It has no `Debug` because it contains
/// passwords.
pub(crate) struct Parameters(HashMap<String, String>);

impl Parameters {
    pub(crate) fn from_request(request: &Request) -> Result<Self, ApiError> {
        let is_json = request
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
        if !is_json {
            let pairs = form_urlencoded::parse(&request.body);
            return Ok(Self(pairs.into_owned().collect()));
        }
        let invalid = |_| ApiError::oauth(400, "invalid_request", "Invalid JSON body.");
        let members: HashMap<String, serde_json::Value> =
            serde_json::from_slice(&request.body).map_err(invalid)?;
        let text =
            |(name, value): (String, serde_json::Value)| Some((name, value.as_str()?.to_owned()));
        Ok(Self(members.into_iter().filter_map(text).collect()))
    }

    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name).ok_or_else(|| {
            let description = format!("Missing required parameter: {name}");
            ApiError::oauth(400, "invalid_request", description)
        })
    }
}

/// Returns the short name of the requested grant, which request counts and faults use.
pub(crate) fn grant_name(request: &Request) -> Option<String> {
    let grant = Parameters::from_request(request).ok()?.0.remove("grant_type")?;
    Some(grant.rsplit('/').next().unwrap_or_default().to_owned())
}
