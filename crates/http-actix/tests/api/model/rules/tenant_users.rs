//! Contract A: enlisting somebody, and changing what somebody is in the tenant.

use super::{Answer, Judge, Need, No, attached, ceiling, is_address, no};
use crate::model::calls::Given;
use crate::model::world::{Account, Membership, Role, World};

impl Judge<'_> {
    pub(super) fn attach_or_create(
        &self,
        world: &mut World,
        tenant: &str,
        email: &str,
        role: &str,
        name: Option<&str>,
    ) -> Answer {
        let own = self.tenant("tenant.access:write", Need::Change, tenant)?;
        let (email, role) = (email.to_lowercase(), Role::named(role));
        let mut wrong = Vec::new();
        wrong.extend((!is_address(&email)).then_some((422, "validation_failed")));
        wrong.extend(role.is_none().then_some((422, "unknown_role")));
        let (true, Some(role)) = (wrong.is_empty(), role) else { return Err(No(wrong)) };
        ceiling(own, Some(role))?;
        let account = match world.by_email(&email) {
            Some(there) if there.tenants.contains_key(tenant) => {
                return no(409, "already_attached");
            }
            Some(there) => {
                let mut account = there.clone();
                account.tenants.insert(tenant.to_owned(), Membership { role, name: None });
                if let Some(name) = name {
                    account.rename_in(tenant, name);
                }
                account
            }
            None => {
                let name = name.map(str::to_owned);
                Account { email, name, ..self.new_account(world, tenant, role) }
            }
        };
        let body = account.in_tenant(tenant);
        world.put(account);
        Ok((201, body))
    }

    pub(super) fn put_in(
        &self,
        world: &mut World,
        tenant: &str,
        user: &str,
        role: Given,
        name: Option<&str>,
    ) -> Answer {
        let own = self.tenant("tenant.access:write", Need::Change, tenant)?;
        let role = match role {
            Given::Absent => return no(400, "malformed_request"),
            Given::Null => None,
            Given::Role(role) => Some(role),
        };
        let becomes =
            role.map(|role| Role::named(role).map_or_else(|| no(422, "unknown_role"), Ok));
        let becomes = becomes.transpose()?;
        let mut account = attached(world, tenant, user)?;
        ceiling(own, account.role_in(tenant))?;
        ceiling(own, becomes)?;
        if let Some(becomes) = becomes {
            world.keeps_a_holder(&account, tenant, Some(becomes))?;
            account.tenants.get_mut(tenant).unwrap().role = becomes;
        }
        if let Some(name) = name {
            account.rename_in(tenant, name);
        }
        let body = account.in_tenant(tenant);
        world.put(account);
        Ok((200, body))
    }
}
