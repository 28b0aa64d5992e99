//! The table of the rules R1 to R5 as text, computed by the policy.
//!
//! The test in `main.rs` compares it with the checked-in `policy_table.txt`; only `make generate`
//! writes the file.

use domain::{Bearer, ClaimedTenants, Operation, Permission, Permissions, TenantId, User, UserId};

use crate::accounts;
use crate::question::{Question, grant, list, word};
use crate::text::{Table, heading};
use crate::world::{Caller, RANK_COLUMNS, World, context, default_kind};

const WORDS: &str = "\
What the policy decides, for every kind of caller and of account.
Written by `make generate`; tests/policy_table compares it with the current policy.

The words
  yes      allowed
  hidden   the caller may not know that the account exists (404)
  perm     the token lacks the permission (403)
  tenant   the token does not cover the tenant (403)
  role     the caller's own role does not allow it (403)
  home     R2: the account is managed by another tenant, or by operators (403)
  above    R3: the role held or the new one is above the caller's own (403)
  blocked  the caller's own account is blocked (403)
  operator only operators may do this (403)
  subject  the token's subject is no account (403)
  last     R4: the tenant would lose the last holder of a protected role (409)

The columns (A and B: the contract)
  list            list the users of a tenant
  see             read one account: A through a tenant, B through any covered tenant
  grant           give a role to a new member: A attaches or creates, B creates an account
  to ROLE         A: change the role in acme
  rename          A: change the display name that acme sees
  detach          A: remove the membership in acme
  change          B: change e-mail address and names
  password        B: set the password
  own password    B: change the password by proof of the current one, as the account itself
  delete          B: delete the account

The callers
  list: TENANTS   the token names the tenants; the caller's own role is unknown
  ROLE@TENANT     the token covers the caller's memberships, with the role in each
  operator        the token covers every tenant
The roles, most powerful first: owner (protected), admin, viewer, member (no access).
The tenants are acme and globex. Every token carries every permission, except in table 1.
";

/// The whole table.
pub(crate) fn render() -> String {
    let world = World::new();
    let parts = [
        permissions,
        tenants,
        homes,
        ranks,
        last_holders,
        own_passwords,
        accounts::without_force,
        accounts::subjects,
        accounts::operators,
    ];
    parts.into_iter().fold(WORDS.to_owned(), |text, part| text + &part(&world))
}

fn permissions(world: &World) -> String {
    let held: Vec<(&str, Permissions)> = [("none", Permissions::default())]
        .into_iter()
        .chain(Permission::ALL.map(|one| (one.as_str(), Permissions::from_iter([one]))))
        .chain([("all of them", Permissions::from_iter(Permission::ALL))])
        .collect();
    let member = world.role("member");
    let targets = [
        ("The caller covers acme; the account is at home and member there", Some(&world.acme)),
        (
            "The caller covers acme; the account is at home and member in globex",
            Some(&world.globex),
        ),
        (
            "The caller covers acme; the tenant in the path is no tenant's name, the account unknown",
            None,
        ),
    ];
    let mut text = heading("1. Permissions come first (rows: what the token carries)");
    for (title, tenant) in targets {
        let mut table = Table::new(&[
            "list A",
            "list B",
            "see A",
            "see B",
            "grant A",
            "grant B",
            "rename A",
            "detach A",
            "change B",
            "password B",
            "own password B",
            "delete B",
        ]);
        let user = tenant.map_or_else(
            || world.user("target", None, &[]),
            |tenant| world.user("target", Some(tenant), &[(tenant, "member")]),
        );
        for (name, permissions) in &held {
            let caller = world.listed("", &[&world.acme]).actor.with_permissions(*permissions);
            let question = Question { caller: &caller, user: &user, others: &[] };
            table.row(
                name,
                vec![
                    word(list(&caller, Operation::ReadTenantUsers, tenant)),
                    word(list(&caller, Operation::ViewUsers, tenant)),
                    word(question.see_in(tenant)),
                    word(question.see()),
                    word(grant(&caller, Operation::WriteTenantUsers, tenant, member)),
                    word(grant(&caller, Operation::ModifyUsers, tenant, member)),
                    word(question.rename_in(tenant)),
                    word(question.detach_from(tenant)),
                    word(question.change()),
                    word(question.set_password()),
                    word(question.change_own_password()),
                    word(question.delete()),
                ],
            );
        }
        text.push_str(&table.render(title));
    }
    text
}

