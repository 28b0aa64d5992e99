//! How queries compare the values of each field.

use super::support::{assert_matches, assert_rejected, matching_users};
use crate::search::error::UnsupportedQuery;

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
