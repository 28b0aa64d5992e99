//! The fuzz targets: bytes in, and a panic if what is promised does not hold.
//!
//! [`TARGETS`] has all of them. `make fuzz` runs them for long, on a nightly compiler; `make test`
//! runs the very same functions for a moment, from `crates/http-actix/tests/fuzz_targets.rs`.
//! Inputs are texts wherever they can be, so that seeds can be read and written by people.

mod asked;
mod seed;
mod tokens;

pub use asked::{auth0_answer, search_query};
pub use seed::seed_line;
pub use tokens::{issuer, signed_token, token};

/// A target by its name, which is that of its file and of its folder of seeds.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("auth0_answer", auth0_answer),
    ("issuer", issuer),
    ("json_body", json_body),
    ("query_string", query_string),
    ("search_query", search_query),
    ("seed_line", seed_line),
    ("signed_token", signed_token),
    ("token", token),
    ("user_id", user_id),
];

/// A query string of a list, and the links that it leads to.
pub fn query_string(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        usher_http::fuzzing::query_string(text);
    }
}

/// A body.
pub fn json_body(bytes: &[u8]) {
    usher_http::fuzzing::json_body(bytes);
}

/// The id of a user: it is one segment of a path that leads back to it.
pub fn user_id(bytes: &[u8]) {
    let Some(id) = text(bytes).and_then(|text| text.parse::<domain::UserId>().ok()) else { return };
    let public: usher_http::response::links::PublicUrl =
        "https://usher.example.com/base".parse().unwrap();
    let address = public.user(&id);
    let url: url::Url = address.parse().unwrap();
    assert_eq!(url.as_str(), address, "the address is read as another one");
    let segments: Vec<_> = url.path_segments().unwrap().collect();
    let [base, api, version, users, own] = segments.as_slice() else { panic!("{address}") };
    assert_eq!([base, api, version, users], [&"base", &"api", &"v1", &"users"]);
    assert_eq!((url.query(), url.fragment()), (None, None));
    assert_eq!(unescaped(own), id.as_str().as_bytes());
}

/// RFC 3986 §2.1, without the crate that did the escaping.
fn unescaped(segment: &str) -> Vec<u8> {
    let mut parts = segment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend(rest.bytes());
    }
    bytes
}

/// A seed ends with the newline that editors put there.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(|text| text.strip_suffix('\n').unwrap_or(text))
}
