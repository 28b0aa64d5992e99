//! The fuzz targets: functions that take bytes and panic if an invariant is violated.
//!
//! [`TARGETS`] lists all of them. `make fuzz` runs them on a nightly compiler; `make test` runs the
//! same functions briefly, in `tests/seeds.rs`. Inputs are text where possible, so that seeds are
//! readable.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a target panics if an invariant is violated"
)]

mod auth0;
mod input;
mod seed;
mod tokens;

pub use auth0::{auth0_answer, search_query};
pub use seed::seed_line;
pub use tokens::{issuer, signed_token, token};

/// A target with its name, which is also the name of its file and of its folder of seeds.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("auth0_answer", auth0_answer),
    ("forwarded_headers", forwarded_headers),
    ("issuer", issuer),
    ("json_body", json_body),
    ("query_string", query_string),
    ("search_query", search_query),
    ("seed_line", seed_line),
    ("signed_token", signed_token),
    ("token", token),
    ("user_id", user_id),
];

/// Reads the query string of a list and the links of its response.
pub fn query_string(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        usher_http::fuzzing::query_string(text);
    }
}

/// Reads the client's address from the headers of a proxy.
pub fn forwarded_headers(bytes: &[u8]) {
    usher_http::fuzzing::forwarded_headers(bytes);
}

/// Reads a JSON body.
pub fn json_body(bytes: &[u8]) {
    usher_http::fuzzing::json_body(bytes);
}

/// Checks that the id of a user is one segment of its URL, which decodes to the id.
pub fn user_id(bytes: &[u8]) {
    let Some(id) = input::text(bytes).and_then(|text| text.parse::<domain::UserId>().ok()) else {
        return;
    };
    let public: usher_http::response::links::PublicUrl =
        "https://usher.example.com/base".parse().unwrap();
    let href = public.user(&id);
    let url: url::Url = href.parse().unwrap();
    assert_eq!(url.as_str(), href, "the URL is not normalized");
    let segments: Vec<_> = url.path_segments().unwrap().collect();
    let [base, api, version, users, id_segment] = segments.as_slice() else { panic!("{href}") };
    assert_eq!([base, api, version, users], [&"base", &"api", &"v1", &"users"]);
    assert_eq!((url.query(), url.fragment()), (None, None));
    assert_eq!(percent_decode(id_segment), id.as_str().as_bytes());
}

/// Decodes percent-encoding (RFC 3986 §2.1) without the crate that encodes it.
fn percent_decode(segment: &str) -> Vec<u8> {
    let mut parts = segment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend(rest.bytes());
    }
    bytes
}
