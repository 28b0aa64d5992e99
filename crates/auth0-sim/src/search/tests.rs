//! The query language: what each query matches, and which queries are rejected.

use serde_json::{Map, Value, json};

use super::error::UnsupportedQuery;
use super::query::Query;

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

fn matching_users(query: &str) -> Result<String, UnsupportedQuery> {
    let query = Query::parse(query)?;
    let is_match = |user: &Map<String, Value>| query.matches(user, &is_member);
    Ok(users().into_iter().filter(|(_, user)| is_match(user)).map(|(name, _)| name).collect())
}

#[track_caller]
fn assert_matches(rows: &[(&str, &str)]) {
    for (query, expected) in rows {
        assert_eq!(matching_users(query).as_deref(), Ok(*expected), "{query}");
    }
}

#[track_caller]
fn assert_rejected(queries: &[&str]) {
    for query in queries {
        assert!(matching_users(query).is_err(), "{query} found {:?}", matching_users(query));
    }
}

#[test]
fn empty_query_matches_all_users() {
    assert_matches(&[("", "abcd"), ("   ", "abcd"), ("*", "abcd"), ("user_id:*", "abcd")]);
}

#[test]
fn only_five_fields_ignore_case() {
    assert_matches(&[
        ("email:ANN@acme.EXAMPLE", "a"),
        ("email:\"bob.ray@acme.example\"", "b"),
        ("name:\"ann lee\"", "a"),
        ("given_name:ANN", "a"),
        ("family_name:lee", "a"),
        ("nickname:ANN", "a"),
        ("email.domain:acme.example", "ab"),
        ("username:ann-1", ""),
        ("username:Ann-1", "a"),
        ("user_metadata.color:blue", "a"),
        ("user_metadata.color:Blue", "d"),
        ("app_metadata.usher_tenant_acme.role:owner", "a"),
        ("app_metadata.usher_tenant_acme.role:Owner", "c"),
        ("user_id:\"AUTH0|ann\"", ""),
        ("user_id:\"auth0|ann\"", "a"),
        ("user_id:auth0|ann", "a"),
        ("identities.connection:main", ""),
        ("identities.connection:Main", "ab"),
    ]);
}

#[test]
fn unquoted_word_matches_inside_names_only() {
    assert_matches(&[
        ("name:lee", "ab"),
        ("name:\"lee\"", ""),
        ("name:\"bob lee ray\"", "b"),
        ("name:Bob\\ Lee\\ Ray", "b"),
        ("name:le", ""),
        ("email:ann", ""),
        ("user_id:auth0", ""),
        ("last_ip:192.0.2.1", "a"),
    ]);
}

