//! The number of calls to Auth0 of each operation: measured, and compared with `docs/auth0.md`.
//!
//! `cargo test -p auth0-adapter --test budget -- --nocapture` prints the table to put there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this is a test, and prints a table"
)]

mod world;

use std::sync::Arc;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use auth0_adapter::Invite;
use conformance::{Caller, acme, select};
use domain::{
    AccountChange, CurrentPassword, ListQuery, MembershipChange, NewMember, NewUser, User,
};
use ports::{PasswordCheck, PortResult, UserDirectory};
use serde_json::json;

use crate::world::{
    BY_EMAIL, CREATE, DELETE, GET, LOG_IN, MAIL, PATCH, SEARCH, World, account, calls, email,
    new_member, new_user, to_role,
};

/// One row: the operation and its calls, by route.
struct Row(&'static str, BTreeMap<String, u64>);

struct Measured<'a> {
    world: &'a World,
    rows: Vec<Row>,
}

impl Measured<'_> {
    /// Measures an operation as callers make it: each change of a user begins with a look-up.
    async fn row<T: std::fmt::Debug>(
        &mut self,
        name: &'static str,
        expected: BTreeMap<String, u64>,
        operation: impl Future<Output = PortResult<T>>,
    ) -> T {
        self.world.take_calls();
        let result = operation.await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let measured = self.world.take_calls();
        assert_eq!(measured, expected, "{name}");
        self.rows.push(Row(name, measured));
        result
    }
}

