//! What there is: the accounts, as plain data, and how each contract shows them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::Timestamp;
use serde_json::{Value, json};

use super::calls::{Contract, Paging};

/// A role of the default catalogue, the most powerful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Owner,
    Admin,
    Viewer,
    Member,
}

impl Role {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Owner, "owner"),
        (Self::Admin, "admin"),
        (Self::Viewer, "viewer"),
        (Self::Member, "member"),
    ];

    /// None for a name that is not in the catalogue.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(role, _)| role)
    }

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(role, _)| *role == self).unwrap().1
    }

    pub(crate) fn can_read(self) -> bool {
        self != Self::Member
    }

    pub(crate) fn can_write(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    pub(crate) fn is_protected(self) -> bool {
        self == Self::Owner
    }

    pub(crate) fn is_above(self, other: Self) -> bool {
        self < other
    }
}

/// What an account is in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) role: Role,
    pub(crate) name: Option<String>,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) username: Option<String>,
    /// Empty for none.
    pub(crate) first_name: String,
    /// Empty for none.
    pub(crate) last_name: String,
    pub(crate) name: Option<String>,
    pub(crate) is_service_user: bool,
    pub(crate) blocked: bool,
    pub(crate) created: Timestamp,
    pub(crate) home: Option<String>,
    pub(crate) tenants: BTreeMap<String, Membership>,
    /// None if nobody knows it.
    pub(crate) password: Option<String>,
}

impl Account {
    /// One line of the memory adapter's seed.
    fn from_seed_line(line: &str, now: Timestamp) -> Self {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        let parse_role = |role: &Value| Role::from_name(role.as_str().unwrap()).unwrap();
        let tenants = line["tenants"].as_object().into_iter().flatten();
        Self {
            id: text("id").unwrap(),
            email: text("email").unwrap(),
            username: text("username"),
            first_name: text("firstName").unwrap_or_default(),
            last_name: text("lastName").unwrap_or_default(),
            name: text("name"),
            is_service_user: line["serviceUser"] == true,
            blocked: line["blocked"] == true,
            created: text("createdAt").map_or(now, |time| time.parse().unwrap()),
            home: text("homeTenant"),
            tenants: tenants
                .map(|(tenant, role)| {
                    (tenant.clone(), Membership { role: parse_role(role), name: None })
                })
                .collect(),
            password: text("password"),
        }
    }

    pub(crate) fn role_in(&self, tenant: &str) -> Option<Role> {
        self.tenants.get(tenant).map(|membership| membership.role)
    }

    /// The name that a tenant gives is the account's own if that is its home, else its own only
    /// there (R2).
    pub(crate) fn rename_in(&mut self, tenant: &str, name: &str) {
        let membership = self.tenants.get_mut(tenant).unwrap();
        if self.home.as_deref() == Some(tenant) {
            (membership.name, self.name) = (None, Some(name.to_owned()));
        } else {
            membership.name = Some(name.to_owned());
        }
    }

    /// As contract A shows it. Times that move by themselves are left out here and below.
    pub(crate) fn tenant_view(&self, tenant: &str) -> Value {
        let membership = &self.tenants[tenant];
        json!({
            "id": self.id, "email": self.email, "blocked": self.blocked, "lastLogin": null,
            "name": membership.name.as_ref().or(self.name.as_ref()),
            "tenantRole": membership.role.name(),
        })
    }

    /// As contract B shows it.
    pub(crate) fn user_view(&self, tenant: &str) -> Value {
        json!({
            "id": self.id, "email": self.email, "serviceUser": self.is_service_user,
            "tenantName": tenant, "createdAt": self.created.to_string(), "updatedAt": null,
            "username": self.username.as_ref().unwrap_or(&self.email), "firstName": self.first_name,
            "lastName": self.last_name, "lastLogin": null,
        })
    }

    /// What lists are sorted by.
    fn sort_key(&self, field: &str) -> String {
        self.user_view("")[field].as_str().unwrap().to_owned()
    }
}

/// Everybody, and what else the answers depend on.
#[derive(Debug, Clone)]
pub(crate) struct ModelState {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// The ids of accounts that were created on the way, in that order.
    pub(crate) created_ids: Vec<String>,
    pub(crate) now: Timestamp,
    /// When the current password of an account was guessed wrong.
    pub(crate) wrong_passwords: BTreeMap<String, Vec<Timestamp>>,
    /// Rule R4 is left out, which is wrong; for the test of the test.
    pub(crate) skip_last_holder_rule: bool,
}

impl ModelState {
    /// The people of these lines, which are a seed of the memory adapter.
    pub(crate) fn from_seed(users: &str, now: Timestamp) -> Self {
        let lines = users.lines().filter(|line| !line.trim().is_empty());
        let accounts = lines.map(|line| Account::from_seed_line(line, now));
        Self {
            accounts: accounts.map(|account| (account.id.clone(), account)).collect(),
            created_ids: Vec::new(),
            now,
            wrong_passwords: BTreeMap::new(),
            skip_last_holder_rule: false,
        }
    }

    pub(crate) fn by_email(&self, email: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.email == email)
    }

    pub(crate) fn by_username(&self, username: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.username.as_deref() == Some(username))
    }

    /// A tenant's list.
    pub(crate) fn list(&self, contract: Contract, tenant: &str, paging: &Paging) -> Value {
        let users = self.accounts.values().filter(|account| account.tenants.contains_key(tenant));
        let mut users: Vec<_> = users.collect();
        let (field, descending) = paging.order();
        let compare = |left: &&Account, right: &&Account| -> Ordering {
            let (one, other) = (left.sort_key(field), right.sort_key(field));
            let order = one.to_lowercase().cmp(&other.to_lowercase()).then(one.cmp(&other));
            let order = if descending { order.reverse() } else { order };
            order.then_with(|| left.id.cmp(&right.id))
        };
        users.sort_by(compare);
        let total = users.len();
        if let Some((size, number)) = paging.page(contract) {
            users = users.into_iter().skip(size * number).take(size).collect();
            if contract == Contract::B {
                let users: Vec<_> = users.iter().map(|account| account.user_view(tenant)).collect();
                let pages = total.div_ceil(size).max(1);
                return json!({"data": users, "totalUsers": total, "totalPages": pages});
            }
        }
        users.iter().map(|account| account.tenant_view(tenant)).collect()
    }
}
