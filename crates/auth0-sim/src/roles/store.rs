//! Roles of the tenant, and the users who hold them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http::error::ApiError;

/// Roles that one user can hold.
const MOST_ROLES: usize = 50;

pub(super) struct Role {
    pub(super) name: String,
    pub(super) description: Option<String>,
}

/// Every role, and by user who holds which.
#[derive(Default)]
pub(crate) struct Roles {
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) held: BTreeMap<String, Vec<String>>,
}

impl Roles {
    pub(crate) fn shown(&self, id: &str) -> Option<Value> {
        let role = self.roles.get(id)?;
        let description = role.description.as_deref().unwrap_or_default();
        Some(json!({"id": id, "name": role.name, "description": description}))
    }

    /// As a list of members shows roles: id and name.
    pub(crate) fn shown_briefly(&self, ids: Option<&Vec<String>>) -> Value {
        let brief = |id: &String| Some(json!({"id": id, "name": self.roles.get(id)?.name}));
        ids.into_iter().flatten().filter_map(brief).collect()
    }

    pub(crate) fn all_exist(&self, ids: &[String]) -> Result<(), ApiError> {
        if ids.iter().all(|id| self.roles.contains_key(id)) { Ok(()) } else { Err(missing()) }
    }

    /// The user is gone.
    pub(crate) fn forget(&mut self, user_id: &str) {
        self.held.remove(user_id);
    }

    pub(super) fn assign(&mut self, user_id: &str, roles: &[String]) -> Result<(), ApiError> {
        let held = self.held.entry(user_id.to_owned()).or_default();
        let mut wanted = held.clone();
        wanted.extend_from_slice(roles);
        wanted.sort();
        wanted.dedup();
        if wanted.len() > MOST_ROLES {
            let message = "Maximum number of roles for the user has been reached.";
            return Err(ApiError::bare(409, message));
        }
        *held = wanted;
        Ok(())
    }
}

/// Without an `errorCode` (observed).
pub(super) fn missing() -> ApiError {
    ApiError::bare(404, "The role does not exist.")
}