/// Seeds a user whose home is acme, as if created by another process.
fn planted(world: &World, name: &str, role: &str, blocked: bool) -> domain::UserId {
    let mut planted = account(name, [("acme", role)]);
    planted["app_metadata"]["usher"] = json!({ "home": "acme" });
    planted["password"] = json!("correct-horse");
    planted["blocked"] = json!(blocked);
    world.seed(planted)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
async fn every_operation_keeps_to_its_call_budget() {
    let world = World::new().await;
    for name in ["ada", "bob", "cy", "di", "eve", "fay", "gus", "hal"] {
        planted(&world, name, "member", false);
    }
    planted(&world, "blocked", "member", true);
    planted(&world, "owner", "owner", false);
    planted(&world, "other-owner", "owner", false);
    for number in 0..250 {
        let mut user = account(&format!("p{number}"), [("acme", "member")]);
        user["created_at"] = json!(format!("2025-01-01T00:00:00.{number:03}Z"));
        world.seed(user);
    }
    world.seed(account("outsider", [("globex", "member")]));
    let id = |name: &str| format!("auth0|{name}").parse::<domain::UserId>().unwrap();
    let (views, changes) = (Caller::of([acme()]).views(), Caller::of([acme()]).changes());
    let (reads, writes) =
        (Caller::of([acme()]).reads(&acme()), Caller::of([acme()]).writes(&acme()));
    let directory = &*world.directory;
    let find = async |name: &str| -> PortResult<User> {
        Ok(Arc::unwrap_or_clone(directory.find(&changes, &id(name)).await?.unwrap()))
    };
    let page = |number| ListQuery {
        page: Some(domain::PageRequest { number, size: 50.try_into().unwrap() }),
        ..ListQuery::default()
    };
    let mut table = Measured { world: &world, rows: Vec::new() };

    table.row("get a user", calls([(GET, 1)]), directory.find(&views, &id("ada"))).await;
    for (name, number) in [("first page of a list", 0), ("later page of a list", 3)] {
        table.row(name, calls([(SEARCH, 1)]), select(directory, &reads, page(number))).await;
    }
    let full_list = calls([(SEARCH, 3)]);
    table
        .row("full list of 261 users", full_list, select(directory, &reads, ListQuery::default()))
        .await;
    let new =
        NewUser { password: Some("correct-horse".parse().unwrap()), ..new_user("new", "member") };
    table.row("create", calls([(CREATE, 1)]), directory.create(&writes, new)).await;
    let new: NewMember = new_member("newer", "member");
    let expected = calls([(BY_EMAIL, 1), (SEARCH, 1), (CREATE, 1)]);
    table
        .row("attach or create, new account", expected, directory.attach_or_create(&writes, new))
        .await;
    let existing = new_member("outsider", "member");
    let expected = calls([(BY_EMAIL, 1), (SEARCH, 1), (PATCH, 1)]);
    table
        .row(
            "attach or create, existing account",
            expected,
            directory.attach_or_create(&writes, existing),
        )
        .await;

    table
        .row("change a role", calls([(GET, 1), (PATCH, 1)]), async {
            let seen = find("ada").await?;
            directory.change_membership(&writes, &seen, to_role("viewer")).await
        })
        .await;
    table
        .row("rename", calls([(GET, 1), (PATCH, 1)]), async {
            let named = MembershipChange { role: None, name: Some("Bob".parse().unwrap()) };
            directory.change_membership(&writes, &find("bob").await?, named).await
        })
        .await;
    table
        .row("demote", calls([(GET, 2), (PATCH, 1)]), async {
            let seen = find("ada").await?;
            directory.change_membership(&writes, &seen, to_role("member")).await
        })
        .await;
    table
        .row("detach", calls([(GET, 2), (PATCH, 1)]), async {
            directory.detach(&writes, &find("cy").await?).await
        })
        .await;
    let expected = calls([(GET, 4), (SEARCH, 1), (PATCH, 1)]);
    table
        .row("detach a holder of a protected role", expected, async {
            directory.detach(&writes, &find("owner").await?).await
        })
        .await;
    let change = |name| AccountChange {
        email: email(name),
        given_name: Some("Di".parse().unwrap()),
        family_name: None,
    };
    table
        .row("change an account", calls([(GET, 1), (PATCH, 1)]), async {
            directory.change_account(&changes, &find("di").await?, change("diana")).await
        })
        .await;
    table
        .row("change an account, e-mail taken", calls([(GET, 1), (PATCH, 2)]), async {
            directory.change_account(&changes, &find("eve").await?, change("ada")).await
        })
        .await;
    table
        .row("delete", calls([(GET, 1), (DELETE, 1)]), async {
            directory.delete(&changes, &find("fay").await?).await
        })
        .await;
    table
        .row("set a password", calls([(GET, 1), (PATCH, 1)]), async {
            let password = "battery-staple".parse().unwrap();
            directory.set_password(&changes, &find("gus").await?, password).await
        })
        .await;
    table
        .row("set a password of a blocked user", calls([(GET, 1), (PATCH, 2)]), async {
            let password = "battery-staple".parse().unwrap();
            directory.set_password(&changes, &find("blocked").await?, password).await
        })
        .await;
    let expected = calls([(GET, 1), (LOG_IN, 1), (PATCH, 1)]);
    table
        .row("change a password by the current one", expected, async {
            let seen = find("hal").await?;
            let offered = CurrentPassword::offered("correct-horse".to_owned());
            directory.verify(&changes, &seen, offered, None).await?;
            directory.set_password(&changes, &seen, "battery-staple".parse().unwrap()).await
        })
        .await;
    let rows = table.rows;

    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    let mut invited = Measured { world: &world, rows };
    let directory = &*world.directory;
    let new = new_user("new", "member");
    let expected = calls([(CREATE, 1), (MAIL, 1)]);
    invited.row("create, with an invitation", expected, directory.create(&writes, new)).await;
    let expected = calls([(BY_EMAIL, 1), (SEARCH, 1), (CREATE, 1), (MAIL, 1)]);
    let new = new_member("newer", "member");
    invited
        .row(
            "attach or create, new account, with an invitation",
            expected,
            directory.attach_or_create(&writes, new),
        )
        .await;
    let table = written(&invited.rows);
    println!("{table}");
    assert!(
        include_str!("../../../docs/auth0.md").contains(&table),
        "docs/auth0.md shows another table"
    );
}

fn written(rows: &[Row]) -> String {
    let mut table = String::from("| operation | calls | which |\n|---|---|---|\n");
    for Row(name, calls) in rows {
        let which = calls.iter().map(|(route, count)| match count {
            1 => format!("`{route}`"),
            _ => format!("{count} × `{route}`"),
        });
        let which = which.collect::<Vec<_>>().join(", ");
        let _ = writeln!(table, "| {name} | {} | {which} |", calls.values().sum::<u64>());
    }
    table
}
