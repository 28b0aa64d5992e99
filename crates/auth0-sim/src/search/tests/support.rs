//! Four users, and assertions on the queries that match them.

use serde_json::{Map, Value, json};

use crate::search::error::UnsupportedQuery;
use crate::search::query::Query;

/// Returns Ann, Bob, Cyd and Dan, keyed by their first letters.
fn users() -> Vec<(char, Map<String, Value>)> {
    let users = json!([
        {
            "user_id": "auth0|ann", "email": "ann@acme.example", "email_verified": true,
            "username": "Ann-1", "name": "Ann Lee", "given_name": "Ann", "family_name": "Lee",
            "nickname": "ann", "created_at": "2026-01-10T10:00:00.000Z",
            "updated_at": "2026-03-01T00:00:00.123Z", "last_login": "2026-02-01T00:00:00.000Z",
            "logins_count": 12, "last_ip": "192.0.2.1", "blocked": false,
            "identities": [{"connection": "Main", "provider": "auth0", "isSocial": false}],
            "app_metadata": {"usher_tenant_acme": {"role": "owner"}, "level": 3, "beta": true,
                             "with-dash": {"under_score": "x"}, "a:b": "colon",
                             "empty": [], "hollow": {"inner": null}, "text": "say \"hi\" \\o/"},
            "user_metadata": {"color": "blue", "addresses": [{"city": "Paris"}, {"city": "Oslo"}]}
        },
        {
            "user_id": "auth0|bob", "email": "Bob.Ray@ACME.example", "email_verified": false,
            "name": "Bob Lee Ray", "nickname": "bob", "created_at": "2026-01-11T10:00:00.000Z",
            "updated_at": "2026-03-01T00:00:00.124Z", "logins_count": 100,
            "identities": [{"connection": "Main", "provider": "auth0", "isSocial": false},
                           {"connection": "google", "provider": "google-oauth2", "isSocial": true,
                            "profileData": {"email": "bob@google.example"}}],
            "app_metadata": {"usher_tenant_acme": {"role": "admin"}, "level": 10, "tags": ["x", "y"]}
        },
        {
            "user_id": "auth0|cyd", "email": "cyd@globex.example", "username": "cyd",
            "name": "cyd@globex.example", "nickname": "Cyd \"the\" Kid", "logins_count": 0,
            "created_at": "2026-02-01T00:00:00.000Z", "updated_at": "2026-02-28T23:59:59.999Z",
            "app_metadata": {"usher_tenant_globex": {"role": "owner"}, "usher_tenant_acme": {"role": "Owner"}}
        },
        {
            "user_id": "google-oauth2|dan", "name": "Dan*", "blocked": true,
            "created_at": "2025-12-31T23:59:59.999Z", "updated_at": "2026-03-02T00:00:00.000Z",
            "user_metadata": {"color": "Blue", "level": 10}
        }
    ]);
    let users = users.as_array().unwrap().iter().map(|user| user.as_object().unwrap().clone());
    "abcd".chars().zip(users).collect()
}

fn is_member(user: &str, organization: &str) -> bool {
    matches!((user, organization), ("auth0|ann" | "auth0|bob", "org_1") | ("auth0|cyd", "org_2"))
}

pub(super) fn matching_users(query: &str) -> Result<String, UnsupportedQuery> {
    let query = Query::parse(query)?;
    let is_match = |user: &Map<String, Value>| query.matches(user, &is_member);
    Ok(users().into_iter().filter(|(_, user)| is_match(user)).map(|(name, _)| name).collect())
}

#[track_caller]
pub(super) fn assert_matches(rows: &[(&str, &str)]) {
    for (query, expected) in rows {
        assert_eq!(matching_users(query).as_deref(), Ok(*expected), "{query}");
    }
}

#[track_caller]
pub(super) fn assert_rejected(queries: &[&str]) {
    for query in queries {
        assert!(matching_users(query).is_err(), "{query} found {:?}", matching_users(query));
    }
}
