//! Contract B: what is the account's own.

use super::{
    Answer, Judge, Need, No, is_address, is_label, is_weak, lacking, no, possible, seen,
    with_password,
};
use crate::model::calls::Op;
use crate::model::world::{Account, Role, World};

impl Judge<'_> {
    pub(super) fn create(&self, world: &mut World) -> Answer {
        let Op::Create { tenant, email, username, first, service, password } = self.op else {
            panic!("not a create");
        };
        self.permission("MODIFY_USERS_AND_GROUPS")?;
        if !is_label(tenant) {
            return no(422, "validation_failed");
        }
        self.tenant("MODIFY_USERS_AND_GROUPS", Need::Change, tenant)?;
        let (email, username) = (email.to_lowercase(), username.to_lowercase());
        let impossible = password.is_some_and(|password| !password.is_ascii());
        if !is_address(&email) || impossible || first.is_empty() {
            return no(422, "validation_failed");
        }
        let mut wrong = Vec::new();
        wrong.extend(world.by_email(&email).map(|_| (409, "email_taken")));
        wrong.extend(world.by_username(&username).map(|_| (409, "username_taken")));
        wrong.extend(password.filter(|it| is_weak(it)).map(|_| (422, "weak_password")));
        if !wrong.is_empty() {
            return Err(No(wrong));
        }
        let account = Account {
            email,
            username: Some(username),
            first: (*first).to_owned(),
            last: "New".to_owned(),
            service: *service,
            password: password.map(str::to_owned),
            ..self.new_account(world, tenant, Role::Member)
        };
        let body = account.through(tenant);
        world.put(account);
        Ok((201, body))
    }

    pub(super) fn put(
        &self,
        world: &mut World,
        user: &str,
        email: &str,
        first: &str,
        last: &str,
    ) -> Answer {
        self.somewhere("MODIFY_USERS_AND_GROUPS", Need::Change)?;
        let email = email.to_lowercase();
        if !is_address(&email) {
            return no(422, "validation_failed");
        }
        let (mut account, through) = self.own_to_change(world, user)?;
        let taken = world.by_email(&email).is_some_and(|other| other.id != user);
        if taken && (account.first.as_str(), account.last.as_str()) == (first, last) {
            return no(409, "email_taken");
        }
        (account.first, account.last) = (first.to_owned(), last.to_owned());
        if !taken {
            account.email = email;
        }
        let body = account.through(&through);
        world.put(account);
        Ok((if taken { 207 } else { 200 }, body))
    }

    /// With R5: one's own, wherever one is attached, without any permission or rank.
    pub(super) fn change_password(
        &self,
        world: &mut World,
        user: &str,
        current: &str,
        new: &'static str,
    ) -> Answer {
        let own = self.caller.is(user);
        if !own {
            self.somewhere("MODIFY_USERS_AND_GROUPS", Need::Change)?;
        }
        possible(new)?;
        let (account, through) = if own {
            let covers = self.caller.covers(self.earlier);
            let found = seen(world, &covers, user, |_| true)?;
            if found.0.blocked {
                return lacking();
            }
            found
        } else {
            self.own_to_change(world, user)?
        };
        let now = world.now;
        let wrong = world.wrong.entry(user.to_owned()).or_default();
        wrong.retain(|when| when.plus_millis(15 * 60 * 1000) > now);
        if wrong.len() >= 10 {
            return no(429, "too_many_attempts");
        }
        if account.password.as_deref() != Some(current) {
            wrong.push(now);
            return no(422, "current_password_mismatch");
        }
        wrong.clear();
        with_password(world, account, &through, new)
    }
}
