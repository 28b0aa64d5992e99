//! Calls: the operations of both contracts as HTTP requests.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::state::ModelState;

/// The two contracts: A for the users of one tenant, B for accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contract {
    A,
    B,
}

/// The page and sort order of a list request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paging {
    pub(crate) sort: Option<&'static str>,
    pub(crate) size: Option<usize>,
    pub(crate) number: Option<usize>,
}

impl Paging {
    /// A page that holds every user of the model.
    pub(crate) fn large_page() -> Self {
        Self { size: Some(100), ..Self::default() }
    }

    /// Returns the sort field, and whether the order is descending.
    pub(crate) fn order(&self) -> (&'static str, bool) {
        let sort = self.sort.unwrap_or("id");
        sort.strip_prefix('-').map_or((sort, false), |field| (field, true))
    }

    /// Returns the page's size and number, or `None` for an unpaged list.
    pub(crate) fn page(&self, contract: Contract) -> Option<(usize, usize)> {
        let paged = contract == Contract::B || self.size.is_some() || self.number.is_some();
        paged.then(|| (self.size.unwrap_or(50), self.number.unwrap_or(0)))
    }

    fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in [
            ("page[size]", self.size.map(|size| size.to_string())),
            ("page[number]", self.number.map(|number| number.to_string())),
            ("sort", self.sort.map(str::to_owned)),
        ] {
            if let Some(value) = value {
                write!(query, "&{name}={value}").unwrap();
            }
        }
        query
    }
}

/// A reference to a user before ids are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserRef {
    /// A user of the seed, by name.
    Seeded(&'static str),
    /// The n-th account created during the sequence; an unknown id if there were fewer.
    Created(usize),
}

impl UserRef {
    pub(crate) fn id(&self, state: &ModelState) -> String {
        match self {
            Self::Seeded(name) => format!("auth0|{name}"),
            Self::Created(index) => {
                state.created_ids.get(*index).cloned().unwrap_or_else(|| "auth0|nobody".to_owned())
            }
        }
    }
}

/// A placeholder for the target's current password.
pub(crate) const CORRECT_PASSWORD: &str = "(current password)";

/// The `role` of contract A's PUT: required, but nullable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleField {
    Absent,
    Null,
    Role(&'static str),
}

