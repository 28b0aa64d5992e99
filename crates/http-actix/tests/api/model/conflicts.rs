//! Pairs of calls that conflict with each other.

use super::callers::{Caller, Issuer, TokenPermissions};
use super::calls::{Action, CORRECT_PASSWORD, RoleField, UserRef};
use super::races::CallPair;
use super::strategies::Call;

/// Returns each pair with the calls that prepare it.
pub(crate) fn conflicting_pairs() -> Vec<(Vec<Call>, CallPair)> {
    let caller = |issuer: Issuer, subject: Option<&'static str>| Caller::Bearer {
        issuer,
        subject: subject.map(UserRef::Seeded),
        permissions: TokenPermissions::All,
    };
    let acme = |action| Call { caller: caller(Issuer::Tenant("acme"), None), action };
    let globex = |action| Call { caller: caller(Issuer::Tenant("globex"), None), action };
    let operator = |action| Call { caller: caller(Issuer::Operators, None), action };
    let member = |name, action| Call { caller: caller(Issuer::Membership, Some(name)), action };
    let (gina, gus, mia) =
        (UserRef::Seeded("gina"), UserRef::Seeded("gus"), UserRef::Seeded("mia"));
    let set_role = |tenant, user: &UserRef, role| Action::UpdateTenantUser {
        tenant,
        user: user.clone(),
        role: RoleField::Role(role),
        name: None,
    };
    let set_name = |tenant, user: &UserRef, name| Action::UpdateTenantUser {
        tenant,
        user: user.clone(),
        role: RoleField::Null,
        name: Some(name),
    };
    let attach_or_create = |tenant, email, role| Action::AttachOrCreate {
        tenant,
        email,
        role,
        name: Some("Name One"),
    };
    let create_user = |tenant, email, username| Action::CreateUser {
        tenant,
        email,
        username,
        first_name: "One",
        is_service_user: false,
        password: None,
    };
    let update_user = |user: &UserRef, email, first_name| Action::UpdateUser {
        user: user.clone(),
        email,
        first_name,
        last_name: "",
    };
    let change_password = |new| Action::ChangePassword {
        user: UserRef::Seeded("mia"),
        current: CORRECT_PASSWORD.to_owned(),
        new,
    };
    let set_password = |new| Action::SetPassword { user: UserRef::Seeded("mia"), new };
    let (new, other) = ("one@new.example", "two@new.example");

    // Gina and gus own globex together, and it is home to both.
    let two_owners = || vec![operator(set_role("globex", &gus, "owner"))];
    let owner_losses = [
        (
            member("gina", Action::Detach("globex", gus.clone())),
            member("gus", Action::Detach("globex", gina.clone())),
        ),
        (
            member("gina", set_role("globex", &gus, "admin")),
            member("gus", set_role("globex", &gina, "admin")),
        ),
        (
            member("gina", Action::DeleteUser(gus.clone())),
            member("gus", Action::DeleteUser(gina.clone())),
        ),
        (operator(Action::DeleteUser(gus.clone())), globex(Action::Detach("globex", gina.clone()))),
        (globex(set_role("globex", &gina, "member")), operator(Action::DeleteUser(gus.clone()))),
    ];
    let others = [
        (acme(create_user("acme", new, "uno")), globex(create_user("globex", new, "due"))),
        (acme(create_user("acme", new, "uno")), globex(create_user("globex", other, "uno"))),
        (
            acme(attach_or_create("acme", new, "viewer")),
            acme(attach_or_create("acme", new, "admin")),
        ),
        (
            acme(attach_or_create("acme", new, "viewer")),
            globex(attach_or_create("globex", new, "admin")),
        ),
        (acme(create_user("acme", new, "uno")), globex(attach_or_create("globex", new, "admin"))),
        (
            globex(attach_or_create("globex", "mia@acme.example", "admin")),
            operator(attach_or_create("globex", "mia@acme.example", "member")),
        ),
        (
            globex(attach_or_create("globex", "mia@acme.example", "admin")),
            acme(update_user(&mia, new, "One")),
        ),
        (
            globex(attach_or_create("globex", "mia@acme.example", "admin")),
            acme(Action::DeleteUser(mia.clone())),
        ),
        (acme(Action::DeleteUser(mia.clone())), acme(Action::DeleteUser(mia.clone()))),
        (acme(Action::DeleteUser(mia.clone())), acme(set_role("acme", &mia, "admin"))),
        (acme(Action::DeleteUser(mia.clone())), acme(update_user(&mia, new, "One"))),
        (acme(Action::DeleteUser(mia.clone())), acme(set_password("first-password"))),
        (globex(Action::DeleteUser(gus.clone())), acme(Action::Detach("acme", gus.clone()))),
        (globex(Action::DeleteUser(gus.clone())), acme(set_name("acme", &gus, "Name Two"))),
        (acme(Action::Detach("acme", gus.clone())), acme(set_role("acme", &gus, "admin"))),
        (
            acme(Action::Detach("acme", gus.clone())),
            acme(attach_or_create("acme", "gus@globex.example", "admin")),
        ),
        (acme(set_role("acme", &gus, "admin")), globex(set_name("globex", &gus, "Name Two"))),
        (
            acme(update_user(&mia, new, "One")),
            operator(update_user(&UserRef::Seeded("adam"), new, "Two")),
        ),
        (acme(update_user(&mia, new, "One")), acme(create_user("acme", new, "uno"))),
        (acme(update_user(&mia, new, "One")), acme(set_role("acme", &mia, "viewer"))),
        (
            acme(change_password("first-password")),
            member("mia", change_password("second-password")),
        ),
        (acme(set_password("first-password")), acme(set_password("second-password"))),
        (acme(set_password("first-password")), member("mia", change_password("second-password"))),
        (
            acme(Action::Detach("acme", mia.clone())),
            member("mia", change_password("second-password")),
        ),
        (
            member("olga", Action::Detach("acme", UserRef::Seeded("adam"))),
            member("adam", set_role("acme", &mia, "admin")),
        ),
        (
            member("olga", set_role("acme", &UserRef::Seeded("adam"), "member")),
            member("adam", Action::Detach("acme", mia.clone())),
        ),
    ];
    let owner_losses = owner_losses.into_iter().map(|pair| (two_owners(), pair));
    owner_losses.chain(others.into_iter().map(|pair| (Vec::new(), pair))).collect()
}
