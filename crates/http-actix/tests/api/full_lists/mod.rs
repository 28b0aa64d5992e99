//! Full lists of contract A: how they are sent, and what becomes of those that are not read.

mod failures;
pub(crate) mod fixture;
mod transit;

use std::fmt::Write as _;
use std::io::Write as _;

use futures_util::stream;
use serde_json::json;

use crate::support::{App, AppOptions, slow_reader};
use fixture::{ListLog, batch, directory, read_to_end};

const INITECH: &str = "/api/initech/admin/users";

/// Starts a service in which initech has users for more than one piece of a response.
async fn app_with_long_list() -> App {
    let mut users = String::new();
    for number in 0..300 {
        let line = json!({
            "email": format!("a-user-with-the-number-{number}@initech.example"),
            "name": format!("\"{number}\" \\ ü"),
            "homeTenant": "initech",
            "tenants": {"initech": "member"},
        });
        writeln!(users, "{line}").unwrap();
    }
    App::start_with(AppOptions { users, ..AppOptions::default() }).await
}

#[tokio::test]
async fn long_list_has_the_bytes_of_its_pages() {
    let app = app_with_long_list().await;
    let initech = app.tenant("initech");
    for sort in ["id", "-email"] {
        let list = initech.get(&format!("{INITECH}?sort={sort}")).await;

        let mut pages = Vec::new();
        for number in 0..3 {
            let query = format!("?sort={sort}&page[size]=100&page[number]={number}");
            let page = initech.get(&format!("{INITECH}{query}")).await;
            let users = page.text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            pages.push(users.unwrap().to_owned());
        }
        assert_eq!(list.text, format!("[{}]", pages.join(",")), "{sort}");
        let itself = format!("<https://usher.example.com{INITECH}?sort={sort}>");
        let link = format!("{itself}; rel=\"first\", {itself}; rel=\"last\"");
        assert_eq!(list.header("link"), Some(link.as_str()));
        assert_eq!(list.header("content-type"), Some("application/json"));
        assert_eq!(list.header("transfer-encoding"), Some("chunked"));
        assert_eq!(list.header("content-length"), None);
    }
}

#[tokio::test]
async fn short_list_has_a_length() {
    let app = App::start().await;

    let list = app.tenant("acme").get("/api/acme/admin/users").await;

    assert_eq!(list.header("content-length"), Some(list.text.len().to_string().as_str()));
    assert_eq!(list.header("transfer-encoding"), None);
}

#[tokio::test]
async fn long_list_ends_with_the_connection_in_http_1_0() {
    let app = app_with_long_list().await;
    let list = app.tenant("initech").get(INITECH).await;
    let token = app.tenant("initech").token().unwrap().to_owned();
    let mut connection = slow_reader(app.address);
    let head = format!(
        "GET {INITECH} HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();

    let response = read_to_end(&mut connection);

    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    assert!(!head.to_lowercase().contains("keep-alive"), "{head}");
    assert_eq!(body, list.text);
}

#[tokio::test]
async fn batches_of_any_size_make_one_array() {
    let sizes = [0, 1, 256, 0, 3, 700, 250, 0];
    let directory = directory(move |scope| {
        let users = batch(scope);
        let batch = move |size| Ok(users.iter().cycle().take(size).cloned().collect());
        ListLog::new().list(stream::iter(sizes.map(batch)))
    });
    let app =
        App::start_with(AppOptions { directory: Some(directory), ..AppOptions::default() }).await;

    let list = app.tenant("acme").get("/api/acme/admin/users").await;

    let list = list.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), sizes.iter().sum::<usize>());
    assert!(list.iter().all(|user| *user == list[0]));
}
