//! Times decisions of the policy (`make bench-criterion`).
#![allow(clippy::unwrap_used, reason = "a benchmark stops on failure")]

use std::hint::black_box;

use criterion::Criterion;
use domain::policy::{Action, decide, tenant_scope};
use domain::{Actor, Operation, PolicyContext, RoleCatalogue, TenantId, Timestamp, User};

/// The other users of the tenant, of whom only the last keeps the protected role.
const OTHERS: usize = 100;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let catalogue = RoleCatalogue::standard();
    let role = |name: &str| catalogue.resolve(name).unwrap().clone();
    let acme: TenantId = "acme".parse().unwrap();
    let user = |number: usize, name: &str| {
        let id = format!("auth0|user-{number}").parse().unwrap();
        let email = format!("user-{number}@acme.example").parse().unwrap();
        User::builder(id, email).membership(acme.clone(), role(name)).build()
    };
    let (owner, viewer) = (user(0, "owner"), user(1, "viewer"));
    let mut others: Vec<User> = (2..=OTHERS).map(|number| user(number, "member")).collect();
    others.push(user(OTHERS + 1, "owner"));

    let operator = Actor::operator();
    let admin = Actor::member("auth0|bob".parse().unwrap(), [(acme.clone(), role("admin"))]);
    let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
    let member = role("member");

    let mut group = criterion.benchmark_group("policy");
    group.bench_function("scope of a read", |bencher| {
        let read = || tenant_scope(&operator, Operation::ReadTenantUsers, Some(&acme), &context);
        bencher.iter(|| black_box(read()).unwrap());
    });
    let scope = tenant_scope(&operator, Operation::ReadTenantUsers, Some(&acme), &context).unwrap();
    group.bench_function("visibility of one user", |bencher| {
        bencher.iter(|| assert!(scope.can_see(black_box(&viewer))));
    });
    group.bench_function("change of a role", |bencher| {
        let action = Action::SetRole(&acme, &member);
        bencher.iter(|| decide(&admin, action, black_box(&viewer), &others, &context).unwrap());
    });
    group.bench_function("refused change of a role", |bencher| {
        let action = Action::SetRole(&acme, &member);
        bencher.iter(|| decide(&admin, action, black_box(&owner), &others, &context).unwrap_err());
    });
    group.bench_function("removal of a protected role among 100 users", |bencher| {
        let action = Action::Detach(&acme);
        bencher.iter(|| decide(&operator, action, black_box(&owner), &others, &context).unwrap());
    });
    group.finish();
    criterion.final_summary();
}
