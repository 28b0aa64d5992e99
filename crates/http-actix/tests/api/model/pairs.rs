//! Pairs of calls that get in each other's way.

use super::callers::{Caller, Issuer, May};
use super::calls::{Given, Op, RIGHT, Whom};
use super::draw::Call;
use super::races::Pair;

/// Each with the steps that lead up to it.
pub(crate) fn all() -> Vec<(Vec<Call>, Pair)> {
    let by = |issuer: Issuer, subject: Option<&'static str>| Caller::Bearer {
        issuer,
        subject: subject.map(Whom::Known),
        may: May::All,
    };
    let acme = |op| Call { caller: by(Issuer::Tenant("acme"), None), op };
    let globex = |op| Call { caller: by(Issuer::Tenant("globex"), None), op };
    let operator = |op| Call { caller: by(Issuer::Operators, None), op };
    let member = |name, op| Call { caller: by(Issuer::Membership, Some(name)), op };
    let (gina, gus, mia) = (Whom::Known("gina"), Whom::Known("gus"), Whom::Known("mia"));
    let role = |tenant, user: &Whom, role| Op::PutIn {
        tenant,
        user: user.clone(),
        role: Given::Role(role),
        name: None,
    };
    let name = |tenant, user: &Whom, name| Op::PutIn {
        tenant,
        user: user.clone(),
        role: Given::Null,
        name: Some(name),
    };
    let enlist = |tenant, email, role| Op::Enlist { tenant, email, role, name: Some("Name One") };
    let create = |tenant, email, username| Op::Create {
        tenant,
        email,
        username,
        first: "One",
        service: false,
        password: None,
    };
    let put = |user: &Whom, email, first| Op::Put { user: user.clone(), email, first, last: "" };
    let change =
        |new| Op::ChangePassword { user: Whom::Known("mia"), current: RIGHT.to_owned(), new };
    let set = |new| Op::SetPassword { user: Whom::Known("mia"), new };
    let (new, other) = ("one@new.example", "two@new.example");

    // Gina and gus are the two owners of globex, his home too.
    let two_owners = || vec![operator(role("globex", &gus, "owner"))];
    let losses = [
        (
            member("gina", Op::Detach("globex", gus.clone())),
            member("gus", Op::Detach("globex", gina.clone())),
        ),
        (
            member("gina", role("globex", &gus, "admin")),
            member("gus", role("globex", &gina, "admin")),
        ),
        (member("gina", Op::Delete(gus.clone())), member("gus", Op::Delete(gina.clone()))),
        (operator(Op::Delete(gus.clone())), globex(Op::Detach("globex", gina.clone()))),
        (globex(role("globex", &gina, "member")), operator(Op::Delete(gus.clone()))),
    ];
    let others = [
        (acme(create("acme", new, "uno")), globex(create("globex", new, "due"))),
        (acme(create("acme", new, "uno")), globex(create("globex", other, "uno"))),
        (acme(enlist("acme", new, "viewer")), acme(enlist("acme", new, "admin"))),
        (acme(enlist("acme", new, "viewer")), globex(enlist("globex", new, "admin"))),
        (acme(create("acme", new, "uno")), globex(enlist("globex", new, "admin"))),
        (
            globex(enlist("globex", "mia@acme.example", "admin")),
            operator(enlist("globex", "mia@acme.example", "member")),
        ),
        (globex(enlist("globex", "mia@acme.example", "admin")), acme(put(&mia, new, "One"))),
        (globex(enlist("globex", "mia@acme.example", "admin")), acme(Op::Delete(mia.clone()))),
        (acme(Op::Delete(mia.clone())), acme(Op::Delete(mia.clone()))),
        (acme(Op::Delete(mia.clone())), acme(role("acme", &mia, "admin"))),
        (acme(Op::Delete(mia.clone())), acme(put(&mia, new, "One"))),
        (acme(Op::Delete(mia.clone())), acme(set("first-password"))),
        (globex(Op::Delete(gus.clone())), acme(Op::Detach("acme", gus.clone()))),
        (globex(Op::Delete(gus.clone())), acme(name("acme", &gus, "Name Two"))),
        (acme(Op::Detach("acme", gus.clone())), acme(role("acme", &gus, "admin"))),
        (
            acme(Op::Detach("acme", gus.clone())),
            acme(enlist("acme", "gus@globex.example", "admin")),
        ),
        (acme(role("acme", &gus, "admin")), globex(name("globex", &gus, "Name Two"))),
        (acme(put(&mia, new, "One")), operator(put(&Whom::Known("adam"), new, "Two"))),
        (acme(put(&mia, new, "One")), acme(create("acme", new, "uno"))),
        (acme(put(&mia, new, "One")), acme(role("acme", &mia, "viewer"))),
        (acme(change("first-password")), member("mia", change("second-password"))),
        (acme(set("first-password")), acme(set("second-password"))),
        (acme(set("first-password")), member("mia", change("second-password"))),
        (acme(Op::Detach("acme", mia.clone())), member("mia", change("second-password"))),
        (
            member("olga", Op::Detach("acme", Whom::Known("adam"))),
            member("adam", role("acme", &mia, "admin")),
        ),
        (
            member("olga", role("acme", &Whom::Known("adam"), "member")),
            member("adam", Op::Detach("acme", mia.clone())),
        ),
    ];
    let losses = losses.into_iter().map(|pair| (two_owners(), pair));
    losses.chain(others.into_iter().map(|pair| (Vec::new(), pair))).collect()
}
