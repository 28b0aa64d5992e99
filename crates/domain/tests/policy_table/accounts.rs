//! The tables of accounts that several tenants rely on: memberships without force, and the kinds of
//! subjects.

use domain::policy::{
    leave_scope, own_account_scope, own_password_scope, release_scope, tenant_scope,
};
use domain::{
    Actor, Attachment, Bearer, CallerKey, ClaimedTenants, Credentials, Operation, Permission,
    Permissions, SubjectKind, User,
};

use crate::question::{No, Question, Verdict, grant, list, word};
use crate::text::{Table, heading};
use crate::world::{Caller, RANK_COLUMNS, World, context};

/// Returns users at home in globex who are owners of acme, by the state of that membership.
fn owners(world: &World, name: &str) -> [(&'static str, User); 5] {
    let (acme, globex) = (&world.acme, &world.globex);
    let mut user = world.user(name, Some(globex), &[(globex, "member")]);
    let attachment = Attachment {
        id: "m1".parse().expect("an id"),
        since: context().now,
        email: user.email.clone(),
    };
    user.attach(acme, world.role("owner").clone(), None, attachment);
    let pending = user.clone();
    user.credentials = Credentials { email_verified: true, ..Credentials::default() };
    let mut suspended = user.clone();
    let mut expired = user.clone();
    let mut ending = user.clone();
    if let Some(membership) = suspended.memberships.get_mut(acme) {
        membership.suspended = true;
    }
    if let Some(membership) = expired.memberships.get_mut(acme) {
        membership.expires_at = Some(context().now);
    }
    if let Some(membership) = ending.memberships.get_mut(acme) {
        membership.expires_at = Some(context().now.plus_millis(1));
    }
    [
        ("active", user),
        ("active, with an end", ending),
        ("pending", pending),
        ("suspended", suspended),
        ("expired", expired),
    ]
}

pub(crate) fn without_force(world: &World) -> String {
    let acme = &world.acme;
    let mut text = heading(
        "7. Memberships without force (rows: the state of an owner of acme, at home in globex)",
    );
    let admin = world.with_roles("admin@acme", &[(acme, "admin")]);
    for Caller { name, actor } in [admin, world.operator()] {
        let mut table = Table::new(&RANK_COLUMNS);
        for (state, user) in owners(world, "target") {
            let question = Question { caller: &actor, user: &user, others: &[] };
            table.row(state, world.rank_cells(&question));
        }
        text.push_str(&table.render(&format!("The caller is {name}; acme has no other owner")));
    }
    let mut table = Table::new(&RANK_COLUMNS);
    let last = world.user("target", Some(acme), &[(acme, "owner")]);
    for (state, other) in owners(world, "other") {
        let operator = world.operator();
        let question = Question { caller: &operator.actor, user: &last, others: &[other] };
        table.row(state, world.rank_cells(&question));
    }
    text.push_str(&table.render(
        "The caller is an operator, the account an owner at home in acme; the other owner is",
    ));
    let mut table =
        Table::new(&["list A", "see A", "see B", "grant A", "rename", "change", "own password"]);
    let target = world.user("target", Some(acme), &[(acme, "member")]);
    for (state, account) in owners(world, "caller") {
        let tenants = ClaimedTenants::Memberships { within: None };
        let caller = World::caller("", &account, tenants).actor;
        let question = Question { caller: &caller, user: &target, others: &[] };
        let member = world.role("member");
        let own = Question { user: &account, ..question };
        table.row(
            state,
            vec![
                word(list(&caller, Operation::ReadTenantUsers, Some(acme))),
                word(question.see_in(Some(acme))),
                word(question.see()),
                word(grant(&caller, Operation::WriteTenantUsers, Some(acme), member)),
                word(question.rename_in(Some(acme))),
                word(question.change()),
                word(own.change_own_password()),
            ],
        );
    }
    text + &table.render("The caller is such an owner; the account is at home and member in acme")
}

fn subject(kind: SubjectKind, permissions: Permissions, tenants: &ClaimedTenants) -> Actor {
    let bearer = Bearer {
        caller: CallerKey::new([0; 32]),
        issuer: "https://issuer.example.com".to_owned(),
        subject: "auth0|target".parse().ok(),
        subject_kind: kind,
        permissions,
        tenants: tenants.clone(),
    };
    bearer.actor(None, &context())
}

/// Whether the caller may know of its own membership in acme, and end it.
fn leave(caller: &Actor, user: &User, world: &World) -> Verdict {
    let scope = own_account_scope(caller, &context())?;
    leave_scope(&scope, user, &world.acme)?.authorize_detach(user).map(drop).map_err(No::from)
}

fn own_password(caller: &Actor, user: &User) -> Verdict {
    Ok(own_password_scope(caller, &user.id, &context())?.authorize_password(user)?)
}

pub(crate) fn subjects(world: &World) -> String {
    let (acme, globex) = (&world.acme, &world.globex);
    let listed = |tenants: &[&domain::TenantId]| {
        ClaimedTenants::Listed(tenants.iter().map(|tenant| (*tenant).clone()).collect())
    };
    let coverages = [
        ("nothing", listed(&[])),
        ("acme", listed(&[acme])),
        ("globex", listed(&[globex])),
        ("acme globex", listed(&[acme, globex])),
        ("everything", ClaimedTenants::All),
    ];
    let kinds = [
        ("accounts", SubjectKind::Accounts),
        ("home", SubjectKind::Home),
        ("external", SubjectKind::External),
    ];
    let columns = ["own", "own, MODIFY", "other's", "other's, MODIFY", "leave acme"];
    let mut text =
        heading("8. The kinds of subjects (R5; rows: the kind, and what the token covers)");
    let user = world.user("target", Some(acme), &[(acme, "member"), (globex, "member")]);
    let other = world.user("other", Some(acme), &[(acme, "member"), (globex, "member")]);
    let mut table = Table::new(&columns);
    for (kind_name, kind) in kinds {
        for (covered, tenants) in &coverages {
            let plain = subject(kind, Permissions::default(), tenants);
            let modify = [Permission::ModifyUsersAndGroups].into_iter().collect();
            let modify = subject(kind, modify, tenants);
            table.row(
                &format!("{kind_name}, {covered}"),
                vec![
                    word(own_password(&plain, &user)),
                    word(own_password(&modify, &user)),
                    word(own_password(&plain, &other)),
                    word(own_password(&modify, &other)),
                    word(leave(&plain, &user, world)),
                ],
            );
        }
    }
    text.push_str(&table.render(
        "Change a password by proof of the current one; leave. At home in acme, a member of both",
    ));
    text
}

pub(crate) fn operators(world: &World) -> String {
    let acme = &world.acme;
    let user = world.user("target", Some(acme), &[(acme, "owner"), (&world.globex, "owner")]);
    let mut table = Table::new(&["home, proof", "release", "delete", "delete, forced", "invite"]);
    for Caller { name, actor } in world.callers() {
        let modifies = || domain::policy::account_scope(&actor, Operation::ModifyUsers, &context());
        let operate = || -> Verdict { Ok(modifies()?.authorize_operator(&user)?) };
        let release = || -> Verdict {
            Ok(release_scope(&actor, Some(acme), &context())?.authorize_release()?)
        };
        let forced = || -> Verdict {
            let decision = modifies()?.forced()?.authorize_deletion(&user)?;
            decision.complete(|_| []).map(drop).map_err(No::from)
        };
        let invite = || -> Verdict {
            let operation = Operation::WriteTenantUsers;
            let scope = tenant_scope(&actor, operation, Some(acme), &context())?;
            Ok(scope.authorize_invitation(&user)?)
        };
        let question = Question { caller: &actor, user: &user, others: &[] };
        let delete = question.delete();
        table.row(
            name,
            vec![word(operate()), word(release()), word(delete), word(forced()), word(invite())],
        );
    }
    heading("9. What only operators may (R2, R4; rows: the caller)")
        + &table.render("The account is at home in acme, the only owner of acme and of globex")
}