/// An operation with its arguments; `U` is how users are referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action<U> {
    List(Contract, &'static str, Paging),
    /// Contract A, GET.
    GetTenantUser(&'static str, U),
    /// Contract A, POST.
    AttachOrCreate {
        tenant: &'static str,
        email: &'static str,
        role: &'static str,
        name: Option<&'static str>,
    },
    /// Contract A, PUT.
    UpdateTenantUser {
        tenant: &'static str,
        user: U,
        role: RoleField,
        name: Option<&'static str>,
    },
    /// Contract A, DELETE.
    Detach(&'static str, U),
    /// Contract B, GET.
    GetUser(U),
    /// Contract B, POST.
    CreateUser {
        tenant: &'static str,
        email: &'static str,
        username: &'static str,
        first_name: &'static str,
        is_service_user: bool,
        password: Option<&'static str>,
    },
    /// Contract B, PUT.
    UpdateUser {
        user: U,
        email: &'static str,
        first_name: &'static str,
        last_name: &'static str,
    },
    /// Contract B, DELETE.
    DeleteUser(U),
    /// Contract B, PATCH, version 1.
    SetPassword {
        user: U,
        new: &'static str,
    },
    /// Contract B, PATCH, version 2.
    ChangePassword {
        user: U,
        current: String,
        new: &'static str,
    },
    /// Contract B, PUT, for operators.
    SetProof {
        user: U,
        verified: bool,
    },
    /// Contract B, PUT, for operators.
    SetHome {
        user: U,
        tenant: Option<&'static str>,
    },
    /// Contract B, DELETE, the caller's own membership.
    Leave(&'static str),
}

impl Action<UserRef> {
    /// Fills in the ids and passwords of this state.
    pub(crate) fn resolve(&self, state: &ModelState) -> Action<String> {
        let id = |user: &UserRef| user.id(state);
        match self.clone() {
            Self::List(contract, tenant, paging) => Action::List(contract, tenant, paging),
            Self::GetTenantUser(tenant, user) => Action::GetTenantUser(tenant, id(&user)),
            Self::AttachOrCreate { tenant, email, role, name } => {
                Action::AttachOrCreate { tenant, email, role, name }
            }
            Self::UpdateTenantUser { tenant, user, role, name } => {
                Action::UpdateTenantUser { tenant, user: id(&user), role, name }
            }
            Self::Detach(tenant, user) => Action::Detach(tenant, id(&user)),
            Self::GetUser(user) => Action::GetUser(id(&user)),
            Self::CreateUser { tenant, email, username, first_name, is_service_user, password } => {
                Action::CreateUser {
                    tenant,
                    email,
                    username,
                    first_name,
                    is_service_user,
                    password,
                }
            }
            Self::UpdateUser { user, email, first_name, last_name } => {
                Action::UpdateUser { user: id(&user), email, first_name, last_name }
            }
            Self::DeleteUser(user) => Action::DeleteUser(id(&user)),
            Self::SetPassword { user, new } => Action::SetPassword { user: id(&user), new },
            Self::SetProof { user, verified } => Action::SetProof { user: id(&user), verified },
            Self::SetHome { user, tenant } => Action::SetHome { user: id(&user), tenant },
            Self::Leave(tenant) => Action::Leave(tenant),
            Self::ChangePassword { user, mut current, new } => {
                let user = id(&user);
                if current == CORRECT_PASSWORD {
                    let known =
                        state.accounts.get(&user).and_then(|account| account.password.clone());
                    current = known.unwrap_or_else(|| "unknown-password".to_owned());
                }
                Action::ChangePassword { user, current, new }
            }
        }
    }
}

impl Action<String> {
    /// Returns method, path and body.
    pub(crate) fn request(&self) -> (Method, String, Option<Value>) {
        let tenant_user_path =
            |tenant: &str, user: &str| format!("/api/{tenant}/admin/users/{}", escaped(user));
        let user_path = |user: &str| format!("/api/v1/users/{}", escaped(user));
        match self {
            Self::List(Contract::A, tenant, paging) => {
                let query = paging.query();
                let query = query.strip_prefix('&').map(|query| format!("?{query}"));
                let query = query.unwrap_or_default();
                (Method::GET, format!("/api/{tenant}/admin/users{query}"), None)
            }
            Self::List(Contract::B, tenant, paging) => {
                let query = paging.query();
                (Method::GET, format!("/api/v1/users?filter[tenant]={tenant}{query}"), None)
            }
            Self::GetTenantUser(tenant, user) => {
                (Method::GET, tenant_user_path(tenant, user), None)
            }
            Self::AttachOrCreate { tenant, email, role, name } => {
                let body = json!({"email": email, "role": role, "name": name});
                (Method::POST, format!("/api/{tenant}/admin/users"), Some(body))
            }
            Self::UpdateTenantUser { tenant, user, role, name } => {
                let mut body = json!({"name": name});
                match role {
                    RoleField::Absent => {}
                    RoleField::Null => body["role"] = Value::Null,
                    RoleField::Role(role) => body["role"] = json!(role),
                }
                (Method::PUT, tenant_user_path(tenant, user), Some(body))
            }
            Self::Detach(tenant, user) => (Method::DELETE, tenant_user_path(tenant, user), None),
            Self::GetUser(user) => (Method::GET, user_path(user), None),
            Self::CreateUser { tenant, email, username, first_name, is_service_user, password } => {
                let mut body = json!({
                    "email": email, "serviceUser": is_service_user, "tenantName": tenant,
                    "username": username, "firstName": first_name, "lastName": "New",
                });
                if let Some(password) = password {
                    body["password"] = json!(password);
                }
                (Method::POST, "/api/v1/users".to_owned(), Some(body))
            }
            Self::UpdateUser { user, email, first_name, last_name } => {
                let body = json!({"email": email, "firstName": first_name, "lastName": last_name});
                (Method::PUT, user_path(user), Some(body))
            }
            Self::DeleteUser(user) => (Method::DELETE, user_path(user), None),
            Self::SetPassword { user, new } => {
                let path = format!("{}/change-password", user_path(user));
                (Method::PATCH, path, Some(json!({"newPassword": new})))
            }
            Self::SetProof { user, verified } => {
                let path = format!("{}/proof", user_path(user));
                (Method::PUT, path, Some(json!({"emailVerified": verified})))
            }
            Self::SetHome { user, tenant } => {
                let path = format!("{}/home", user_path(user));
                (Method::PUT, path, Some(json!({"tenantName": tenant})))
            }
            Self::Leave(tenant) => {
                (Method::DELETE, format!("/api/v1/me/memberships/{tenant}"), None)
            }
            Self::ChangePassword { user, current, new } => {
                let path = format!("/api/v2/users/{}/change-password", escaped(user));
                let body = json!({"currentPassword": current, "newPassword": new});
                (Method::PATCH, path, Some(body))
            }
        }
    }

    /// Whether the call changes nothing.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self, Self::List(..) | Self::GetTenantUser(..) | Self::GetUser(_))
    }

    /// Returns the id of the user in the path.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::List(..)
            | Self::AttachOrCreate { .. }
            | Self::CreateUser { .. }
            | Self::Leave(_) => None,
            Self::GetTenantUser(_, user)
            | Self::UpdateTenantUser { user, .. }
            | Self::Detach(_, user)
            | Self::GetUser(user)
            | Self::UpdateUser { user, .. }
            | Self::DeleteUser(user)
            | Self::SetPassword { user, .. }
            | Self::SetProof { user, .. }
            | Self::SetHome { user, .. }
            | Self::ChangePassword { user, .. } => Some(user),
        }
    }

    /// Returns the id of the account that the call reads or changes.
    pub(crate) fn target(&self, state: &ModelState) -> Option<String> {
        match self {
            Self::AttachOrCreate { email, .. } => {
                state.by_email(&email.to_lowercase()).map(|account| account.id.clone())
            }
            Self::List(..)
            | Self::GetTenantUser(..)
            | Self::UpdateTenantUser { .. }
            | Self::Detach(..)
            | Self::GetUser(_)
            | Self::CreateUser { .. }
            | Self::UpdateUser { .. }
            | Self::DeleteUser(_)
            | Self::SetPassword { .. }
            | Self::SetProof { .. }
            | Self::SetHome { .. }
            | Self::Leave(_)
            | Self::ChangePassword { .. } => self.user().map(str::to_owned),
        }
    }

    /// Returns the call as a line of a transcript.
    pub(crate) fn describe(&self) -> String {
        let (method, path, body) = self.request();
        let path = path.replace("%7C", "|");
        let body = body.map(|body| format!(" {body}")).unwrap_or_default();
        format!("{method} {path}{body}")
    }
}

fn escaped(user: &str) -> String {
    user.replace('|', "%7C")
}
