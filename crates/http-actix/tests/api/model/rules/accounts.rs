//! Contract B: accounts.

use super::{
    Access, Evaluation, Refusal, RuleResult, ensure_valid_password, insufficient_permission,
    is_email_address, is_tenant_label, is_weak_password, own_tenant, refuse, seen_by,
    visible_account,
};
use serde_json::Value;

use crate::model::callers::{Caller, Coverage, SubjectKind};
use crate::model::calls::Action;
use crate::model::state::{Account, ModelState, Role};

impl Evaluation<'_> {
    pub(super) fn create_user(&self, state: &mut ModelState) -> RuleResult {
        let Action::CreateUser { tenant, email, username, first_name, is_service_user, password } =
            self.action
        else {
            panic!("not a CreateUser");
        };
        self.require_permission("MODIFY_USERS_AND_GROUPS")?;
        if !is_tenant_label(tenant) {
            return refuse(422, "validation_failed");
        }
        self.require_tenant("MODIFY_USERS_AND_GROUPS", Access::Write, tenant)?;
        let (email, username) = (email.to_lowercase(), username.to_lowercase());
        let impossible = password.is_some_and(|password| !password.is_ascii());
        if !is_email_address(&email) || impossible || first_name.is_empty() {
            return refuse(422, "validation_failed");
        }
        let mut faults = Vec::new();
        faults.extend(state.by_email(&email).map(|_| (409, "email_taken")));
        faults.extend(state.by_username(&username).map(|_| (409, "username_taken")));
        faults.extend(
            password.filter(|password| is_weak_password(password)).map(|_| (422, "weak_password")),
        );
        if !faults.is_empty() {
            return Err(Refusal(faults));
        }
        let is_operator = self.caller.coverage(self.arrival_state) == Coverage::All;
        let account = Account {
            stamped: password.is_some() && !is_operator,
            username: Some(username),
            first_name: (*first_name).to_owned(),
            last_name: "New".to_owned(),
            is_service_user: *is_service_user,
            password: password.map(str::to_owned),
            ..self.new_account(state, tenant, Role::Member, &email)
        };
        let body = account.user_view(tenant);
        state.insert_account(account);
        Ok((201, body))
    }

    pub(super) fn update_user(
        &self,
        state: &mut ModelState,
        user: &str,
        email: &str,
        first_name: &str,
        last_name: &str,
    ) -> RuleResult {
        self.require_any_tenant("MODIFY_USERS_AND_GROUPS", Access::Write)?;
        let email = email.to_lowercase();
        if !is_email_address(&email) {
            return refuse(422, "validation_failed");
        }
        let (mut account, via_tenant) = self.account_to_change(state, user)?;
        let taken = state.by_email(&email).is_some_and(|other| other.id != user);
        if taken
            && (account.first_name.as_str(), account.last_name.as_str()) == (first_name, last_name)
        {
            return refuse(409, "email_taken");
        }
        (account.first_name, account.last_name) = (first_name.to_owned(), last_name.to_owned());
        let coverage = self.caller.coverage(self.arrival_state);
        if !taken && account.email != email {
            account.email = email;
            account.verified = false;
            account.stamped |= coverage != Coverage::All;
        }
        let body = seen_by(&coverage, &account, &via_tenant);
        state.insert_account(account);
        Ok((if taken { 207 } else { 200 }, body))
    }

    /// Whether the account is the caller's own (R5).
    fn owns(&self, account: &Account) -> bool {
        let is_covered_home = |home: &String| {
            account.tenants.contains_key(home)
                && self.caller.coverage(self.arrival_state).includes(home)
        };
        self.caller.is_user(&account.id)
            && match self.caller.subject_kind() {
                SubjectKind::Accounts => true,
                SubjectKind::Home => account.home.as_ref().is_some_and(is_covered_home),
                SubjectKind::External => false,
            }
    }

    /// R5: the own password, without permission or rank.
    pub(super) fn change_password(
        &self,
        state: &mut ModelState,
        user: &str,
        current: &str,
        new: &'static str,
    ) -> RuleResult {
        let may_be_own =
            self.caller.is_user(user) && self.caller.subject_kind() != SubjectKind::External;
        let may_modify = self.require_any_tenant("MODIFY_USERS_AND_GROUPS", Access::Write);
        if !may_be_own {
            may_modify?;
        } else if matches!(self.caller, Caller::Anonymous | Caller::InvalidToken) {
            return Err(may_modify.unwrap_err());
        }
        ensure_valid_password(new)?;
        let own = state.accounts.get(user).filter(|account| may_be_own && self.owns(account));
        let is_own = own.is_some();
        let (account, via_tenant) = if let Some(account) = own.cloned() {
            if account.blocked {
                return insufficient_permission();
            }
            let coverage = self.caller.coverage(self.arrival_state);
            let seen = visible_account(state, &coverage, user, Role::can_read);
            let via_tenant = seen.map_or_else(|_| own_tenant(&account), |(_, via)| via);
            (account, via_tenant)
        } else if may_be_own
            && self.require_any_tenant("MODIFY_USERS_AND_GROUPS", Access::Write).is_err()
        {
            return refuse(404, "user_not_found");
        } else {
            self.account_to_change(state, user)?
        };
        let (now, caller) = (state.now, self.caller.to_string());
        let attempts = state.wrong_passwords.entry(user.to_owned()).or_default();
        attempts.retain(|(when, _)| when.plus_millis(15 * 60 * 1000) > now);
        let of_caller = attempts.iter().filter(|(_, other)| *other == caller).count();
        if of_caller >= 10 || attempts.len() >= 30 {
            return refuse(429, "too_many_attempts");
        }
        if account.password.as_deref() != Some(current) {
            attempts.push((now, caller));
            return refuse(422, "current_password_mismatch");
        }
        attempts.retain(|(_, other)| *other != caller);
        self.store_password(state, account, &via_tenant, new, is_own)
    }

    /// R5: ends the caller's own membership.
    pub(super) fn leave(&self, state: &mut ModelState, tenant: &str) -> RuleResult {
        if matches!(self.caller, Caller::Anonymous | Caller::InvalidToken) {
            self.require_permission("MODIFY_USERS_AND_GROUPS")?;
        }
        let own = self.caller.subject().and_then(|id| state.accounts.get(id));
        let Some(mut account) = own.filter(|account| self.owns(account)).cloned() else {
            return refuse(403, "subject_not_an_account");
        };
        let is_known = self.caller.subject_kind() == SubjectKind::Accounts
            || self.caller.coverage(self.arrival_state).includes(tenant);
        if !is_known || !account.tenants.contains_key(tenant) {
            return refuse(404, "not_found");
        }
        if account.blocked {
            return insufficient_permission();
        }
        state.ensure_other_holder(&account, tenant, None)?;
        account.tenants.remove(tenant);
        state.insert_account(account);
        Ok((204, Value::Null))
    }
}
