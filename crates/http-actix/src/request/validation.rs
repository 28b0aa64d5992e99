//! Collects what is wrong with the values of a body, so that a client learns all of it at once.

use std::fmt::Display;

use domain::{Role, RoleCatalogue, TenantId};

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::field_error::FieldError;

/// What has been found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// A member's value, or its error put on the list.
    pub(crate) fn take<T>(
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

    /// The role of this name, if the catalogue has one.
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

    /// A tenant's name.
    pub(crate) fn tenant(&mut self, field: &'static str, name: &str) -> Option<TenantId> {
        self.take(field, name.parse::<TenantId>())
    }

    /// What the values make together, unless one of them is wrong.
    pub(crate) fn settle<T>(self, made: impl FnOnce() -> Option<T>) -> Result<T, ApiError> {
        if self.0.is_empty()
            && let Some(made) = made()
        {
            return Ok(made);
        }
        Err(ApiError::from_fields(self.0))
    }
}
