//! Contract A: attaching or creating users, and updating memberships.

use super::{
    Access, Evaluation, Refusal, RuleResult, attached_account, ensure_not_above_own,
    is_email_address, refuse,
};
use crate::model::calls::RoleField;
use crate::model::state::{Account, Membership, ModelState, Role};

impl Evaluation<'_> {
    pub(super) fn attach_or_create(
        &self,
        state: &mut ModelState,
        tenant: &str,
        email: &str,
        role: &str,
        name: Option<&str>,
    ) -> RuleResult {
        let own_role = self.require_tenant("tenant.access:write", Access::Write, tenant)?;
        let (email, role) = (email.to_lowercase(), Role::from_name(role));
        let mut faults = Vec::new();
        faults.extend((!is_email_address(&email)).then_some((422, "validation_failed")));
        faults.extend(role.is_none().then_some((422, "unknown_role")));
        let (true, Some(role)) = (faults.is_empty(), role) else { return Err(Refusal(faults)) };
        ensure_not_above_own(own_role, Some(role))?;
        let account = match state.by_email(&email) {
            Some(existing) if existing.is_active_in(tenant) => {
                return refuse(409, "already_attached");
            }
            Some(existing) => {
                let mut account = existing.clone();
                // A pending membership is confirmed, and keeps its name.
                let kept = account.tenants.remove(tenant).and_then(|membership| membership.name);
                let attached = Membership::new(role, state.now, &email);
                let membership = Membership { name: kept, ..attached };
                account.tenants.insert(tenant.to_owned(), membership);
                if let Some(name) = name {
                    account.rename_in(tenant, name);
                }
                account
            }
            None => {
                let name = name.map(str::to_owned);
                Account { name, ..self.new_account(state, tenant, role, &email) }
            }
        };
        let body = account.tenant_view(tenant);
        state.insert_account(account);
        Ok((201, body))
    }

    pub(super) fn update_tenant_user(
        &self,
        state: &mut ModelState,
        tenant: &str,
        user: &str,
        role: RoleField,
        name: Option<&str>,
    ) -> RuleResult {
        let own_role = self.require_tenant("tenant.access:write", Access::Write, tenant)?;
        let role = match role {
            RoleField::Absent => return refuse(400, "malformed_request"),
            RoleField::Null => None,
            RoleField::Role(role) => Some(role),
        };
        let new_role =
            role.map(|role| Role::from_name(role).map_or_else(|| refuse(422, "unknown_role"), Ok));
        let new_role = new_role.transpose()?;
        let mut account = attached_account(state, tenant, user)?;
        ensure_not_above_own(own_role, account.active_role_in(tenant))?;
        ensure_not_above_own(own_role, new_role)?;
        if let Some(new_role) = new_role {
            state.ensure_other_holder(&account, tenant, Some(new_role))?;
            account.tenants.get_mut(tenant).unwrap().role = new_role;
        }
        if let Some(name) = name {
            account.rename_in(tenant, name);
        }
        let body = account.tenant_view(tenant);
        state.insert_account(account);
        Ok((200, body))
    }
}
