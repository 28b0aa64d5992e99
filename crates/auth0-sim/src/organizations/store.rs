//! Organizations and their members.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::http::error::ApiError;

/// One organization.
pub(crate) struct Organization {
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    pub(super) branding: Option<Value>,
    pub(super) metadata: Option<Value>,
    pub(super) created_at: i64,
    pub(super) members: Vec<Membership>,
    /// The ids of roles by user, who need not be a member yet.
    pub(super) roles: BTreeMap<String, Vec<String>>,
}

/// Every organization, by its id.
#[derive(Default)]
pub(crate) struct Organizations(pub(super) BTreeMap<String, Organization>);

impl Organizations {
    pub(crate) fn exists(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Whether the user belongs to the organization, for `organization_id` in searches.
    /// As the index has it: lists of members lag, this does not (assumed).
    pub(crate) fn is_member(&self, user_id: &str, id: &str, now: i64) -> bool {
        self.0.get(id).is_some_and(|organization| {
            organization.members.iter().any(|member| member.is_member_at(user_id, now))
        })
    }

    /// The ids of the organizations that the user belongs to.
    pub(crate) fn ids_of_user(&self, user_id: &str) -> Vec<&str> {
        let belongs = |organization: &&Organization| {
            organization.members.iter().any(|member| member.is_current(user_id))
        };
        self.0.iter().filter(|(_, one)| belongs(one)).map(|(id, _)| id.as_str()).collect()
    }

    /// The user is gone: ends memberships and forgets roles.
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

    /// The role is gone: nobody holds it any more.
    pub(crate) fn remove_role(&mut self, role_id: &str) {
        for organization in self.0.values_mut() {
            for held in organization.roles.values_mut() {
                held.retain(|held| held != role_id);
            }
        }
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut Organization, ApiError> {
        self.0.get_mut(id).ok_or_else(not_found)
    }

    pub(super) fn is_name_taken(&self, name: &str, except_id: &str) -> bool {
        self.0.iter().any(|(id, one)| id != except_id && one.name == name)
    }
}

/// That a user belongs to an organization, or did.
pub(crate) struct Membership {
    pub(super) user_id: String,
    pub(super) added_at: i64,
    /// When it ended; kept for as long as lists may lag.
    pub(super) removed_at: Option<i64>,
}

impl Membership {
    pub(super) fn is_current(&self, user_id: &str) -> bool {
        self.removed_at.is_none() && self.user_id == user_id
    }

    /// Whether it is this user's and holds at a moment.
    pub(super) fn is_member_at(&self, user_id: &str, now: i64) -> bool {
        self.user_id == user_id && self.is_listed(now, 0)
    }

    /// Whether lists show it, which are as they were `lag` milliseconds ago.
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

/// Without an `errorCode` (observed).
pub(super) fn not_found() -> ApiError {
    ApiError::bare(404, "No organization found by that id or name")
}