fn tenants(world: &World) -> String {
    let mut text = heading("2. Which tenants, which roles to give (R1, R3; rows: the caller)");
    let tenants = [("In acme", &world.acme), ("In globex", &world.globex)];
    for (title, tenant) in tenants {
        let mut table = Table::new(&[
            "list A",
            "list B",
            "grant owner",
            "grant admin",
            "grant viewer",
            "grant member",
        ]);
        for Caller { name, actor } in world.callers() {
            let mut cells = vec![
                word(list(&actor, Operation::ReadTenantUsers, Some(tenant))),
                word(list(&actor, Operation::ViewUsers, Some(tenant))),
            ];
            for role in world.roles.roles() {
                let by_a = word(grant(&actor, Operation::WriteTenantUsers, Some(tenant), role));
                let by_b = word(grant(&actor, Operation::ModifyUsers, Some(tenant), role));
                cells.push(if by_a == by_b { by_a } else { "A and B differ" });
            }
            table.row(name, cells);
        }
        text.push_str(&table.render(title));
    }
    text
}

fn homes(world: &World) -> String {
    let (acme, globex) = (&world.acme, &world.globex);
    let both = &[acme, globex];
    let targets: [(Option<&TenantId>, &[&TenantId]); 11] = [
        (Some(acme), &[acme]),
        (Some(acme), both),
        (Some(globex), both),
        (Some(globex), &[globex]),
        (Some(acme), &[globex]),
        (Some(globex), &[acme]),
        (None, &[acme]),
        (None, &[globex]),
        (None, both),
        (Some(acme), &[]),
        (None, &[]),
    ];
    let mut text =
        heading("3. Where the account is at home and attached (R1, R2; rows: the caller)");
    for (home, attached) in targets {
        let mut table = Table::new(&[
            "see A acme",
            "see A globex",
            "see B",
            "rename",
            "detach",
            "change",
            "password",
            "own password",
            "delete",
        ]);
        let memberships: Vec<_> = attached.iter().map(|tenant| (*tenant, "member")).collect();
        let user = world.user("target", home, &memberships);
        for Caller { name, actor } in world.callers() {
            let question = Question { caller: &actor, user: &user, others: &[] };
            let myself = actor.clone().with_subject(user.id.clone(), actor.subject_kind);
            table.row(
                name,
                vec![
                    word(question.see_in(Some(acme))),
                    word(question.see_in(Some(globex))),
                    word(question.see()),
                    word(question.rename_in(Some(acme))),
                    word(question.detach_from(Some(acme))),
                    word(question.change()),
                    word(question.set_password()),
                    word(Question { caller: &myself, ..question }.change_own_password()),
                    word(question.delete()),
                ],
            );
        }
        let home = home.map_or("nowhere".to_owned(), |home| format!("in {home}"));
        let attached: Vec<_> = attached.iter().map(|tenant| tenant.as_str()).collect();
        let attached =
            if attached.is_empty() { "nothing".to_owned() } else { attached.join(" and ") };
        text.push_str(&table.render(&format!("At home {home}, a member of {attached}")));
    }
    text
}

fn ranks(world: &World) -> String {
    let (acme, globex) = (&world.acme, &world.globex);
    let mut text = heading(
        "4. Roles above the caller's own (R3; rows: the caller, then the account, at home in acme)",
    );
    let others = [world.user("other", Some(acme), &[(acme, "owner"), (globex, "owner")])];
    let mut one = Table::new(&RANK_COLUMNS);
    let single = [
        world.with_roles("owner@acme", &[(acme, "owner")]),
        world.with_roles("admin@acme", &[(acme, "admin")]),
        world.with_roles("viewer@acme", &[(acme, "viewer")]),
        world.listed("list: acme", &[acme]),
        world.operator(),
    ];
    for Caller { name, actor } in &single {
        for role in ["owner", "admin", "viewer", "member"] {
            let user = world.user("target", Some(acme), &[(acme, role)]);
            let question = Question { caller: actor, user: &user, others: &others };
            one.row(&format!("{name} to {role}"), world.rank_cells(&question));
        }
    }
    text.push_str(&one.render("The account is attached to acme alone"));

    let mut two = Table::new(&RANK_COLUMNS);
    let double = [
        world.with_roles("admin@acme owner@globex", &[(acme, "admin"), (globex, "owner")]),
        world.with_roles("admin@acme viewer@globex", &[(acme, "admin"), (globex, "viewer")]),
        world.with_roles("admin@acme member@globex", &[(acme, "admin"), (globex, "member")]),
        world.with_roles("admin@acme", &[(acme, "admin")]),
        world.listed("list: acme globex", &[acme, globex]),
    ];
    for Caller { name, actor } in &double {
        for role in ["owner", "admin", "viewer", "member"] {
            let user = world.user("target", Some(acme), &[(acme, "viewer"), (globex, role)]);
            let question = Question { caller: actor, user: &user, others: &others };
            two.row(&format!("{name} to {role}"), world.rank_cells(&question));
        }
    }
    text.push_str(&two.render("The account is a viewer of acme, and of globex what the row says"));
    text
}

