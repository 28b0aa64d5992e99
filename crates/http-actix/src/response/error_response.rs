//! Contract B's error body: the published `ErrorResponse`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::response::api_error::{Fault, Issue, Place};

/// What went wrong; more than one entry if several values are at fault.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorResponse<'a> {
    #[schema(required = false)]
    errors: Vec<Error<'a>>,
}

/// One thing that went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error<'a> {
    /// What, in a word that programs can rely on.
    #[schema(required = false, example = "user_not_found")]
    code: &'static str,
    /// What, in words.
    #[schema(required = false)]
    detail: &'a str,
    /// Where in the request, and which request.
    #[schema(required = false, nullable)]
    meta: Meta<'a>,
}

/// Where in the request, and which request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta<'a> {
    /// The member of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<&'a str>,
    /// The query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<&'a str>,
    /// The request, as `X-Request-Id` and the log name it.
    request_id: &'a str,
}

impl<'a> ErrorResponse<'a> {
    /// The response to a fault.
    pub(crate) fn new(fault: &'a Fault, request_id: &'a str) -> Self {
        let errors = if fault.issues().is_empty() {
            let meta = Meta { field: None, parameter: None, request_id };
            vec![Error { code: fault.code().as_str(), detail: fault.detail(), meta }]
        } else {
            fault.issues().iter().map(|issue| Error::new(issue, request_id)).collect()
        };
        Self { errors }
    }
}

impl<'a> Error<'a> {
    /// The entry for one issue.
    pub(crate) fn new(issue: &'a Issue, request_id: &'a str) -> Self {
        let (field, parameter) = match &issue.place {
            Some(Place::Field(name)) => (Some(name.as_ref()), None),
            Some(Place::Parameter(name)) => (None, Some(name.as_ref())),
            None => (None, None),
        };
        let meta = Meta { field, parameter, request_id };
        Self { code: issue.code.as_str(), detail: &issue.detail, meta }
    }
}
