use std::collections::BTreeSet;

use domain::Permission;
use serde_json::json;

use super::*;
use crate::testing::{AUDIENCE, Token};
use crate::{Algorithm, TrustedIssuer, TrustedIssuers};

const FIXED: &str = "https://issuer.example/";
const TEMPLATE: &str = "https://cm.{tenant}.example.com";
const OF_ACME: &str = "https://cm.acme.example.com";

fn bearer_of(issuer: &str, tenants: TenantSource, token: Token) -> Result<Bearer, Reason> {
    let algorithms = [Algorithm::Rs256];
    let trusted = TrustedIssuer::new(issuer, None, AUDIENCE, &algorithms, tenants).unwrap();
    let issuers = TrustedIssuers::new(vec![trusted]);
    let iss = if issuer == FIXED { FIXED } else { OF_ACME };
    let token = token.claim("iss", iss);
    let claims = Claims::read(token.claims.as_object().unwrap().clone())?;
    claims.bearer(&issuers.select(iss, &[AUDIENCE.to_owned()]).unwrap())
}

fn permissions_of(token: Token) -> Permissions {
    bearer_of(FIXED, TenantSource::All, token).unwrap().permissions
}

fn tenants_of(issuer: &str, tenants: TenantSource, token: Token) -> ClaimedTenants {
    bearer_of(issuer, tenants, token).unwrap().tenants
}

fn org() -> TenantSource {
    TenantSource::Claim("https://example.com/org".to_owned())
}

fn with_org(value: Value) -> Token {
    Token::new().claim("https://example.com/org", value)
}

fn listed(names: &[&str]) -> ClaimedTenants {
    ClaimedTenants::Listed(names.iter().map(|name| name.parse().unwrap()).collect())
}

#[test]
fn scopes_and_permissions_are_united() {
    let token = Token::new()
        .claim("scope", "openid tenant.access:read")
        .claim("permissions", json!(["VIEW_USERS_AND_GROUPS", "other"]));
    let expected =
        [Permission::TenantAccessRead, Permission::ViewUsersAndGroups].into_iter().collect();
    assert_eq!(permissions_of(token), expected);
    let neither = Token::new().without_claim("scope");
    assert_eq!(permissions_of(neither), Permissions::default());
}

#[test]
fn a_scope_counts_only_as_a_whole_and_in_its_case() {
    for scope in [
        "",
        " ",
        "tenant.access:readwrite",
        "tenant.access:*",
        "tenant.access",
        "Tenant.Access:Read",
        "tenant.access:read,tenant.access:write",
        "tenant.access:read\ttenant.access:write",
        "tenant.access:read\u{a0}tenant.access:write",
        "view_users_and_groups",
    ] {
        let token = Token::new().claim("scope", scope);
        assert_eq!(permissions_of(token), Permissions::default(), "{scope:?}");
    }
    let array = json!(["tenant.access:read tenant.access:write", " tenant.access:read"]);
    let token = Token::new().without_claim("scope").claim("permissions", array);
    assert_eq!(permissions_of(token), Permissions::default());
}

#[test]
fn a_subject_that_can_be_no_account_is_none() {
    let subject = |token| bearer_of(FIXED, TenantSource::All, token).unwrap().subject;
    assert_eq!(subject(Token::new()), Some("auth0|anna".parse().unwrap()));
    assert_eq!(subject(Token::new().without_claim("sub")), None);
    for sub in ["", "..", "a/b", "a b", "é"] {
        assert_eq!(subject(Token::new().claim("sub", sub)), None);
    }
}

#[test]
fn an_issuer_of_one_tenant_covers_that_tenant() {
    let token = with_org(json!(["other"]));
    assert_eq!(tenants_of(TEMPLATE, TenantSource::Issuer, token), listed(&["acme"]));
}

#[test]
fn an_operator_covers_all() {
    assert_eq!(tenants_of(FIXED, TenantSource::All, Token::new()), ClaimedTenants::All);
}

#[test]
fn memberships_are_looked_up_later() {
    let of = |issuer| tenants_of(issuer, TenantSource::Membership, Token::new());
    assert_eq!(of(FIXED), ClaimedTenants::Memberships { within: None });
    let within = Some("acme".parse().unwrap());
    assert_eq!(of(TEMPLATE), ClaimedTenants::Memberships { within });
}

#[test]
fn a_claim_lists_the_tenants() {
    let of = |value| tenants_of(FIXED, org(), with_org(value));
    assert_eq!(of(json!("acme")), listed(&["acme"]));
    assert_eq!(of(json!(["acme", "zeta", "acme"])), listed(&["acme", "zeta"]));
    assert_eq!(of(json!([])), listed(&[]));
}

#[test]
fn what_is_not_a_tenant_covers_nothing() {
    let of = |value| tenants_of(FIXED, org(), with_org(value));
    assert_eq!(of(json!(["Acme", "", "*", "a b", "acme,zeta", "zeta"])), listed(&["zeta"]));
    assert_eq!(of(json!("acme zeta")), listed(&[]));
    assert_eq!(tenants_of(FIXED, org(), Token::new()), listed(&[]));
}

#[test]
fn a_claim_of_the_wrong_type_is_refused() {
    for value in [json!(null), json!(1), json!(true), json!({"acme": true}), json!(["acme", 1])] {
        let refused = bearer_of(FIXED, org(), with_org(value.clone()));
        assert_eq!(refused.unwrap_err(), Reason::MalformedClaims, "{value}");
    }
}

#[test]
fn a_claim_does_not_reach_beyond_the_issuers_tenant() {
    let of = |value| tenants_of(TEMPLATE, org(), with_org(value));
    assert_eq!(of(json!(["acme", "zeta"])), listed(&["acme"]));
    assert_eq!(of(json!(["zeta"])), ClaimedTenants::Listed(BTreeSet::new()));
}
