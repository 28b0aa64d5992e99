//! Validation of the values of a body, which collects all errors.

use std::fmt::Display;

use domain::{Role, RoleCatalogue, TenantId};

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::field_error::FieldError;

/// The errors found so far.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Returns a valid value, or records its error.
    pub(crate) fn check<T>(
        &mut self,
        field: &'static str,
        value: Result<T, impl Display>,
    ) -> Option<T> {
        value
            .map_err(|error| {
                self.0.push(FieldError::field(
                    field,
                    ErrorCode::ValidationFailed,
                    &error.to_string(),
                ));
            })
            .ok()
    }

    /// Returns the role with this name, or records an error with the names of all roles.
    pub(crate) fn role(
        &mut self,
        field: &'static str,
        roles: &RoleCatalogue,
        name: &str,
    ) -> Option<Role> {
        let role = roles.resolve(name).cloned();
        if role.is_none() {
            let names: Vec<&str> = roles.roles().iter().map(|role| role.name().as_str()).collect();
            let detail = format!("must be one of: {}", names.join(", "));
            self.0.push(FieldError::field(field, ErrorCode::UnknownRole, &detail));
        }
        role
    }

    /// Returns the tenant with this name, or records an error.
    pub(crate) fn tenant(&mut self, field: &'static str, name: &str) -> Option<TenantId> {
        self.check(field, name.parse::<TenantId>())
    }

    /// Builds the result from the values, or returns the errors if there are any.
    pub(crate) fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, ApiError> {
        if self.0.is_empty()
            && let Some(result) = build()
        {
            return Ok(result);
        }
        Err(ApiError::from_fields(self.0))
    }
}
