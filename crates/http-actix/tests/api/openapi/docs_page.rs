//! The documentation page, also behind a proxy that removes a path prefix.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::{App, AppOptions};

#[tokio::test]
async fn docs_page_loads_no_external_assets() {
    let app = App::start().await;
    let redirect = app.anonymous().get("/docs").await;
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (308, Some("/docs/")));
    let root = app.anonymous().get("/").await;
    assert_eq!((root.status.as_u16(), root.header("location")), (307, Some("/docs/")));

    let page = app.anonymous().get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let assets: BTreeSet<_> = page
        .text
        .split(['"', '\''])
        .zip(page.text.split(['"', '\'']).skip(1))
        .filter(|(before, _)| before.ends_with("src=") || before.ends_with("href="))
        .map(|(_, address)| address)
        .collect();
    assert!(assets.len() >= 3, "{assets:?}");
    for address in assets {
        assert!(!address.contains("//"), "{address} is external");
        let path = format!("/docs/{}", address.trim_start_matches("./"));
        let asset = app.anonymous().get(&path).await;
        assert_eq!(asset.status, 200, "{path}");
        if path.ends_with("initializer.js") {
            assert!(asset.text.contains("/openapi.json"), "{}", asset.text);
            assert!(!asset.text.contains("://"), "{}", asset.text);
            // By default, Swagger UI sends the document's URL to a validator on the internet.
            assert!(asset.text.contains("validatorUrl: null"), "{}", asset.text);
        }
    }
}

#[tokio::test]
async fn docs_page_can_be_disabled() {
    let app = App::start_with(AppOptions { http: "docs = false", ..AppOptions::default() }).await;
    for path in ["/", "/docs", "/docs/", "/docs/index.html", "/docs/swagger-initializer.js"] {
        assert_eq!(app.anonymous().get(path).await.outcome(), "404 not_found", "{path}");
    }
    assert_eq!(app.anonymous().get("/openapi.json").await.status, 200);
}

/// The directives of a policy, such as `frame-ancestors` with `["'none'"]`.
fn directives(policy: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut directives = BTreeMap::new();
    for text in policy.split(';') {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap();
        assert!(directives.insert(name, words.collect()).is_none(), "{name} is repeated");
    }
    directives
}

#[tokio::test]
async fn docs_responses_have_a_strict_content_security_policy() {
    let app = App::start().await;
    for path in ["/docs/", "/docs/index.html", "/docs/swagger-initializer.js", "/docs", "/"] {
        let response = app.anonymous().get(path).await;
        let policy = directives(response.header("content-security-policy").unwrap());
        for name in ["default-src", "base-uri", "form-action", "frame-ancestors"] {
            assert_eq!(policy[name], ["'none'"], "{path}: {name}");
        }
        assert_eq!(policy["script-src"], ["'self'"], "{path}");
        assert_eq!(policy["connect-src"], ["'self'", "https://usher.example.com"], "{path}");
        assert_eq!(response.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(response.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[tokio::test]
async fn path_of_public_url_is_part_of_every_address() {
    let options = AppOptions { public_path: "/usher", ..AppOptions::default() };
    let app = App::start_with(options).await;
    let anonymous = app.anonymous();
    for (path, status) in [("/", 307), ("/docs", 308)] {
        let redirect = anonymous.get(path).await;
        let location = redirect.header("location");
        assert_eq!((redirect.status.as_u16(), location), (status, Some("/usher/docs/")));
    }
    // Relative to the page, as a proxy may remove the path.
    let initializer = anonymous.get("/docs/swagger-initializer.js").await;
    assert!(initializer.text.contains("\"../openapi.json\""), "{}", initializer.text);
    let document = anonymous.get("/openapi.json").await.json();
    assert_eq!(document["servers"], json!([{"url": "https://usher.example.com/usher"}]));

    let base = "https://usher.example.com/usher/api";
    let list = app.operator().get("/api/v1/users?filter[tenant]=acme").await.json();
    let first = list["links"]["first"]["href"].as_str().unwrap();
    assert!(first.starts_with(&format!("{base}/v1/users?")), "{first}");
    let list = app.operator().get("/api/acme/admin/users?page[size]=1").await;
    let link = list.header("link").unwrap();
    assert!(link.starts_with(&format!("<{base}/acme/admin/users?")), "{link}");
    let member = json!({"email": "new@acme.example", "role": "member"});
    let created = app.operator().post("/api/acme/admin/users", member).await;
    let location = created.header("location").unwrap();
    assert!(location.starts_with(&format!("{base}/acme/admin/users/")), "{location}");
    let password = json!({"newPassword": "another-password"});
    let changed = app.operator().patch("/api/v1/users/auth0%7Cmia/change-password", password).await;
    let link = changed.header("link").unwrap();
    assert!(link.starts_with(&format!("<{base}/v2/users/")), "{link}");
}
