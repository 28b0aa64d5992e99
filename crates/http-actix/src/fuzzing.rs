//! Entry points of the fuzz targets for requests.

use std::net::IpAddr;

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use serde_json::Value;

use crate::request::json_object::{self, FromJsonObject};
use crate::request::query::{MAX_PAGE_SIZE, QueryString};
use crate::request::trusted_proxies::{TrustedProxies, X_FORWARDED_FOR};
use crate::response::api_error::ApiError;
use crate::response::error_response::ErrorResponse;
use crate::response::links::PageLinks;
use crate::response::problem::Problem;
use crate::routes::{change_password, tenant_users, users};
use token_verifier::strict_json;

/// Reads a query string as the parameters of a list.
///
/// # Panics
/// If a parameter is out of bounds, or a link to another page leads to another list.
pub fn query_string(text: &str) {
    let query = match query_of(text).list() {
        Ok(query) => query,
        Err(api_error) => return assert_renders(&api_error),
    };
    assert!(query.page_request().size.get() <= MAX_PAGE_SIZE);
    // A query without parameters is the only one that other operations accept.
    assert_eq!(query_of(text).expect_none().is_ok(), query.is_empty(), "ignored parameters");
    let address = "https://usher.example.com/api/v1/users";
    for total in [0, 1, 50, 51, 100_000, u64::MAX] {
        let links = PageLinks::new(address, &query, total);
        let neighbours = [&links.next, &links.prev].into_iter().flatten();
        for link in [&links.first, &links.last].into_iter().chain(neighbours) {
            let linked = link.strip_prefix(address).and_then(|rest| rest.strip_prefix('?'));
            let linked = linked.and_then(|query| query_of(query).list().ok());
            let same = linked.is_some_and(|linked| {
                linked.tenant == query.tenant
                    && linked.sort() == query.sort()
                    && linked.page_request().size == query.page_request().size
            });
            assert!(same, "{link}");
        }
        assert!(links.link_header().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

fn query_of(query: &str) -> QueryString {
    QueryString(query.to_owned())
}

/// Reads the headers of a trusted proxy about the client, which has sent these bytes in them.
///
/// # Panics
/// If the client can change the address that the proxy has appended.
pub fn forwarded_headers(bytes: &[u8]) {
    let proxy = IpAddr::from([10, 0, 0, 1]);
    let address = IpAddr::from([198, 51, 100, 1]);
    let proxies = TrustedProxies::new(vec![IpNet::from(proxy)]);
    let client = |name: &HeaderName, appended: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.append(name.clone(), HeaderValue::from_bytes(&[bytes, appended].concat()).ok()?);
        Some(proxies.client(proxy, &headers))
    };
    for (name, appended) in [
        (&X_FORWARDED_FOR, ", 198.51.100.1"),
        (&X_FORWARDED_FOR, ", \"198.51.100.1:80\", 10.0.0.1"),
        (&FORWARDED, ", for=198.51.100.1"),
        (&FORWARDED, ", for=\"198.51.100.1:80\";by=\"[fd00::1]\", for=10.0.0.1"),
    ] {
        let found = client(name, appended.as_bytes());
        assert!(found.is_none_or(|found| found == address), "{appended}: {found:?}");
        // Whatever it is, it is read.
        client(name, b"");
    }
}

/// Reads a body as the request of each operation that has one.
///
/// # Panics
/// If the value differs from what `serde_json` reads, or an error cannot be rendered.
pub fn json_body(text: &[u8]) {
    if let Ok(value) = strict_json::value(text) {
        assert_eq!(serde_json::from_slice::<Value>(text).ok(), Some(value));
    }
    let object = strict_json::object(text).is_some();
    read::<tenant_users::CreateTenantUser>(text, object);
    read::<tenant_users::UpdateTenantUser>(text, object);
    read::<users::request::UserCreateRequest>(text, object);
    read::<users::request::UserUpdateRequest>(text, object);
    read::<change_password::ChangePasswordRequest>(text, object);
    read::<change_password::ChangePasswordRequestV2>(text, object);
}

fn read<T: FromJsonObject>(text: &[u8], object: bool) {
    match json_object::parse::<T>(text) {
        Ok(_) => assert!(object, "a request from a value other than an object"),
        Err(api_error) => {
            assert_eq!(api_error.code().status().as_u16(), 400);
            assert_renders(&api_error);
        }
    }
}

/// Asserts that both contracts can render the error.
fn assert_renders(api_error: &ApiError) {
    assert!(api_error.code().status().is_client_error());
    for field_error in api_error.field_errors() {
        assert!(!field_error.detail.is_empty());
    }
    let problem = serde_json::to_string(&Problem::new(api_error, "id"));
    let response = serde_json::to_string(&ErrorResponse::new(api_error, "id"));
    assert!(problem.is_ok() && response.is_ok(), "{api_error:?}");
}
