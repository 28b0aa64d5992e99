//! The error format of contract A: problem details (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;

/// The media type of [`Problem`].
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// Problem details (RFC 9457), with `code`, `requestId` and `errors` as extension members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem<'a> {
    /// Always `about:blank`: the status and `code` identify the kind of problem.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "about:blank")]
    kind: &'static str,
    /// The name of the status.
    #[schema(example = "Not Found")]
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// A sentence about the error.
    detail: &'a str,
    code: ErrorCode,
    /// The request id, as in `X-Request-Id` and in the log.
    request_id: &'a str,
    /// The errors about single fields or parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem<'a>>,
}

/// An error about one field or parameter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem<'a> {
    /// The member of the body, or the query parameter.
    #[schema(example = "email")]
    field: &'a str,
    code: ErrorCode,
    /// A sentence about the error.
    detail: &'a str,
}

impl<'a> Problem<'a> {
    /// Renders an error.
    pub(crate) fn new(api_error: &'a ApiError, request_id: &'a str) -> Self {
        let status = api_error.code().status();
        let errors = api_error.field_errors().iter().filter_map(|field_error| {
            Some(FieldProblem {
                field: field_error.name()?,
                code: field_error.code,
                detail: &field_error.detail,
            })
        });
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: api_error.detail(),
            code: api_error.code(),
            request_id,
            errors: errors.collect(),
        }
    }
}
