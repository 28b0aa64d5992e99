//! The stored organizations and memberships.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::http::error::ApiError;

/// An organization.
pub(crate) struct Organization {
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    pub(super) branding: Option<Value>,
    pub(super) metadata: Option<Value>,
    pub(super) created_at: i64,
    pub(super) members: Vec<Membership>,
    /// The role ids by user id. Such a user need not be a member yet.
    pub(super) roles: BTreeMap<String, Vec<String>>,
}

/// All organizations by id.
#[derive(Default)]
pub(crate) struct Organizations(pub(super) BTreeMap<String, Organization>);

impl Organizations {
    pub(crate) fn exists(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Returns whether the user is a member of the organization, for `organization_id` in searches.
    /// Assumed: the search index has no member lag.
    pub(crate) fn is_member(&self, user_id: &str, id: &str, now: i64) -> bool {
        self.0.get(id).is_some_and(|organization| {
            organization.members.iter().any(|member| member.is_member_at(user_id, now))
        })
    }

    /// Returns the ids of the organizations that the user is a member of.
    pub(crate) fn ids_of_user(&self, user_id: &str) -> Vec<&str> {
        let belongs = |organization: &&Organization| {
            organization.members.iter().any(|member| member.is_current(user_id))
        };
        self.0
            .iter()
            .filter(|(_, organization)| belongs(organization))
            .map(|(id, _)| id.as_str())
            .collect()
    }

    /// Ends the memberships of a deleted user and removes its roles.
    pub(crate) fn remove_user(&mut self, user_id: &str, now: i64) {
        for organization in self.0.values_mut() {
            for member in &mut organization.members {
                if member.is_current(user_id) {
                    member.removed_at = Some(now);
                }
            }
            organization.roles.remove(user_id);
        }
    }

    /// Removes a deleted role from all members.
    pub(crate) fn remove_role(&mut self, role_id: &str) {
        for organization in self.0.values_mut() {
            for role_ids in organization.roles.values_mut() {
                role_ids.retain(|assigned| assigned != role_id);
            }
        }
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut Organization, ApiError> {
        self.0.get_mut(id).ok_or_else(not_found)
    }

    pub(super) fn is_name_taken(&self, name: &str, except_id: &str) -> bool {
        self.0.iter().any(|(id, organization)| id != except_id && organization.name == name)
    }
}

/// A current or past membership of a user in an organization.
pub(crate) struct Membership {
    pub(super) user_id: String,
    pub(super) added_at: i64,
    /// The end of the membership. Ended ones are kept because lists lag.
    pub(super) removed_at: Option<i64>,
}

impl Membership {
    pub(super) fn is_current(&self, user_id: &str) -> bool {
        self.removed_at.is_none() && self.user_id == user_id
    }

    /// Returns whether this is a membership of the user at this time.
    pub(super) fn is_member_at(&self, user_id: &str, now: i64) -> bool {
        self.user_id == user_id && self.is_listed(now, 0)
    }

    /// Returns whether lists show the membership, which lag by this number of milliseconds.
    pub(super) fn is_listed(&self, now: i64, lag: i64) -> bool {
        let then = now - lag;
        self.added_at <= then && self.removed_at.is_none_or(|removed_at| removed_at > then)
    }
}

pub(super) fn organization_json(id: &str, organization: &Organization) -> Value {
    let mut body = Map::from_iter([
        ("id".to_owned(), id.into()),
        ("name".to_owned(), organization.name.as_str().into()),
    ]);
    let optional = [
        ("display_name", organization.display_name.clone().map(Value::from)),
        ("branding", organization.branding.clone()),
        ("metadata", organization.metadata.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    }
    body.into()
}

/// Returns the 404 for an organization, without an `errorCode` (observed).
pub(super) fn not_found() -> ApiError {
    ApiError::bare(404, "No organization found by that id or name")
}