#[test]
fn quotes_and_backslashes_escape_characters() {
    assert_matches(&[
        (r#"nickname:"Cyd \"the\" Kid""#, "c"),
        (r#"app_metadata.text:"say \"hi\" \\o/""#, "a"),
        (r"app_metadata.a\:b:colon", "a"),
        (r"app_metadata.with\-dash.under_score:x", "a"),
        ("app_metadata.with-dash.under_score:x", "a"),
        (r"name:Dan\*", "d"),
        ("name:\"Dan*\"", "d"),
        ("name:\"Da*\"", ""),
        (r"name:Da\*", ""),
        (r#"email:"ann@acme.example" OR name:"x OR email:*""#, "a"),
        (r"email:\AND OR email:ann@acme.example", "a"),
    ]);
    assert_rejected(&["\"", "name:\"abc", "name:\"abc\\", "name:\"abc\\\"", "name:abc\\", "\\"]);
}

#[test]
fn non_prefix_wildcard_needs_three_characters() {
    assert_matches(&[
        ("name:a*", "a"),
        ("name:BOB*", "b"),
        ("name:*ray", "b"),
        ("name:*lee*", "ab"),
        ("name:bob*ray", "b"),
        ("name:bob*lee*ray", "b"),
        ("name:bob**ray", "b"),
        ("name:ray*bob", ""),
        ("user_id:auth0*", "abc"),
        ("user_id:AUTH0*", ""),
        ("username:An*", "a"),
        ("email:*acme.example", "ab"),
        ("email.domain:acme*", "ab"),
        ("app_metadata.usher_tenant_acme.role:own*", "a"),
        ("app_metadata.usher_tenant_acme.role:*", "abc"),
        ("app_metadata.tags:*", "b"),
        ("logins_count:*", "abc"),
    ]);
    assert_rejected(&[
        "name:*ay",
        "name:*y*",
        "name:a*lee",
        "name:bob*ay",
        "user_metadata.color:b*",
        "user_metadata.color:*",
        "user_metadata.color:*lue",
        "logins_count:1*",
        "created_at:2026*",
        "blocked:t*",
        "organization_id:org_*",
        "organization_id:*",
        "_exists_:organization_id",
        "app_metadata.*:x",
        "n*me:x",
        "name:a?n",
        "name:ann~",
        "name:ann~2",
        "name:ann^2",
        "name:/ann/",
        "/ann/",
    ]);
}

#[test]
fn numbers_flags_and_dates_compare_by_type() {
    assert_matches(&[
        ("logins_count:12", "a"),
        ("logins_count:12.0", "a"),
        ("logins_count:\"12\"", "a"),
        ("blocked:true", "d"),
        ("blocked:false", "a"),
        ("email_verified:false", "b"),
        ("app_metadata.level:10", "b"),
        ("app_metadata.beta:true", "a"),
        ("user_metadata.level:10", "d"),
        ("identities.isSocial:true", "b"),
        ("created_at:2026-01-10", "a"),
        ("created_at:2026-01", "ab"),
        ("created_at:\"2026-01-10T10:00:00.000Z\"", "a"),
        ("updated_at:\"2026-03-01T00:00:00.124Z\"", "b"),
    ]);
    assert_rejected(&["logins_count:many", "logins_count:NaN", "blocked:yes", "created_at:now"]);
}

#[test]
fn ranges_support_open_inclusive_and_exclusive_ends() {
    assert_matches(&[
        ("logins_count:[12 TO 100]", "ab"),
        ("logins_count:{12 TO 100]", "b"),
        ("logins_count:[12 TO 100}", "a"),
        ("logins_count:{12 TO 100}", ""),
        ("logins_count:{9 TO *]", "ab"),
        ("logins_count:[* TO 0]", "c"),
        ("logins_count:[* TO *]", "abc"),
        ("created_at:[2026-01-10T10:00:00.000Z TO *]", "abc"),
        ("created_at:{2026-01-10T10:00:00.000Z TO *]", "bc"),
        ("created_at:[* TO 2026-01-10T10:00:00.000Z}", "d"),
        ("created_at:{\"2026-01-10T10:00:00.000Z\" TO \"2026-02\"}", "b"),
        ("updated_at:[2026-03-01T00:00:00.123Z TO 2026-03-01T00:00:00.123Z]", "a"),
        ("created_at:[2026-01-10 TO 2026-01-11]", "ab"),
        ("created_at:[2026-01-10 TO 2026-01-11}", "a"),
        ("created_at:{2026-01-10 TO 2026-02]", "bc"),
        ("last_login:[* TO 2026-02]", "a"),
        ("email:[a TO b]", "a"),
        ("user_id:[auth0|b TO auth0|c]", "b"),
    ]);
    assert_rejected(&[
        "logins_count:[1 TO many]",
        "logins_count:[1 2]",
        "logins_count:[1 TO 2",
        "logins_count:[TO 2]",
        "logins_count:[1 to 2]",
        "logins_count:[1* TO 2]",
        "created_at:[yesterday TO *]",
        "updated_at:>=2018-01-15",
        "updated_at:<2018-01-15",
        "email_verified:[a TO b]",
        "[1 TO 2]",
        "user_metadata.level:[1 TO 2]",
        "identities.provider:[a TO b]",
    ]);
    assert_eq!(
        matching_users("app_metadata.level:[1 TO 20]"),
        Err(UnsupportedQuery("operator 'less or equal' is not supported".to_owned()))
    );
}

#[test]
fn exists_matches_indexed_values_only() {
    assert_matches(&[
        ("_exists_:username", "ac"),
        ("NOT _exists_:username", "bd"),
        ("_exists_:\"app_metadata.beta\"", "a"),
        ("_exists_:app_metadata.usher_tenant_acme", "abc"),
        ("_exists_:app_metadata", "abc"),
        ("_exists_:app_metadata.empty", ""),
        ("_exists_:app_metadata.hollow", ""),
        ("_exists_:user_metadata.addresses.city", "a"),
        ("NOT _exists_:logins_count OR logins_count:0", "cd"),
    ]);
    assert_rejected(&["_exists_:picture", "_exists_:x*", "_exists_:", "_exists_:[a TO b]"]);
}

#[test]
fn array_elements_are_searched() {
    assert_matches(&[
        ("user_metadata.addresses.city:Oslo", "a"),
        ("user_metadata.addresses.city:\"Paris\"", "a"),
        ("app_metadata.tags:y", "b"),
        ("identities.profileData.email:bob@google.example", "b"),
        ("identities.provider:google\\-oauth2", "b"),
    ]);
}

#[test]
fn operators_follow_precedence() {
    let (a, b, c, d) = (
        "user_id:\"auth0|ann\"",
        "user_id:\"auth0|bob\"",
        "user_id:\"auth0|cyd\"",
        "user_id:\"google-oauth2|dan\"",
    );
    for (query, expected) in [
        (format!("{a} OR {b}"), "ab"),
        (format!("{a} {b}"), "ab"),
        (format!("{a} || {b}"), "ab"),
        (format!("{a} AND {b}"), ""),
        (format!("{a} && name:lee"), "a"),
        (format!("NOT {a}"), "bcd"),
        (format!("!{a}"), "bcd"),
        (format!("NOT NOT {a}"), "a"),
        (format!("{a} OR {b} AND {c}"), "a"),
        (format!("{a} AND {b} OR {c}"), "c"),
        (format!("({a} OR {b}) AND {b}"), "b"),
        (format!("NOT {a} AND NOT {b}"), "cd"),
        (format!("NOT {a} OR {b}"), "bcd"),
        (format!("NOT ({a} OR {b})"), "cd"),
        (format!("name:lee NOT {a}"), "b"),
        (format!("{a} {b} AND name:lee {c}"), "abc"),
        (format!("(({d}))"), "d"),
    ] {
        assert_matches(&[(&query, expected)]);
    }
    assert_rejected(&[
        "AND",
        "NOT",
        "name:ann AND",
        "AND name:ann",
        "name:ann OR",
        "OR name:ann",
        "name:ann AND OR name:bob",
        "name:ann AND AND name:bob",
        "(",
        ")",
        "()",
        "(name:ann",
        "name:ann)",
        "name:",
        "name:()",
        "name: AND",
        ":ann",
        "name:ann:bob",
        "created_at:2026-01-10T10:00:00Z",
        "+name:ann",
        "-name:ann",
        "name:-ann",
    ]);
}

#[test]
fn field_applies_to_whole_group() {
    assert_matches(&[
        ("name:(ann OR bob)", "ab"),
        ("name:(ann bob)", "ab"),
        ("name:(lee NOT ann)", "b"),
        ("name:(lee AND NOT (ann OR dan))", "b"),
        ("app_metadata.usher_tenant_acme.role:(\"owner\" OR \"admin\")", "ab"),
        ("app_metadata.usher_tenant_acme.role:(\"owner\" OR user_id:\"auth0|cyd\")", "ac"),
        ("user_id:(\"auth0|ann\" OR \"auth0|cyd\") AND username:(cyd)", "c"),
        ("logins_count:([1 TO 20] OR 100)", "ab"),
        ("_exists_:(username OR blocked)", "acd"),
    ]);
}

#[test]
fn organization_id_matches_members() {
    assert_matches(&[
        ("organization_id:\"org_1\"", "ab"),
        ("organization_id:org_2", "c"),
        ("organization_id:org_3", ""),
        ("organization_id:\"org_1\" AND name:bob", "b"),
        ("NOT organization_id:(org_1 OR org_2)", "d"),
    ]);
}

#[test]
fn term_without_field_searches_default_fields() {
    assert_matches(&[
        ("lee", "ab"),
        ("\"ann lee\"", "a"),
        ("cyd", "c"),
        ("ann@acme.example", "a"),
        ("blue", ""),
        ("owner", ""),
        ("bob*", "b"),
        ("lee AND bob", "b"),
    ]);
}

#[test]
fn unsearchable_field_is_rejected() {
    assert_rejected(&[
        "picture:x",
        "last_password_reset:*",
        "multifactor:x",
        "blocked_for:x",
        "connection:Main",
        "nonsense:x",
        "name.raw:x",
        "app_metadata:x",
        "user_metadata:x",
        "identities:x",
        "app_metadata..a:x",
        "app_metadata.:x",
        "Email:x",
    ]);
}

#[test]
fn long_and_deep_queries_terminate() {
    let deep = |depth: usize| format!("{}name:ann{}", "(".repeat(depth), ")".repeat(depth));
    assert_matches(&[(&deep(50), "a")]);
    assert_rejected(&[&deep(51), &deep(100_000), &"(".repeat(100_000), &"name:(".repeat(100_000)]);
    assert_eq!(matching_users(&format!("{}name:ann", "NOT ".repeat(100_000))).unwrap(), "a");
    assert_eq!(matching_users(&"name:ann ".repeat(20_000)).unwrap(), "a");
    let many_wildcards = format!("name:{}", "*aaa".repeat(20_000));
    assert_eq!(matching_users(&many_wildcards).unwrap(), "");
}
