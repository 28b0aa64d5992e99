//! The model's state: plain accounts, and the views that the contracts have of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::Timestamp;
use serde_json::{Value, json};

use super::calls::{Contract, Paging};

/// A role of the default catalogue, in descending order.
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

    /// Returns `None` for a name outside the catalogue.
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

/// An account's membership in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) role: Role,
    pub(crate) name: Option<String>,
    /// When and by which address the account was attached; `None` for seeded memberships.
    pub(crate) attached: Option<(Timestamp, String)>,
}

impl Membership {
    pub(crate) fn new(role: Role, now: Timestamp, email: &str) -> Self {
        Self { role, name: None, attached: Some((now, email.to_owned())) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about an account")]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) username: Option<String>,
    /// Empty if not set.
    pub(crate) first_name: String,
    /// Empty if not set.
    pub(crate) last_name: String,
    pub(crate) name: Option<String>,
    pub(crate) is_service_user: bool,
    pub(crate) blocked: bool,
    pub(crate) created: Timestamp,
    pub(crate) home: Option<String>,
    /// Whether the address is verified.
    pub(crate) verified: bool,
    /// Whether someone other than the person and operators has set the password or the address
    /// since the last proof.
    pub(crate) stamped: bool,
    pub(crate) tenants: BTreeMap<String, Membership>,
    /// `None` if unknown.
    pub(crate) password: Option<String>,
}

impl Account {
    /// Reads one line of the memory adapter's seed.
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
            verified: false,
            stamped: false,
            tenants: tenants
                .map(|(tenant, role)| {
                    (
                        tenant.clone(),
                        Membership { role: parse_role(role), name: None, attached: None },
                    )
                })
                .collect(),
            password: text("password"),
        }
    }

    pub(crate) fn role_in(&self, tenant: &str) -> Option<Role> {
        self.tenants.get(tenant).map(|membership| membership.role)
    }

    /// Whether the membership in the tenant has force: it is at home, or the account is proven.
    pub(crate) fn is_active_in(&self, tenant: &str) -> bool {
        self.tenants.get(tenant).is_some_and(|membership| {
            let is_proven = match &membership.attached {
                Some((_, email)) => self.verified && !self.stamped && *email == self.email,
                None => !self.stamped,
            };
            self.home.as_deref() == Some(tenant) || is_proven
        })
    }

    /// Returns the role that counts for the rules about roles.
    pub(crate) fn active_role_in(&self, tenant: &str) -> Option<Role> {
        self.role_in(tenant).filter(|_| self.is_active_in(tenant))
    }

    /// Returns the account as the tenant sees it: of a pending user only what the tenant entered.
    fn seen_in(&self, tenant: &str) -> Self {
        if self.is_active_in(tenant) {
            return self.clone();
        }
        let membership = self.tenants[tenant].clone();
        let (created, email) =
            membership.attached.clone().unwrap_or((self.created, self.email.clone()));
        Self {
            email,
            username: None,
            first_name: String::new(),
            last_name: String::new(),
            name: None,
            is_service_user: false,
            blocked: false,
            created,
            ..self.clone()
        }
    }

    /// Sets the name that a tenant gives: the account's own name in its home tenant, else a name in
    /// that tenant only (R2).
    pub(crate) fn rename_in(&mut self, tenant: &str, name: &str) {
        let membership = self.tenants.get_mut(tenant).unwrap();
        if self.home.as_deref() == Some(tenant) {
            (membership.name, self.name) = (None, Some(name.to_owned()));
        } else {
            membership.name = Some(name.to_owned());
        }
    }

    /// Returns contract A's view. Times that the service maintains itself are null here and below.
    pub(crate) fn tenant_view(&self, tenant: &str) -> Value {
        let seen = self.seen_in(tenant);
        let membership = &self.tenants[tenant];
        json!({
            "id": seen.id, "email": seen.email, "blocked": seen.blocked, "lastLogin": null,
            "name": membership.name.as_ref().or(seen.name.as_ref()),
            "tenantRole": membership.role.name(),
            "managedHere": self.home.as_deref() == Some(tenant), "status": self.status_in(tenant),
        })
    }

    /// Returns contract B's view of a caller of the tenant.
    pub(crate) fn user_view(&self, tenant: &str) -> Value {
        self.seen_in(tenant).whole_view(tenant, self.status_in(tenant))
    }

    /// Returns contract B's view of an operator or the person itself; `tenant` may be empty.
    pub(crate) fn own_view(&self, tenant: &str) -> Value {
        let mut view = self.whole_view(tenant, self.status_in(tenant));
        if tenant.is_empty() {
            view.as_object_mut().unwrap().remove("status");
        }
        view
    }

    fn status_in(&self, tenant: &str) -> &'static str {
        if self.is_active_in(tenant) { "active" } else { "pending" }
    }

    fn whole_view(&self, tenant: &str, status: &str) -> Value {
        json!({
            "id": self.id, "email": self.email, "serviceUser": self.is_service_user,
            "tenantName": tenant, "createdAt": self.created.to_string(), "updatedAt": null,
            "username": self.username.as_ref().unwrap_or(&self.email), "firstName": self.first_name,
            "lastName": self.last_name, "lastLogin": null,
            "managedHere": self.home.as_deref() == Some(tenant), "status": status,
        })
    }

    /// Returns the value that the tenant's lists are sorted by.
    fn sort_key(&self, tenant: &str, field: &str) -> String {
        self.user_view(tenant)[field].as_str().unwrap().to_owned()
    }
}

/// All accounts, and everything else that answers depend on.
#[derive(Debug, Clone)]
pub(crate) struct ModelState {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// The ids of accounts created during the sequence, in order.
    pub(crate) created_ids: Vec<String>,
    pub(crate) now: Timestamp,
    /// When wrong current passwords were sent, by user, and by which caller.
    pub(crate) wrong_passwords: BTreeMap<String, Vec<(Timestamp, String)>>,
    /// Disables rule R4, for the test of the model test itself.
    pub(crate) skip_last_holder_rule: bool,
}

impl ModelState {
    /// Reads a seed of the memory adapter.
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

    /// Returns the list of a tenant as the contract shows it.
    pub(crate) fn list(&self, contract: Contract, tenant: &str, paging: &Paging) -> Value {
        let users = self.accounts.values().filter(|account| account.tenants.contains_key(tenant));
        let mut users: Vec<_> = users.collect();
        let (field, descending) = paging.order();
        let compare = |left: &&Account, right: &&Account| -> Ordering {
            let (one, other) = (left.sort_key(tenant, field), right.sort_key(tenant, field));
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
