//! The rules, written anew from the specification: what each call is answered, and what the world
//! is after it. Nothing of the product's own policy is used here.
//!
//! This page has what goes for all calls; the calls that take some telling are beside it.
//!
//! The order of checks: token, permission, tenant, the request itself, user, R2, R3, R4.

mod accounts;
mod tenant_users;

use std::collections::BTreeMap;

use serde_json::Value;

use super::callers::{Caller, Covers};
use super::calls::{Contract, Op};
use super::world::{Account, Membership, Role, World};

/// What a call is answered, and what comes of it.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    /// The status, and the code of a refusal. There are several where nothing says which of the
    /// request's faults is found first.
    pub(crate) outcomes: Vec<String>,
    /// Of a success.
    pub(crate) body: Value,
    pub(crate) after: World,
}

/// A refusal, by any of these.
#[derive(Debug)]
struct No(Vec<(u16, &'static str)>);

type Answer = Result<(u16, Value), No>;

fn no<T>(status: u16, code: &'static str) -> Result<T, No> {
    Err(No(vec![(status, code)]))
}

/// What a call needs: to see, or to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    See,
    Change,
}

impl Need {
    fn met_by(self, role: Role) -> bool {
        match self {
            Self::See => role.may_read(),
            Self::Change => role.may_write(),
        }
    }
}

/// One call as the model judges it.
struct Judge<'a> {
    /// What there was when the call came in. The caller's own roles are looked up then. Without a
    /// race, this is what there is now.
    earlier: &'a World,
    caller: &'a Caller<String>,
    op: &'a Op<String>,
    /// The id that the answer gives to a new account.
    fresh: &'a str,
}

impl World {
    /// What comes of a call.
    pub(crate) fn judge(
        &self,
        earlier: &Self,
        caller: &Caller<String>,
        op: &Op<String>,
        fresh: &str,
    ) -> Verdict {
        let mut after = self.clone();
        let judge = Judge { earlier, caller, op, fresh };
        let (outcomes, body) = match judge.answer(&mut after) {
            Ok((status, body)) => (vec![status.to_string()], body),
            Err(No(faults)) => {
                let outcome = |(status, code)| format!("{status} {code}");
                (faults.into_iter().map(outcome).collect(), Value::Null)
            }
        };
        Verdict { outcomes, body, after }
    }

    /// R4: somebody else must hold the role, unless it is not lost. Blocked holders do not count.
    fn keeps_a_holder(
        &self,
        lost: &Account,
        tenant: &str,
        becomes: Option<Role>,
    ) -> Result<(), No> {
        let Some(held) = lost.role_in(tenant) else { return Ok(()) };
        let stays = becomes.is_some_and(|role| !held.is_above(role));
        let other =
            |it: &Account| it.id != lost.id && !it.blocked && it.role_in(tenant) == Some(held);
        if !held.is_protected()
            || lost.blocked
            || stays
            || self.accounts.values().any(other)
            || self.without_last_holder
        {
            return Ok(());
        }
        no(409, "last_protected_role_holder")
    }

    fn put(&mut self, account: Account) {
        self.accounts.insert(account.id.clone(), account);
    }
}

