//! What is called: the operations of both contracts, and how they are sent.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::state::ModelState;

/// The two contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contract {
    A,
    B,
}

/// Which users of a list are wanted, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paging {
    pub(crate) sort: Option<&'static str>,
    pub(crate) size: Option<usize>,
    pub(crate) number: Option<usize>,
}

impl Paging {
    /// The whole list, for there are never as many people here.
    pub(crate) fn large_page() -> Self {
        Self { size: Some(100), ..Self::default() }
    }

    /// The field, and whether it descends.
    pub(crate) fn order(&self) -> (&'static str, bool) {
        let sort = self.sort.unwrap_or("id");
        sort.strip_prefix('-').map_or((sort, false), |field| (field, true))
    }

    /// Size and number of the page, if there are pages.
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

/// A user as a step tells it, whatever the id will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UserRef {
    /// Somebody who was there at the beginning.
    Seeded(&'static str),
    /// Who was created as the n-th on the way; nobody, if there were fewer.
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

/// What stands for the current password of whoever it is about.
pub(crate) const CORRECT_PASSWORD: &str = "(right)";

/// The role in the body of A's PUT, which must be there and may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleField {
    Absent,
    Null,
    Role(&'static str),
}

/// What is to be done; `U` says how users are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action<U> {
    List(Contract, &'static str, Paging),
    /// A's GET.
    GetTenantUser(&'static str, U),
    /// A's POST.
    AttachOrCreate {
        tenant: &'static str,
        email: &'static str,
        role: &'static str,
        name: Option<&'static str>,
    },
    /// A's PUT.
    UpdateTenantUser {
        tenant: &'static str,
        user: U,
        role: RoleField,
        name: Option<&'static str>,
    },
    /// A's DELETE.
    Detach(&'static str, U),
    /// B's GET.
    GetUser(U),
    /// B's POST.
    CreateUser {
        tenant: &'static str,
        email: &'static str,
        username: &'static str,
        first_name: &'static str,
        is_service_user: bool,
        password: Option<&'static str>,
    },
    /// B's PUT.
    UpdateUser {
        user: U,
        email: &'static str,
        first_name: &'static str,
        last_name: &'static str,
    },
    /// B's DELETE.
    DeleteUser(U),
    /// B's PATCH, version 1.
    SetPassword {
        user: U,
        new: &'static str,
    },
    /// B's PATCH, version 2.
    ChangePassword {
        user: U,
        current: String,
        new: &'static str,
    },
}

impl Action<UserRef> {
    /// With ids and passwords as they are now.
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
            Self::ChangePassword { user, mut current, new } => {
                let user = id(&user);
                if current == CORRECT_PASSWORD {
                    let known = state.accounts.get(&user).and_then(|it| it.password.clone());
                    current = known.unwrap_or_else(|| "nobody-knows-any".to_owned());
                }
                Action::ChangePassword { user, current, new }
            }
        }
    }
}

impl Action<String> {
    /// How it is sent.
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
            Self::ChangePassword { user, current, new } => {
                let path = format!("/api/v2/users/{}/change-password", escaped(user));
                let body = json!({"currentPassword": current, "newPassword": new});
                (Method::PATCH, path, Some(body))
            }
        }
    }

    /// The user that it names.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::List(..) | Self::AttachOrCreate { .. } | Self::CreateUser { .. } => None,
            Self::GetTenantUser(_, user)
            | Self::UpdateTenantUser { user, .. }
            | Self::Detach(_, user)
            | Self::GetUser(user)
            | Self::UpdateUser { user, .. }
            | Self::DeleteUser(user)
            | Self::SetPassword { user, .. }
            | Self::ChangePassword { user, .. } => Some(user),
        }
    }

    /// The account that it is about, in this state of the world.
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
            | Self::ChangePassword { .. } => self.user().map(str::to_owned),
        }
    }

    /// How it reads in a script.
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
