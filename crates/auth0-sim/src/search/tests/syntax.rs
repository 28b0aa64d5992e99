//! The syntax of queries.

use super::support::{assert_matches, assert_rejected, matching_users};

#[test]
fn empty_query_matches_all_users() {
    assert_matches(&[("", "abcd"), ("   ", "abcd"), ("*", "abcd"), ("user_id:*", "abcd")]);
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
fn long_and_deep_queries_terminate() {
    let deep = |depth: usize| format!("{}name:ann{}", "(".repeat(depth), ")".repeat(depth));
    assert_matches(&[(&deep(50), "a")]);
    assert_rejected(&[&deep(51), &deep(100_000), &"(".repeat(100_000), &"name:(".repeat(100_000)]);
    assert_eq!(matching_users(&format!("{}name:ann", "NOT ".repeat(100_000))).unwrap(), "a");
    assert_eq!(matching_users(&"name:ann ".repeat(20_000)).unwrap(), "a");
    let many_wildcards = format!("name:{}", "*aaa".repeat(20_000));
    assert_eq!(matching_users(&many_wildcards).unwrap(), "");
}