impl Judge<'_> {
    fn answer(&self, world: &mut World) -> Answer {
        match self.op {
            Op::List(Contract::A, tenant, paging) => {
                self.tenant("tenant.access:read", Need::See, tenant)?;
                Ok((200, world.list(Contract::A, tenant, paging)))
            }
            Op::List(Contract::B, tenant, paging) => {
                self.permission("VIEW_USERS_AND_GROUPS")?;
                if !is_label(tenant) {
                    return no(400, "malformed_request");
                }
                self.tenant("VIEW_USERS_AND_GROUPS", Need::See, tenant)?;
                Ok((200, world.list(Contract::B, tenant, paging)))
            }
            Op::GetIn(tenant, user) => {
                self.tenant("tenant.access:read", Need::See, tenant)?;
                Ok((200, attached(world, tenant, user)?.in_tenant(tenant)))
            }
            Op::Enlist { tenant, email, role, name } => {
                self.attach_or_create(world, tenant, email, role, *name)
            }
            Op::PutIn { tenant, user, role, name } => {
                self.put_in(world, tenant, user, *role, *name)
            }
            Op::Detach(tenant, user) => {
                let own = self.tenant("tenant.access:write", Need::Change, tenant)?;
                let mut account = attached(world, tenant, user)?;
                ceiling(own, account.role_in(tenant))?;
                world.keeps_a_holder(&account, tenant, None)?;
                account.tenants.remove(*tenant);
                world.put(account);
                Ok((204, Value::Null))
            }
            Op::Get(user) => {
                let covers = self.somewhere("VIEW_USERS_AND_GROUPS", Need::See)?;
                let (account, through) = seen(world, &covers, user, Role::may_read)?;
                Ok((200, account.through(&through)))
            }
            Op::Create { .. } => self.create(world),
            Op::Put { user, email, first, last } => self.put(world, user, email, first, last),
            Op::Delete(user) => {
                let (account, _) = self.own_to_change(world, user)?;
                for tenant in account.tenants.keys() {
                    world.keeps_a_holder(&account, tenant, None)?;
                }
                world.accounts.remove(user);
                Ok((204, Value::Null))
            }
            Op::SetPassword { user, new } => {
                self.somewhere("MODIFY_USERS_AND_GROUPS", Need::Change)?;
                possible(new)?;
                let (account, through) = self.own_to_change(world, user)?;
                with_password(world, account, &through, new)
            }
            Op::ChangePassword { user, current, new } => {
                self.change_password(world, user, current, new)
            }
        }
    }

    /// 401 without a good token, 403 without the permission.
    fn permission(&self, permission: &str) -> Result<(), No> {
        match self.caller {
            Caller::Nobody => no(401, "missing_token"),
            Caller::Garbage => no(401, "invalid_token"),
            Caller::Bearer { may, .. } => {
                let implied =
                    permission == "VIEW_USERS_AND_GROUPS" && may.has("MODIFY_USERS_AND_GROUPS");
                if may.has(permission) || implied { Ok(()) } else { lacking() }
            }
        }
    }

    /// The caller's own role in the tenant, if it is known, and allows what is needed.
    fn tenant(&self, permission: &str, need: Need, tenant: &str) -> Result<Option<Role>, No> {
        self.permission(permission)?;
        let covers = self.caller.covers(self.earlier);
        if !is_label(tenant) || !covers.covers(tenant) {
            return no(403, "tenant_forbidden");
        }
        match covers {
            Covers::All | Covers::Listed(_) => Ok(None),
            Covers::Roles(roles) if need.met_by(roles[tenant]) => Ok(Some(roles[tenant])),
            Covers::Roles(_) => lacking(),
        }
    }

    /// What the caller covers, if a known role of the caller's allows what is needed anywhere.
    fn somewhere(&self, permission: &str, need: Need) -> Result<Covers, No> {
        self.permission(permission)?;
        let covers = self.caller.covers(self.earlier);
        match &covers {
            Covers::Roles(roles) if !roles.values().any(|role| need.met_by(*role)) => lacking(),
            Covers::All | Covers::Listed(_) | Covers::Roles(_) => Ok(covers),
        }
    }

    /// R1, R2 and R3 for what is the account's own.
    fn own_to_change(&self, world: &World, user: &str) -> Result<(Account, String), No> {
        let covers = self.somewhere("MODIFY_USERS_AND_GROUPS", Need::Change)?;
        let (account, through) = seen(world, &covers, user, Role::may_read)?;
        let home = account.home.as_deref();
        match &covers {
            Covers::All => {}
            Covers::Listed(tenants) if home.is_some_and(|home| tenants.contains(home)) => {}
            Covers::Roles(roles) if home.is_some_and(|home| roles.contains_key(home)) => {
                if !roles[home.unwrap()].may_write() {
                    return lacking();
                }
                // The account is one, so whoever changes it changes the holder of each role.
                for (tenant, own) in roles {
                    ceiling(Some(*own), account.role_in(tenant))?;
                }
            }
            Covers::Listed(_) | Covers::Roles(_) => return no(403, "managed_by_another_tenant"),
        }
        Ok((account, through))
    }

    /// Somebody who was not there before, at home in this tenant.
    fn new_account(&self, world: &mut World, home: &str, role: Role) -> Account {
        world.made.push(self.fresh.to_owned());
        Account {
            id: self.fresh.to_owned(),
            email: String::new(),
            username: None,
            first: String::new(),
            last: String::new(),
            name: None,
            service: false,
            blocked: false,
            created: world.now,
            home: Some(home.to_owned()),
            tenants: BTreeMap::from([(home.to_owned(), Membership { role, name: None })]),
            password: None,
        }
    }
}

fn lacking<T>() -> Result<T, No> {
    no(403, "insufficient_permission")
}

/// R1 in one tenant.
fn attached(world: &World, tenant: &str, user: &str) -> Result<Account, No> {
    let account = world.accounts.get(user).filter(|it| it.tenants.contains_key(tenant));
    account.cloned().map_or_else(|| no(404, "user_not_found"), Ok)
}

/// R1 wherever the caller is covered, with the tenant that it is seen through.
fn seen(
    world: &World,
    covers: &Covers,
    user: &str,
    may: fn(Role) -> bool,
) -> Result<(Account, String), No> {
    let Some(account) = world.accounts.get(user) else { return no(404, "user_not_found") };
    let open = |tenant: &String| match covers {
        Covers::Roles(roles) => roles.get(tenant).is_some_and(|role| may(*role)),
        Covers::All | Covers::Listed(_) => covers.covers(tenant),
    };
    let home = account.home.clone().filter(|home| account.tenants.contains_key(home));
    let through = home.filter(open).or_else(|| account.tenants.keys().find(|it| open(it)).cloned());
    match (through, covers) {
        (Some(through), _) => Ok((account.clone(), through)),
        (None, Covers::All) => Ok((account.clone(), String::new())),
        (None, Covers::Listed(_) | Covers::Roles(_)) => no(404, "user_not_found"),
    }
}

/// R3: nobody gives, changes or takes a role above their own, where that is known.
fn ceiling(own: Option<Role>, role: Option<Role>) -> Result<(), No> {
    match (own, role) {
        (Some(own), Some(role)) if role.is_above(own) => lacking(),
        (_, _) => Ok(()),
    }
}

fn with_password(world: &mut World, account: Account, through: &str, new: &str) -> Answer {
    if is_weak(new) {
        return no(422, "weak_password");
    }
    let body = account.through(through);
    world.put(Account { password: Some(new.to_owned()), ..account });
    Ok((200, body))
}

/// Whether the text can be a password at all.
fn possible(password: &str) -> Result<(), No> {
    if password.is_ascii() { Ok(()) } else { no(422, "validation_failed") }
}

fn is_weak(password: &str) -> bool {
    password.len() < 8
}

/// Whether the text can be a tenant's name.
fn is_label(tenant: &str) -> bool {
    tenant.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_address(email: &str) -> bool {
    email.split_once('@').is_some_and(|(_, domain)| domain.contains('.'))
}
