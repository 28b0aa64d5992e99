//! What is called: the operations of both contracts, and how they are sent.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::world::World;

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
    pub(crate) fn whole() -> Self {
        Self { size: Some(100), ..Self::default() }
    }

    /// The field, and whether it descends.
    pub(crate) fn order(&self) -> (&'static str, bool) {
        let sort = self.sort.unwrap_or("id");
        sort.strip_prefix('-').map_or((sort, false), |field| (field, true))
    }

    /// Size and number of the page, if there are pages.
    pub(crate) fn window(&self, contract: Contract) -> Option<(usize, usize)> {
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
pub(crate) enum Whom {
    /// Somebody who was there at the beginning.
    Known(&'static str),
    /// Who was created as the n-th on the way; nobody, if there were fewer.
    Made(usize),
}

impl Whom {
    pub(crate) fn id(&self, world: &World) -> String {
        match self {
            Self::Known(name) => format!("auth0|{name}"),
            Self::Made(index) => {
                world.made.get(*index).cloned().unwrap_or_else(|| "auth0|nobody".to_owned())
            }
        }
    }
}

/// What stands for the current password of whoever it is about.
pub(crate) const RIGHT: &str = "(right)";

/// The role in the body of A's PUT, which must be there and may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    Absent,
    Null,
    Role(&'static str),
}

/// What is to be done; `U` says how users are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op<U> {
    List(Contract, &'static str, Paging),
    /// A's GET.
    GetIn(&'static str, U),
    /// A's POST.
    Enlist {
        tenant: &'static str,
        email: &'static str,
        role: &'static str,
        name: Option<&'static str>,
    },
    /// A's PUT.
    PutIn {
        tenant: &'static str,
        user: U,
        role: Given,
        name: Option<&'static str>,
    },
    /// A's DELETE.
    Detach(&'static str, U),
    /// B's GET.
    Get(U),
    /// B's POST.
    Create {
        tenant: &'static str,
        email: &'static str,
        username: &'static str,
        first: &'static str,
        service: bool,
        password: Option<&'static str>,
    },
    /// B's PUT.
    Put {
        user: U,
        email: &'static str,
        first: &'static str,
        last: &'static str,
    },
    /// B's DELETE.
    Delete(U),
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

impl Op<Whom> {
    /// With ids and passwords as they are now.
    pub(crate) fn now(&self, world: &World) -> Op<String> {
        let id = |user: &Whom| user.id(world);
        match self.clone() {
            Self::List(contract, tenant, paging) => Op::List(contract, tenant, paging),
            Self::GetIn(tenant, user) => Op::GetIn(tenant, id(&user)),
            Self::Enlist { tenant, email, role, name } => Op::Enlist { tenant, email, role, name },
            Self::PutIn { tenant, user, role, name } => {
                Op::PutIn { tenant, user: id(&user), role, name }
            }
            Self::Detach(tenant, user) => Op::Detach(tenant, id(&user)),
            Self::Get(user) => Op::Get(id(&user)),
            Self::Create { tenant, email, username, first, service, password } => {
                Op::Create { tenant, email, username, first, service, password }
            }
            Self::Put { user, email, first, last } => {
                Op::Put { user: id(&user), email, first, last }
            }
            Self::Delete(user) => Op::Delete(id(&user)),
            Self::SetPassword { user, new } => Op::SetPassword { user: id(&user), new },
            Self::ChangePassword { user, mut current, new } => {
                let user = id(&user);
                if current == RIGHT {
                    let known = world.accounts.get(&user).and_then(|it| it.password.clone());
                    current = known.unwrap_or_else(|| "nobody-knows-any".to_owned());
                }
                Op::ChangePassword { user, current, new }
            }
        }
    }
}

impl Op<String> {
    /// How it is sent.
    pub(crate) fn request(&self) -> (Method, String, Option<Value>) {
        let in_tenant =
            |tenant: &str, user: &str| format!("/api/{tenant}/admin/users/{}", escaped(user));
        let account = |user: &str| format!("/api/v1/users/{}", escaped(user));
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
            Self::GetIn(tenant, user) => (Method::GET, in_tenant(tenant, user), None),
            Self::Enlist { tenant, email, role, name } => {
                let body = json!({"email": email, "role": role, "name": name});
                (Method::POST, format!("/api/{tenant}/admin/users"), Some(body))
            }
            Self::PutIn { tenant, user, role, name } => {
                let mut body = json!({"name": name});
                match role {
                    Given::Absent => {}
                    Given::Null => body["role"] = Value::Null,
                    Given::Role(role) => body["role"] = json!(role),
                }
                (Method::PUT, in_tenant(tenant, user), Some(body))
            }
            Self::Detach(tenant, user) => (Method::DELETE, in_tenant(tenant, user), None),
            Self::Get(user) => (Method::GET, account(user), None),
            Self::Create { tenant, email, username, first, service, password } => {
                let mut body = json!({
                    "email": email, "serviceUser": service, "tenantName": tenant,
                    "username": username, "firstName": first, "lastName": "New",
                });
                if let Some(password) = password {
                    body["password"] = json!(password);
                }
                (Method::POST, "/api/v1/users".to_owned(), Some(body))
            }
            Self::Put { user, email, first, last } => {
                let body = json!({"email": email, "firstName": first, "lastName": last});
                (Method::PUT, account(user), Some(body))
            }
            Self::Delete(user) => (Method::DELETE, account(user), None),
            Self::SetPassword { user, new } => {
                let path = format!("{}/change-password", account(user));
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
            Self::List(..) | Self::Enlist { .. } | Self::Create { .. } => None,
            Self::GetIn(_, user)
            | Self::PutIn { user, .. }
            | Self::Detach(_, user)
            | Self::Get(user)
            | Self::Put { user, .. }
            | Self::Delete(user)
            | Self::SetPassword { user, .. }
            | Self::ChangePassword { user, .. } => Some(user),
        }
    }

    /// The account that it is about, in this state of the world.
    pub(crate) fn about(&self, world: &World) -> Option<String> {
        match self {
            Self::Enlist { email, .. } => {
                world.by_email(&email.to_lowercase()).map(|account| account.id.clone())
            }
            Self::List(..)
            | Self::GetIn(..)
            | Self::PutIn { .. }
            | Self::Detach(..)
            | Self::Get(_)
            | Self::Create { .. }
            | Self::Put { .. }
            | Self::Delete(_)
            | Self::SetPassword { .. }
            | Self::ChangePassword { .. } => self.user().map(str::to_owned),
        }
    }

    /// How it reads in a script.
    pub(crate) fn title(&self) -> String {
        let (method, path, body) = self.request();
        let path = path.replace("%7C", "|");
        let body = body.map(|body| format!(" {body}")).unwrap_or_default();
        format!("{method} {path}{body}")
    }
}

fn escaped(user: &str) -> String {
    user.replace('|', "%7C")
}
