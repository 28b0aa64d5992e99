//! Views of whole accounts, and what setting a password does.

use serde_json::Value;

use super::{Evaluation, RuleResult, is_weak_password, refuse};
use crate::model::callers::Coverage;
use crate::model::state::{Account, ModelState};

/// Stores the account and returns its whole view, through its home or its first tenant.
pub(super) fn store_whole(state: &mut ModelState, account: Account) -> Value {
    let body = account.own_view(&own_tenant(&account));
    state.insert_account(account);
    body
}

/// The tenant through which operators and the person see the account.
pub(super) fn own_tenant(account: &Account) -> String {
    let home = account.home.as_ref().filter(|home| account.tenants.contains_key(*home));
    home.or_else(|| account.tenants.keys().next()).cloned().unwrap_or_default()
}

/// Returns the view of a caller: operators see whole accounts.
pub(super) fn seen_by(coverage: &Coverage, account: &Account, via_tenant: &str) -> Value {
    match coverage {
        Coverage::All => account.own_view(via_tenant),
        Coverage::Listed(_) | Coverage::Roles(_) => account.user_view(via_tenant),
    }
}

impl Evaluation<'_> {
    /// Whoever is neither the person nor an operator leaves a stamp; operators remove it.
    pub(super) fn store_password(
        &self,
        state: &mut ModelState,
        account: Account,
        via_tenant: &str,
        new: &str,
        is_own: bool,
    ) -> RuleResult {
        if is_weak_password(new) {
            return refuse(422, "weak_password");
        }
        let coverage = self.caller.coverage(self.arrival_state);
        let stamped = match (&coverage, is_own) {
            (_, true) => account.stamped,
            (Coverage::All, false) => false,
            (Coverage::Listed(_) | Coverage::Roles(_), false) => true,
        };
        let account = Account { password: Some(new.to_owned()), stamped, ..account };
        let body = if is_own {
            account.own_view(via_tenant)
        } else {
            seen_by(&coverage, &account, via_tenant)
        };
        state.insert_account(account);
        Ok((200, body))
    }
}
