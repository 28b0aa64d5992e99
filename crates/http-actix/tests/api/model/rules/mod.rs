//! The rules, rewritten from the specification without the product's policy code: the answer to
//! each call, and the state after it.
//!
//! This file has the general rules; longer operations are in the files beside it.
//!
//! Checks run in this order: token, permission, tenant, request, user, R2, R3, R4.

mod accounts;
mod passwords;
mod tenant_users;

use std::collections::BTreeMap;

use passwords::{own_tenant, seen_by, store_whole};
use serde_json::Value;

use super::callers::{Caller, Coverage};
use super::calls::{Action, Contract};
use super::state::{Account, Membership, ModelState, Role};

/// The expected answer, and the state after the call.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    /// The status, with the error code of a refusal. There are several where the specification does
    /// not say which of the request's errors is reported.
    pub(crate) outcomes: Vec<String>,
    /// The body of a success.
    pub(crate) body: Value,
    pub(crate) next_state: ModelState,
}

/// A refusal with any of these statuses and codes.
#[derive(Debug)]
struct Refusal(Vec<(u16, &'static str)>);

type RuleResult = Result<(u16, Value), Refusal>;

fn refuse<T>(status: u16, code: &'static str) -> Result<T, Refusal> {
    Err(Refusal(vec![(status, code)]))
}

/// What a call requires of the caller's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Access {
    fn is_granted_by(self, role: Role) -> bool {
        match self {
            Self::Read => role.can_read(),
            Self::Write => role.can_write(),
        }
    }
}

/// The evaluation of one call.
struct Evaluation<'a> {
    /// The state when the call arrived, from which the caller's own roles are read. It is the
    /// current state unless calls race.
    arrival_state: &'a ModelState,
    caller: &'a Caller<String>,
    action: &'a Action<String>,
    /// The id that the answer gives to a new account.
    new_id: &'a str,
}

impl ModelState {
    /// Returns what the model expects of a call.
    pub(crate) fn evaluate(
        &self,
        arrival_state: &Self,
        caller: &Caller<String>,
        action: &Action<String>,
        new_id: &str,
    ) -> Expectation {
        let mut next_state = self.clone();
        let evaluation = Evaluation { arrival_state, caller, action, new_id };
        let (outcomes, body) = match evaluation.run(&mut next_state) {
            Ok((status, body)) => (vec![status.to_string()], body),
            Err(Refusal(faults)) => {
                let outcome = |(status, code)| format!("{status} {code}");
                (faults.into_iter().map(outcome).collect(), Value::Null)
            }
        };
        Expectation { outcomes, body, next_state }
    }

    /// R4: another user must hold the role, unless `holder` keeps it. Blocked holders do not count.
    fn ensure_other_holder(
        &self,
        holder: &Account,
        tenant: &str,
        new_role: Option<Role>,
    ) -> Result<(), Refusal> {
        let Some(held_role) = holder.active_role_in(tenant) else { return Ok(()) };
        let keeps_role = new_role.is_some_and(|role| !held_role.is_above(role));
        let other = |account: &Account| {
            account.id != holder.id
                && !account.blocked
                && account.active_role_in(tenant) == Some(held_role)
        };
        if !held_role.is_protected()
            || holder.blocked
            || keeps_role
            || self.accounts.values().any(other)
            || self.skip_last_holder_rule
        {
            return Ok(());
        }
        refuse(409, "last_protected_role_holder")
    }

    fn insert_account(&mut self, account: Account) {
        self.accounts.insert(account.id.clone(), account);
    }
}

