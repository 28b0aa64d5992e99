//! Strict validation of query parameters.

use reqwest::Method;

use super::{BOTH, parameter_errors};
use crate::support::App;

/// Asserts that both lists reject these values of a parameter and report its name.
async fn assert_malformed(app: &App, name: &str, values: &[&str]) {
    for list in BOTH {
        for value in values {
            let response = list.get(app, &format!("{name}={value}")).await;
            assert_eq!(response.outcome(), "400 malformed_request", "{list:?} {name}={value}");
            assert_eq!(
                parameter_errors(&response),
                [format!("{name} malformed_request")],
                "{list:?} {value}"
            );
        }
    }
}

#[tokio::test]
async fn page_size_must_be_1_to_100() {
    let app = App::start().await;

    let values = [
        "0",
        "101",
        "abc",
        "-1",
        "+5",
        "%2B5",
        "",
        "1.0",
        "1e1",
        "0x1",
        "%205",
        "5%20",
        "4294967296",
        "99999999999999999999",
        "%D9%A5",
        "null",
    ];
    assert_malformed(&app, "page[size]", &values).await;
}

#[tokio::test]
async fn page_number_must_be_a_non_negative_integer() {
    let app = App::start().await;

    let values = ["-1", "abc", "+5", "%2B5", "", "1.5", "-0", "18446744073709551616", "%00"];
    assert_malformed(&app, "page[number]", &values).await;
}

#[tokio::test]
async fn unknown_sort_is_rejected() {
    let app = App::start().await;

    let values = ["", "-", "--id", "name", "ID", "%2Bid", "id,email", "lastLogin", "updatedAt"];
    assert_malformed(&app, "sort", &values).await;
}

#[tokio::test]
async fn all_invalid_parameters_are_reported_together() {
    let app = App::start().await;

    for list in BOTH {
        let response = list.get(&app, "page[size]=0&page[number]=x&sort=y").await;
        let mut reported = parameter_errors(&response);
        reported.sort();
        let expected = ["page[number]", "page[size]", "sort"];
        assert_eq!(reported, expected.map(|name| format!("{name} malformed_request")), "{list:?}");
    }
}

#[tokio::test]
async fn repeated_parameter_is_rejected() {
    let app = App::start().await;

    for (name, value) in [("page[size]", "5"), ("page[number]", "0"), ("sort", "id")] {
        for list in BOTH {
            let response = list.get(&app, &format!("{name}={value}&{name}={value}")).await;
            assert_eq!(response.outcome(), "400 malformed_request", "{list:?} {name}");
            assert_eq!(
                parameter_errors(&response),
                [format!("{name} malformed_request")],
                "{list:?} {name}"
            );
        }
    }
}

#[tokio::test]
async fn repeated_filter_is_rejected() {
    let app = App::start().await;

    let client = app.tenants(&["acme", "globex"]);
    let response = client.get("/api/v1/users?filter[tenant]=acme&filter%5Btenant%5D=globex").await;

    assert_eq!(response.outcome(), "400 malformed_request");
    assert_eq!(parameter_errors(&response), ["filter[tenant] malformed_request"]);
}

#[tokio::test]
async fn contract_b_list_requires_the_filter() {
    let app = App::start().await;

    for query in ["", "?", "?page[size]=5", "?filter[tenant]=", "?filter[tenant]=Not%20One"] {
        let response = app.tenant("acme").get(&format!("/api/v1/users{query}")).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{query}");
        assert_eq!(parameter_errors(&response), ["filter[tenant] malformed_request"], "{query}");
    }
}

#[tokio::test]
async fn brackets_can_be_percent_encoded() {
    let app = App::start().await;

    for list in BOTH {
        let plain = list.get(&app, "page[size]=2&page[number]=1").await;
        let escaped = list.get(&app, "page%5Bsize%5D=2&page%5bnumber%5d=1").await;
        assert_eq!(escaped.text, plain.text, "{list:?}");
    }
}

#[tokio::test]
async fn unknown_list_parameter_is_reported() {
    let app = App::start().await;

    for name in ["page", "page[limit]", "Sort", "filter", "filter[email]", "q", "page[size", ""] {
        for list in BOTH {
            let response = list.get(&app, &format!("{name}=1")).await;
            assert_eq!(response.outcome(), "400 unknown_parameter", "{list:?} {name}");
            assert_eq!(
                parameter_errors(&response),
                [format!("{name} unknown_parameter")],
                "{list:?} {name}"
            );
        }
    }
}

#[tokio::test]
async fn every_operation_rejects_unknown_parameters() {
    let app = App::start().await;
    let operations = usher_http::openapi::operations();
    let operations = operations.iter().filter(|(_, path)| path.starts_with("/api"));

    for (method, path) in operations {
        let path = path.replace("{tenantId}", "acme").replace("{userId}", "auth0%7Cmia");
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = (method != Method::GET && method != Method::DELETE)
            .then(|| ("application/json", b"{}".to_vec()));
        let query = match path.as_str() {
            "/api/v1/users" if method == Method::GET => "filter[tenant]=acme&other=true",
            _ => "other=true",
        };
        // Operators may do everything but leave a tenant, as they have no membership.
        let client = if path.contains("/me/") { app.member("mia") } else { app.operator() };
        let response = client.send(method.clone(), &format!("{path}?{query}"), body).await;
        assert_eq!(response.outcome(), "400 unknown_parameter", "{method} {path}");
        assert_eq!(parameter_errors(&response), ["other unknown_parameter"], "{method} {path}");
    }
}

#[tokio::test]
async fn list_parameters_are_rejected_by_other_operations() {
    let app = App::start().await;

    for path in ["/api/v1/users/auth0%7Cmia", "/api/acme/admin/users/auth0%7Cmia"] {
        for name in ["filter[tenant]", "page[size]", "page[number]", "sort"] {
            let response = app.tenant("acme").get(&format!("{path}?{name}=1")).await;
            assert_eq!(response.outcome(), "400 unknown_parameter", "{path} {name}");
        }
    }
}

#[tokio::test]
async fn delete_with_unknown_parameter_changes_nothing() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    acme.delete("/api/v1/users/auth0%7Cmia?dry-run=true").await;
    acme.delete("/api/acme/admin/users/auth0%7Cmia?dry-run=true").await;

    assert_eq!(acme.get("/api/acme/admin/users/auth0%7Cmia").await.outcome(), "200");
}
