//! Pages, totals, order, and the window of a thousand records.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Tenant, assert_code, error, ids};

/// Starts a tenant with this number of users `0000`, `0001`, …, created one millisecond apart.
async fn numbered_users(count: u32) -> Tenant {
    let tenant = Tenant::start().await;
    for number in 0..count {
        tenant.seed(json!({
            "user_id": format!("auth0|{number:04}"),
            "email": format!("p{number:04}@acme.example"),
            "created_at": format!("2026-01-01T00:00:0{}.{:03}Z", number / 1000, number % 1000),
            "name": if number % 2 == 0 { "even" } else { "odd" },
        }));
    }
    tenant
}

#[tokio::test]
async fn page_is_array_or_object_with_totals() {
    let tenant = numbered_users(60).await;
    let (_, plain) = tenant.list(&[]).await;
    assert_eq!(plain.as_array().unwrap().len(), 50, "by default");
    let (status, page) = tenant
        .list(&[("include_totals", "true"), ("page", "1"), ("per_page", "25"), ("sort", "email:1")])
        .await;
    assert_eq!(status, 200);
    let members: BTreeSet<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["length", "limit", "start", "total", "users"]));
    assert_eq!(
        (&page["start"], &page["limit"], &page["length"], &page["total"]),
        (&json!(25), &json!(25), &json!(25), &json!(60))
    );
    assert_eq!(page["users"][0]["user_id"], "auth0|0025");
    let (_, last) =
        tenant.list(&[("include_totals", "true"), ("page", "2"), ("per_page", "25")]).await;
    assert_eq!((&last["limit"], &last["length"]), (&json!(25), &json!(10)));
    let (_, beyond_last) = tenant.list(&[("include_totals", "true"), ("page", "9")]).await;
    assert_eq!(
        (&beyond_last["length"], &beyond_last["users"], &beyond_last["total"]),
        (&json!(0), &json!([]), &json!(60))
    );
    let (_, no_records) = tenant.list(&[("include_totals", "true"), ("per_page", "0")]).await;
    assert_eq!((&no_records["length"], &no_records["total"]), (&json!(0), &json!(60)));
}

#[tokio::test]
async fn page_past_first_thousand_is_rejected() {
    let tenant = numbered_users(1003).await;
    let rejection = error(
        400,
        "You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
        "invalid_paging",
    );
    for (page, per_page, is_allowed) in [
        ("9", "100", true),
        ("10", "100", false),
        ("49", "20", true),
        ("50", "20", false),
        ("999", "1", true),
        ("1000", "1", false),
        ("33", "30", false),
        ("184467440737095516", "100", false),
    ] {
        let reply = tenant.list(&[("page", page), ("per_page", per_page)]).await;
        assert_eq!(reply.0 == 200, is_allowed, "{page} {per_page}");
        assert!(is_allowed || reply == rejection, "{reply:?}");
    }
    let (_, page) = tenant.list(&[("include_totals", "true")]).await;
    assert_eq!(page["total"], 1000, "the total is capped");
    tenant.control().update_switches(|switches| switches.cap_total = false);
    assert_eq!(tenant.list(&[("include_totals", "true")]).await.1["total"], 1003);
    tenant.control().update_switches(|switches| switches.search_window = 20);
    assert_code(&tenant.list(&[("per_page", "21")]).await, 400, "invalid_paging");
    let (_, after) = tenant
        .list(&[("q", "created_at:{2026-01-01T00:00:00.999Z TO *]"), ("per_page", "20")])
        .await;
    assert_eq!(ids(&after), ["1000", "1001", "1002"], "a narrower query reaches later records");
}

#[tokio::test]
async fn page_size_is_capped_by_switch() {
    let tenant = numbered_users(60).await;
    tenant.control().update_switches(|switches| switches.max_per_page = 20);
    let (_, page) = tenant
        .list(&[("include_totals", "true"), ("per_page", "50"), ("page", "1"), ("sort", "email:1")])
        .await;
    assert_eq!(
        (&page["limit"], &page["start"], &page["length"]),
        (&json!(20), &json!(20), &json!(20))
    );
    assert_eq!(page["users"][0]["user_id"], "auth0|0020");
}

#[tokio::test]
async fn invalid_list_parameters_are_rejected() {
    let tenant = Tenant::start().await;
    for (name, value, message) in [
        (
            "per_page",
            "101",
            "'Value 101 is greater than maximum 100' on property per_page (Number of results per page.).",
        ),
        (
            "page",
            "-1",
            "'Value -1 is less than minimum 0' on property page (Page index of the results to return. First page is 0.).",
        ),
        (
            "page",
            "x",
            "'Expected type integer but found type string' on property page (Page index of the results to return. First page is 0.).",
        ),
        ("from", "x", "'Additional properties not allowed: from'."),
        ("take", "10", "'Additional properties not allowed: take'."),
    ] {
        let rejection =
            error(400, &format!("Query validation error: {message}"), "invalid_query_string");
        assert_eq!(tenant.list(&[(name, value)]).await, rejection);
    }
    for (name, value) in [
        ("include_totals", "1"),
        ("sort", "email"),
        ("sort", "email:1,name:1"),
        ("sort", "app_metadata.a:1"),
        ("sort", "user_metadata.a:-1"),
        ("fields", "nope"),
        ("search_engine", "v4"),
        ("primary_order", "no"),
        ("q", "picture:x"),
        ("q", "\""),
    ] {
        assert_code(&tenant.list(&[(name, value)]).await, 400, "invalid_query_string");
    }
    assert_code(&tenant.list(&[("page", "1"), ("page", "2")]).await, 400, "invalid_query_string");
    let empty = tenant.list(&[("search_engine", "v3"), ("primary_order", "true"), ("q", "")]).await;
    assert_eq!(empty, (200, json!([])));
}

#[tokio::test]
async fn tie_order_is_stable_unless_switched() {
    let tenant = numbered_users(40).await;
    let order = async || {
        let (_, users) = tenant.list(&[("sort", "name:1")]).await;
        ids(&users)
    };
    let stable = order().await;
    assert_eq!(stable, order().await);
    tenant.control().update_switches(|switches| switches.unstable_ties = true);
    let (first, second) = (order().await, order().await);
    assert_ne!(first, second);
    for shuffled in [first, second] {
        let even = |id: &String| id.parse::<u32>().unwrap() % 2 == 0;
        assert!(shuffled.iter().take(20).all(even) && !shuffled.iter().skip(20).any(even));
        let all_ids: BTreeSet<_> = shuffled.into_iter().collect();
        assert_eq!(all_ids.len(), 40);
    }
}

#[tokio::test]
async fn slow_search_is_503_and_long_query_414() {
    let tenant = numbered_users(1).await;
    tenant.control().update_switches(|switches| switches.slow_search = true);
    let (status, body) = tenant.list(&[("q", "name:even")]).await;
    assert_eq!(status, 503);
    assert!(body["message"].as_str().unwrap().starts_with("The query exceeded the timeout"));
    tenant.control().update_switches(|switches| switches.slow_search = false);
    let long = format!("name:{}", "x".repeat(9000));
    let (status, body): (u16, Value) = tenant.list(&[("q", &long)]).await;
    assert_eq!((status, &body["statusCode"]), (414, &json!(414)));
}