impl Evaluation<'_> {
    fn run(&self, state: &mut ModelState) -> RuleResult {
        match self.action {
            Action::List(Contract::A, tenant, paging) => {
                self.require_tenant("tenant.access:read", Access::Read, tenant)?;
                Ok((200, state.list(Contract::A, tenant, paging)))
            }
            Action::List(Contract::B, tenant, paging) => {
                self.require_permission("VIEW_USERS_AND_GROUPS")?;
                if !is_tenant_label(tenant) {
                    return refuse(400, "malformed_request");
                }
                self.require_tenant("VIEW_USERS_AND_GROUPS", Access::Read, tenant)?;
                Ok((200, state.list(Contract::B, tenant, paging)))
            }
            Action::GetTenantUser(tenant, user) => {
                self.require_tenant("tenant.access:read", Access::Read, tenant)?;
                Ok((200, attached_account(state, tenant, user)?.tenant_view(tenant)))
            }
            Action::AttachOrCreate { tenant, email, role, name } => {
                self.attach_or_create(state, tenant, email, role, *name)
            }
            Action::UpdateTenantUser { tenant, user, role, name } => {
                self.update_tenant_user(state, tenant, user, *role, *name)
            }
            Action::Detach(tenant, user) => {
                let own_role = self.require_tenant("tenant.access:write", Access::Write, tenant)?;
                let mut account = attached_account(state, tenant, user)?;
                ensure_not_above_own(own_role, account.active_role_in(tenant))?;
                state.ensure_other_holder(&account, tenant, None)?;
                account.tenants.remove(*tenant);
                state.insert_account(account);
                Ok((204, Value::Null))
            }
            Action::GetUser(user) => {
                let coverage = self.require_any_tenant("VIEW_USERS_AND_GROUPS", Access::Read)?;
                let (account, via_tenant) =
                    visible_account(state, &coverage, user, Role::can_read)?;
                Ok((200, seen_by(&coverage, &account, &via_tenant)))
            }
            Action::CreateUser { .. } => self.create_user(state),
            Action::UpdateUser { user, email, first_name, last_name } => {
                self.update_user(state, user, email, first_name, last_name)
            }
            Action::DeleteUser(user) => {
                let (account, _) = self.account_to_change(state, user)?;
                // The home's own rule holds its callers; operators are held by every tenant's.
                let is_operator = self.caller.coverage(self.arrival_state) == Coverage::All;
                for tenant in account.tenants.keys() {
                    if is_operator || account.home.as_ref() == Some(tenant) {
                        state.ensure_other_holder(&account, tenant, None)?;
                    }
                }
                state.accounts.remove(user);
                Ok((204, Value::Null))
            }
            Action::SetPassword { user, new } => {
                self.require_any_tenant("MODIFY_USERS_AND_GROUPS", Access::Write)?;
                ensure_valid_password(new)?;
                let (account, via_tenant) = self.account_to_change(state, user)?;
                self.store_password(state, account, &via_tenant, new, false)
            }
            Action::ChangePassword { user, current, new } => {
                self.change_password(state, user, current, new)
            }
            Action::SetProof { user, verified } => {
                let mut account = self.account_of_operator(state, user)?;
                account.verified = *verified;
                account.stamped &= !*verified;
                Ok((200, store_whole(state, account)))
            }
            Action::SetHome { user, tenant } => {
                let mut account = self.account_of_operator(state, user)?;
                if tenant.is_some_and(|tenant| !account.tenants.contains_key(tenant)) {
                    return refuse(409, "not_attached");
                }
                account.home = tenant.map(str::to_owned);
                Ok((200, store_whole(state, account)))
            }
            Action::Leave(tenant) => self.leave(state, tenant),
        }
    }

    /// Refuses with 401 without a valid token, and with 403 without the permission.
    fn require_permission(&self, permission: &str) -> Result<(), Refusal> {
        match self.caller {
            Caller::Anonymous => refuse(401, "missing_token"),
            Caller::InvalidToken => refuse(401, "invalid_token"),
            Caller::Bearer { permissions, .. } => {
                let implied = permission == "VIEW_USERS_AND_GROUPS"
                    && permissions.contains("MODIFY_USERS_AND_GROUPS");
                if permissions.contains(permission) || implied {
                    Ok(())
                } else {
                    insufficient_permission()
                }
            }
        }
    }

    /// Returns the caller's own role in the tenant, if known; refuses if it does not grant the
    /// access.
    fn require_tenant(
        &self,
        permission: &str,
        access: Access,
        tenant: &str,
    ) -> Result<Option<Role>, Refusal> {
        self.require_permission(permission)?;
        let coverage = self.caller.coverage(self.arrival_state);
        if !is_tenant_label(tenant) || !coverage.includes(tenant) {
            return refuse(403, "tenant_forbidden");
        }
        match coverage {
            Coverage::All | Coverage::Listed(_) => Ok(None),
            Coverage::Roles(roles) if access.is_granted_by(roles[tenant]) => {
                Ok(Some(roles[tenant]))
            }
            Coverage::Roles(_) => insufficient_permission(),
        }
    }

    /// Returns the caller's coverage; refuses if known roles grant the access in no tenant.
    fn require_any_tenant(&self, permission: &str, access: Access) -> Result<Coverage, Refusal> {
        self.require_permission(permission)?;
        let coverage = self.caller.coverage(self.arrival_state);
        match &coverage {
            Coverage::Roles(roles) if !roles.values().any(|role| access.is_granted_by(*role)) => {
                insufficient_permission()
            }
            Coverage::All | Coverage::Listed(_) | Coverage::Roles(_) => Ok(coverage),
        }
    }

    /// R1, R2 and R3 for a change of the account itself.
    fn account_to_change(
        &self,
        state: &ModelState,
        user: &str,
    ) -> Result<(Account, String), Refusal> {
        let coverage = self.require_any_tenant("MODIFY_USERS_AND_GROUPS", Access::Write)?;
        let (account, via_tenant) = visible_account(state, &coverage, user, Role::can_read)?;
        let home = account.home.as_deref();
        match &coverage {
            Coverage::All => {}
            Coverage::Listed(tenants) if home.is_some_and(|home| tenants.contains(home)) => {}
            Coverage::Roles(roles) if home.is_some_and(|home| roles.contains_key(home)) => {
                if !roles[home.unwrap()].can_write() {
                    return insufficient_permission();
                }
                // An account change affects every membership, so R3 applies to each known role.
                for (tenant, own_role) in roles {
                    ensure_not_above_own(Some(*own_role), account.active_role_in(tenant))?;
                }
            }
            Coverage::Listed(_) | Coverage::Roles(_) => {
                return refuse(403, "managed_by_another_tenant");
            }
        }
        Ok((account, via_tenant))
    }

    /// Returns the account that an operator changes.
    fn account_of_operator(&self, state: &ModelState, user: &str) -> Result<Account, Refusal> {
        self.require_permission("MODIFY_USERS_AND_GROUPS")?;
        if self.caller.coverage(self.arrival_state) != Coverage::All {
            return insufficient_permission();
        }
        state.accounts.get(user).cloned().map_or_else(|| refuse(404, "user_not_found"), Ok)
    }

    /// Returns a new account with this home tenant.
    fn new_account(&self, state: &mut ModelState, home: &str, role: Role, email: &str) -> Account {
        state.created_ids.push(self.new_id.to_owned());
        Account {
            id: self.new_id.to_owned(),
            email: email.to_owned(),
            username: None,
            first_name: String::new(),
            last_name: String::new(),
            name: None,
            is_service_user: false,
            blocked: false,
            created: state.now,
            home: Some(home.to_owned()),
            verified: false,
            stamped: false,
            tenants: BTreeMap::from([(home.to_owned(), Membership::new(role, state.now, email))]),
            password: None,
        }
    }
}

