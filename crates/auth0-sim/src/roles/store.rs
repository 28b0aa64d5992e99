//! The stored roles and their assignments.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http::error::ApiError;

/// The maximum number of roles of one user.
const MAX_ROLES_PER_USER: usize = 50;

pub(super) struct Role {
    pub(super) name: String,
    pub(super) description: Option<String>,
}

/// All roles by id, and the role ids of each user.
#[derive(Default)]
pub(crate) struct Roles {
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) by_user: BTreeMap<String, Vec<String>>,
}

impl Roles {
    pub(crate) fn role_json(&self, id: &str) -> Option<Value> {
        let role = self.roles.get(id)?;
        let description = role.description.as_deref().unwrap_or_default();
        Some(json!({"id": id, "name": role.name, "description": description}))
    }

    /// Returns id and name of the roles, as lists of members show them.
    pub(crate) fn role_summaries(&self, ids: Option<&Vec<String>>) -> Value {
        let brief = |id: &String| Some(json!({"id": id, "name": self.roles.get(id)?.name}));
        ids.into_iter().flatten().filter_map(brief).collect()
    }

    pub(crate) fn check_all_exist(&self, ids: &[String]) -> Result<(), ApiError> {
        if ids.iter().all(|id| self.roles.contains_key(id)) { Ok(()) } else { Err(not_found()) }
    }

    /// Removes the assignments of a deleted user.
    pub(crate) fn remove_user(&mut self, user_id: &str) {
        self.by_user.remove(user_id);
    }

    pub(super) fn assign(&mut self, user_id: &str, roles: &[String]) -> Result<(), ApiError> {
        let role_ids = self.by_user.entry(user_id.to_owned()).or_default();
        let mut updated = role_ids.clone();
        updated.extend_from_slice(roles);
        updated.sort();
        updated.dedup();
        if updated.len() > MAX_ROLES_PER_USER {
            let message = "Maximum number of roles for the user has been reached.";
            return Err(ApiError::bare(409, message));
        }
        *role_ids = updated;
        Ok(())
    }
}

/// Returns the 404 for a role, without an `errorCode` (observed).
pub(super) fn not_found() -> ApiError {
    ApiError::bare(404, "The role does not exist.")
}
