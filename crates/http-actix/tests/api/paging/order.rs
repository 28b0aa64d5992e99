//! The order: total, stable, and the same on pages as on the whole.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{BOTH, List};
use crate::support::{App, AppOptions};

const FIELDS: [&str; 6] = ["id", "username", "email", "firstName", "lastName", "createdAt"];

/// A tenant full of people who are alike: in all but case, in accents, in everything but their ids.
fn crowd() -> AppOptions {
    let first_names = [
        json!("eva"),
        json!("Eva"),
        json!("EVA"),
        json!("Éva"),
        json!("éva"),
        json!(null),
        json!("Zoë"),
        json!("zoe"),
        json!("Ωmega"),
        json!("ωmega"),
        json!("李"),
        json!("Straße"),
        json!("STRASSE"),
    ];
    let last_names = [json!("Ng"), json!("ng"), json!(null), json!("O'Neil"), json!("Öz")];
    let mut people = String::new();
    for number in 0..26_usize {
        let line = json!({
            "id": format!("auth0|{}{}", ["b", "A", "a", "B"][number % 4], number * 7 % 26),
            "email": format!("{}@people.example", number * 11 % 26),
            "username": (number % 3 > 0).then(|| format!("u{}", number * 5 % 26)),
            "firstName": first_names[number % first_names.len()],
            "lastName": last_names[number % last_names.len()],
            "createdAt": format!("2025-0{}-01T00:00:00Z", number % 4 + 1),
            "homeTenant": "hooli",
            "tenants": {"hooli": "member"},
        });
        writeln!(people, "{line}").unwrap();
    }
    AppOptions { users: people, ..AppOptions::default() }
}

/// The published order: by Unicode lower case, then by bytes; times are alike in length.
fn by(field: &str, left: &Value, right: &Value) -> Ordering {
    let (left, right) = (left[field].as_str().unwrap(), right[field].as_str().unwrap());
    left.to_lowercase().cmp(&right.to_lowercase()).then_with(|| left.cmp(right))
}

/// Everybody's names as they should stand.
fn sorted(users: &[Value], field: &str, descending: bool) -> Vec<String> {
    let mut users: Vec<_> = users.iter().collect();
    users.sort_by(|left, right| {
        let order = by(field, left, right);
        let order = if descending { order.reverse() } else { order };
        order.then_with(|| by("id", left, right))
    });
    let id =
        |user: &&Value| user["id"].as_str().unwrap().strip_prefix("auth0|").unwrap().to_owned();
    users.iter().map(id).collect()
}

#[tokio::test]
async fn the_pages_of_every_order_hold_everybody_once_and_in_order() {
    let app = App::start_with(crowd()).await;
    let hooli = app.operator();
    let everybody = hooli.get(&List::B.of("hooli", "page[size]=100")).await.json();
    let everybody = everybody["data"].as_array().unwrap();
    assert_eq!(everybody.len(), 26);

    for field in FIELDS {
        for descending in [false, true] {
            let sort = format!("{}{field}", if descending { "-" } else { "" });
            let expected = sorted(everybody, field, descending);
            for list in BOTH {
                let path = list.of("hooli", &format!("sort={sort}&page[size]=4"));
                assert_eq!(list.follow(&hooli, path).await, expected, "{list:?} {sort}");
            }
        }
    }
}

#[tokio::test]
async fn a_whole_list_has_the_order_of_its_pages() {
    let app = App::start_with(crowd()).await;
    let hooli = app.operator();

    for field in FIELDS {
        let whole = hooli.get(&List::A.of("hooli", &format!("sort=-{field}"))).await;
        let path = List::A.of("hooli", &format!("sort=-{field}&page[size]=7"));
        assert_eq!(List::A.names(&whole), List::A.follow(&hooli, path).await, "{field}");
    }
}

#[tokio::test]
async fn the_order_is_by_id_unless_another_is_asked_for() {
    let app = App::start_with(crowd()).await;
    let hooli = app.operator();

    for list in BOTH {
        let plain = hooli.get(&list.of("hooli", "")).await;
        let by_id = hooli.get(&list.of("hooli", "sort=id")).await;
        assert_eq!(list.names(&plain), list.names(&by_id), "{list:?}");
    }
}

#[tokio::test]
async fn ties_stand_by_ascending_id_in_a_descending_order_too() {
    let app = App::start().await;
    // Gina and Olga, both with the last name Owner, are of different tenants: olga joins globex.
    let body = json!({"email": "olga@acme.example", "role": "member"});
    app.tenant("globex").post("/api/globex/admin/users", body).await;

    let up = app.operator().get(&List::B.of("globex", "sort=lastName")).await;
    let down = app.operator().get(&List::B.of("globex", "sort=-lastName")).await;

    assert_eq!(List::B.names(&up), ["adam", "gus", "gina", "olga"]);
    assert_eq!(List::B.names(&down), ["gina", "olga", "gus", "adam"]);
}

#[tokio::test]
async fn a_missing_username_stands_where_the_address_would() {
    let app = App::start().await;

    let list = List::B.get(&app, "sort=username").await;

    let shown: Vec<_> = list.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap().to_owned())
        .collect();
    let expected =
        ["adam", "bob", "gus", "hal@nowhere.example", "mia", "olga", "vera@acme.example"];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn fifty_stand_on_a_page_unless_another_size_is_asked_for() {
    let mut people = String::new();
    for number in 0..120 {
        let line =
            json!({"email": format!("{number}@hooli.example"), "tenants": {"hooli": "member"}});
        writeln!(people, "{line}").unwrap();
    }
    let app = App::start_with(AppOptions { users: people, ..AppOptions::default() }).await;
    let hooli = app.operator();

    for (list, parameters, size) in [
        (List::B, "", 50),
        (List::B, "page[number]=2", 20),
        (List::A, "page[number]=0", 50),
        (List::A, "page[number]=2", 20),
        (List::A, "page[size]=100", 100),
        (List::B, "page[size]=100", 100),
        (List::B, "page[size]=1", 1),
    ] {
        let page = hooli.get(&list.of("hooli", parameters)).await;
        assert_eq!(list.names(&page).len(), size, "{list:?} {parameters}");
    }
}