fn insufficient_permission<T>() -> Result<T, Refusal> {
    refuse(403, "insufficient_permission")
}

/// R1 in one tenant.
fn attached_account(state: &ModelState, tenant: &str, user: &str) -> Result<Account, Refusal> {
    let account = state.accounts.get(user).filter(|account| account.tenants.contains_key(tenant));
    account.cloned().map_or_else(|| refuse(404, "user_not_found"), Ok)
}

/// R1 in any covered tenant, and the tenant whose view is shown.
fn visible_account(
    state: &ModelState,
    coverage: &Coverage,
    user: &str,
    allows: fn(Role) -> bool,
) -> Result<(Account, String), Refusal> {
    let Some(account) = state.accounts.get(user) else { return refuse(404, "user_not_found") };
    let is_visible_in = |tenant: &String| match coverage {
        Coverage::Roles(roles) => roles.get(tenant).is_some_and(|role| allows(*role)),
        Coverage::All | Coverage::Listed(_) => coverage.includes(tenant),
    };
    let home = account.home.clone().filter(|home| account.tenants.contains_key(home));
    let via_tenant = home
        .filter(is_visible_in)
        .or_else(|| account.tenants.keys().find(|tenant| is_visible_in(tenant)).cloned());
    match (via_tenant, coverage) {
        (Some(via_tenant), _) => Ok((account.clone(), via_tenant)),
        (None, Coverage::All) => Ok((account.clone(), String::new())),
        (None, Coverage::Listed(_) | Coverage::Roles(_)) => refuse(404, "user_not_found"),
    }
}

/// R3: a caller cannot grant, change or remove a role above its own known one.
fn ensure_not_above_own(own_role: Option<Role>, role: Option<Role>) -> Result<(), Refusal> {
    match (own_role, role) {
        (Some(own_role), Some(role)) if role.is_above(own_role) => insufficient_permission(),
        (_, _) => Ok(()),
    }
}

/// Refuses texts that cannot be a password.
fn ensure_valid_password(password: &str) -> Result<(), Refusal> {
    if password.is_ascii() { Ok(()) } else { refuse(422, "validation_failed") }
}

fn is_weak_password(password: &str) -> bool {
    password.len() < 8
}

/// Whether the text can name a tenant.
fn is_tenant_label(tenant: &str) -> bool {
    tenant.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_email_address(email: &str) -> bool {
    email.split_once('@').is_some_and(|(_, domain)| domain.contains('.'))
}
