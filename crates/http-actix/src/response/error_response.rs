//! The error format of contract B: the published `ErrorResponse`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::field_error::{ErrorSource, FieldError};

/// The errors of a request; several if several values are invalid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorResponse<'a> {
    errors: Vec<ErrorObject<'a>>,
}

/// One error. The published contract names this schema `Error`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorObject<'a> {
    // Generated clients could not use `Error` as a name beside their language's own type.
    code: ErrorCode,
    /// A sentence about the error.
    detail: &'a str,
    /// The part of the request that the error is about, and the request id.
    #[schema(nullable)]
    meta: Meta<'a>,
}

/// The part of the request that the error is about, and the request id.
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
    /// The request id, as in `X-Request-Id` and in the log.
    request_id: &'a str,
}

impl<'a> ErrorResponse<'a> {
    /// Renders an error.
    pub(crate) fn new(api_error: &'a ApiError, request_id: &'a str) -> Self {
        let errors = if api_error.field_errors().is_empty() {
            let meta = Meta { field: None, parameter: None, request_id };
            vec![ErrorObject { code: api_error.code(), detail: api_error.detail(), meta }]
        } else {
            api_error
                .field_errors()
                .iter()
                .map(|field_error| ErrorObject::new(field_error, request_id))
                .collect()
        };
        Self { errors }
    }
}

impl<'a> ErrorObject<'a> {
    /// Renders one field error.
    pub(crate) fn new(field_error: &'a FieldError, request_id: &'a str) -> Self {
        let (field, parameter) = match &field_error.source {
            Some(ErrorSource::Field(name)) => (Some(name.as_ref()), None),
            Some(ErrorSource::Parameter(name)) => (None, Some(name.as_ref())),
            None => (None, None),
        };
        let meta = Meta { field, parameter, request_id };
        Self { code: field_error.code, detail: &field_error.detail, meta }
    }
}
