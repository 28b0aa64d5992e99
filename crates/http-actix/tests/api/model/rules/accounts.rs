//! Contract B: accounts.

use super::{
    Access, Evaluation, Refusal, RuleResult, ensure_valid_password, insufficient_permission,
    is_email_address, is_tenant_label, is_weak_password, refuse, store_password, visible_account,
};
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
        let account = Account {
            email,
            username: Some(username),
            first_name: (*first_name).to_owned(),
            last_name: "New".to_owned(),
            is_service_user: *is_service_user,
            password: password.map(str::to_owned),
            ..self.new_account(state, tenant, Role::Member)
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
        if !taken {
            account.email = email;
        }
        let body = account.user_view(&via_tenant);
        state.insert_account(account);
        Ok((if taken { 207 } else { 200 }, body))
    }

    /// R5: the own password, from any tenant, without permission or rank.
    pub(super) fn change_password(
        &self,
        state: &mut ModelState,
        user: &str,
        current: &str,
        new: &'static str,
    ) -> RuleResult {
        let is_own = self.caller.is_user(user);
        if !is_own {
            self.require_any_tenant("MODIFY_USERS_AND_GROUPS", Access::Write)?;
        }
        ensure_valid_password(new)?;
        let (account, via_tenant) = if is_own {
            let coverage = self.caller.coverage(self.arrival_state);
            let found = visible_account(state, &coverage, user, |_| true)?;
            if found.0.blocked {
                return insufficient_permission();
            }
            found
        } else {
            self.account_to_change(state, user)?
        };
        let now = state.now;
        let attempts = state.wrong_passwords.entry(user.to_owned()).or_default();
        attempts.retain(|when| when.plus_millis(15 * 60 * 1000) > now);
        if attempts.len() >= 10 {
            return refuse(429, "too_many_attempts");
        }
        if account.password.as_deref() != Some(current) {
            attempts.push(now);
            return refuse(422, "current_password_mismatch");
        }
        attempts.clear();
        store_password(state, account, &via_tenant, new)
    }
}