fn last_holders(world: &World) -> String {
    let (acme, globex) = (&world.acme, &world.globex);
    let blocked = |user: User| User { blocked: true, ..user };
    let of_acme = |role| world.user("target", Some(acme), &[(acme, role)]);
    let other = |role| world.user("other", Some(acme), &[(acme, role)]);
    let rows: [(&str, User, Vec<User>); 10] = [
        ("the only owner", of_acme("owner"), vec![]),
        ("an owner beside an admin", of_acme("owner"), vec![other("admin")]),
        ("one of two owners", of_acme("owner"), vec![other("owner")]),
        ("an owner beside a blocked one", of_acme("owner"), vec![blocked(other("owner"))]),
        (
            "an owner beside one of globex",
            of_acme("owner"),
            vec![world.user("other", Some(acme), &[(acme, "member"), (globex, "owner")])],
        ),
        ("a blocked owner, the only one", blocked(of_acme("owner")), vec![]),
        ("the only admin", of_acme("admin"), vec![]),
        ("the only viewer", of_acme("viewer"), vec![]),
        (
            "the only owner of globex, a member here",
            world.user("target", Some(acme), &[(acme, "member"), (globex, "owner")]),
            vec![other("owner")],
        ),
        (
            "one of two owners here, the only one of globex",
            world.user("target", Some(acme), &[(acme, "owner"), (globex, "owner")]),
            vec![other("owner")],
        ),
    ];
    let mut text = heading("5. The last holder of a protected role (R4; rows: the account)");
    for Caller { name, actor } in [
        world.operator(),
        world.with_roles("owner@acme", &[(acme, "owner")]),
        world.with_roles("admin@acme", &[(acme, "admin")]),
    ] {
        let mut table = Table::new(&RANK_COLUMNS);
        for (row, user, others) in &rows {
            table.row(row, world.rank_cells(&Question { caller: &actor, user, others }));
        }
        text.push_str(
            &table.render(&format!("The caller is {name}; the account is at home in acme")),
        );
    }
    text
}

fn own_passwords(world: &World) -> String {
    let (acme, globex) = (&world.acme, &world.globex);
    let users = [
        ("at home and member in acme", world.user("target", Some(acme), &[(acme, "member")])),
        (
            "at home in globex, member of acme",
            world.user("target", Some(globex), &[(acme, "member")]),
        ),
        ("at home nowhere, member of acme", world.user("target", None, &[(acme, "member")])),
        ("at home and owner in acme", world.user("target", Some(acme), &[(acme, "owner")])),
        ("at home and member in globex", world.user("target", Some(globex), &[(globex, "member")])),
        ("at home in acme, attached to nothing", world.user("target", Some(acme), &[])),
    ];
    let mut table = Table::new(&[
        "own, list: acme",
        "own, memberships",
        "own, operator",
        "other's, list: acme",
        "other's, memberships",
    ]);
    for blocked in [false, true] {
        for (name, user) in &users {
            let user = User { blocked, ..user.clone() };
            let cell = |claimed: ClaimedTenants, subject: &UserId| {
                let bearer = Bearer {
                    caller: domain::CallerKey::new([0; 32]),
                    issuer: "https://issuer.example.com".to_owned(),
                    subject: Some(subject.clone()),
                    subject_kind: default_kind(&claimed),
                    permissions: Permissions::default(),
                    tenants: claimed,
                };
                let caller = bearer.actor(Some(&user), &context());
                word(Question { caller: &caller, user: &user, others: &[] }.change_own_password())
            };
            let listed = || ClaimedTenants::Listed([acme.clone()].into());
            let looked_up = || ClaimedTenants::Memberships { within: None };
            let other_id = world.user("other", None, &[]).id;
            let name = if blocked { format!("{name}, blocked") } else { (*name).to_owned() };
            table.row(
                &name,
                vec![
                    cell(listed(), &user.id),
                    cell(looked_up(), &user.id),
                    cell(ClaimedTenants::All, &user.id),
                    cell(listed(), &other_id),
                    cell(looked_up(), &other_id),
                ],
            );
        }
    }
    heading("6. The own password needs no permission (R5; rows: the account)")
        + &table.render("No token carries a permission; columns: the account's own token, or another's; what it covers")
}
