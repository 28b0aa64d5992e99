//! The sort order: total, stable, and equal with and without paging.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{BOTH, List};
use crate::support::{App, AppOptions};

const FIELDS: [&str; 6] = ["id", "username", "email", "firstName", "lastName", "createdAt"];

/// A tenant whose users differ only in case, in accents or in their ids.
fn similar_users() -> AppOptions {
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
    let mut users = String::new();
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
        writeln!(users, "{line}").unwrap();
    }
    AppOptions { users, ..AppOptions::default() }
}

/// Compares by the documented order: by Unicode lower case, then by bytes. Times have equal length.
fn compare(field: &str, left: &Value, right: &Value) -> Ordering {
    let (left, right) = (left[field].as_str().unwrap(), right[field].as_str().unwrap());
    left.to_lowercase().cmp(&right.to_lowercase()).then_with(|| left.cmp(right))
}

/// The names of the users in the expected order.
fn sorted_names(users: &[Value], field: &str, descending: bool) -> Vec<String> {
    let mut users: Vec<_> = users.iter().collect();
    users.sort_by(|left, right| {
        let order = compare(field, left, right);
        let order = if descending { order.reverse() } else { order };
        order.then_with(|| compare("id", left, right))
    });
    let id =
        |user: &&Value| user["id"].as_str().unwrap().strip_prefix("auth0|").unwrap().to_owned();
    users.iter().map(id).collect()
}

#[tokio::test]
async fn pages_list_every_user_once_and_sorted() {
    let app = App::start_with(similar_users()).await;
    let operator = app.operator();
    let users = operator.get(&List::B.path("hooli", "page[size]=100")).await.json();
    let users = users["data"].as_array().unwrap();
    assert_eq!(users.len(), 26);

    for field in FIELDS {
        for descending in [false, true] {
            let sort = format!("{}{field}", if descending { "-" } else { "" });
            let expected = sorted_names(users, field, descending);
            for list in BOTH {
                let path = list.path("hooli", &format!("sort={sort}&page[size]=4"));
                assert_eq!(list.follow(&operator, path).await, expected, "{list:?} {sort}");
            }
        }
    }
}

#[tokio::test]
async fn unpaged_list_has_the_order_of_its_pages() {
    let app = App::start_with(similar_users()).await;
    let operator = app.operator();

    for field in FIELDS {
        let whole = operator.get(&List::A.path("hooli", &format!("sort=-{field}"))).await;
        let path = List::A.path("hooli", &format!("sort=-{field}&page[size]=7"));
        assert_eq!(List::A.names(&whole), List::A.follow(&operator, path).await, "{field}");
    }
}

#[tokio::test]
async fn default_order_is_by_id() {
    let app = App::start_with(similar_users()).await;
    let operator = app.operator();

    for list in BOTH {
        let default = operator.get(&list.path("hooli", "")).await;
        let by_id = operator.get(&list.path("hooli", "sort=id")).await;
        assert_eq!(list.names(&default), list.names(&by_id), "{list:?}");
    }
}

#[tokio::test]
async fn descending_order_breaks_ties_by_ascending_id() {
    let app = App::start().await;
    // Gina of globex and Olga of acme have the same last name, so Olga is attached to globex.
    let body = json!({"email": "olga@acme.example", "role": "member"});
    app.tenant("globex").post("/api/globex/admin/users", body).await;
    // Before that, her last name is hidden from globex.
    let proof = json!({"emailVerified": true});
    app.operator().put("/api/v1/users/auth0%7Colga/proof", proof).await;

    let up = app.operator().get(&List::B.path("globex", "sort=lastName")).await;
    let down = app.operator().get(&List::B.path("globex", "sort=-lastName")).await;

    assert_eq!(List::B.names(&up), ["adam", "gus", "gina", "olga"]);
    assert_eq!(List::B.names(&down), ["gina", "olga", "gus", "adam"]);
}

#[tokio::test]
async fn missing_username_sorts_by_email() {
    let app = App::start().await;

    let list = List::B.get(&app, "sort=username").await;

    let usernames: Vec<_> = list.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap().to_owned())
        .collect();
    let expected =
        ["adam", "bob", "gus", "hal@nowhere.example", "mia", "olga", "vera@acme.example"];
    assert_eq!(usernames, expected);
}

#[tokio::test]
async fn default_page_size_is_fifty() {
    let mut users = String::new();
    for number in 0..120 {
        let line =
            json!({"email": format!("{number}@hooli.example"), "tenants": {"hooli": "member"}});
        writeln!(users, "{line}").unwrap();
    }
    let app = App::start_with(AppOptions { users, ..AppOptions::default() }).await;
    let operator = app.operator();

    for (list, parameters, size) in [
        (List::B, "", 50),
        (List::B, "page[number]=2", 20),
        (List::A, "page[number]=0", 50),
        (List::A, "page[number]=2", 20),
        (List::A, "page[size]=100", 100),
        (List::B, "page[size]=100", 100),
        (List::B, "page[size]=1", 1),
    ] {
        let page = operator.get(&list.path("hooli", parameters)).await;
        assert_eq!(list.names(&page).len(), size, "{list:?} {parameters}");
    }
}
