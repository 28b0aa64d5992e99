use std::collections::{BTreeSet, HashSet};

use domain::{Permission, SubjectKind};
use serde_json::{Value, json};

use super::*;
use crate::testing::{AUDIENCE, TokenBuilder};
use crate::{Algorithm, TrustedIssuer, TrustedIssuers};

const FIXED: &str = "https://issuer.example/";
const TEMPLATE: &str = "https://cm.{tenant}.example.com";
const ACME_ISSUER: &str = "https://cm.acme.example.com";

fn bearer_of(issuer: &str, tenants: TenantSource, token: TokenBuilder) -> Result<Bearer, Reason> {
    let algorithms = [Algorithm::Rs256];
    let trusted = TrustedIssuer::new(issuer, None, AUDIENCE, &algorithms, tenants).unwrap();
    let issuers = TrustedIssuers::new(vec![trusted]);
    let iss = if issuer == FIXED { FIXED } else { ACME_ISSUER };
    let token = token.claim("iss", iss);
    let text = token.claims.to_string();
    let mut claims = Claims::parse(Members::parse(text.as_bytes()).unwrap())?;
    claims.read_permissions(&PermissionClaims::default())?;
    claims.to_bearer(&issuers.select(iss, &[AUDIENCE.to_owned()]).unwrap())
}

fn permissions_of(token: TokenBuilder) -> Permissions {
    bearer_of(FIXED, TenantSource::All, token).unwrap().permissions
}

fn tenants_of(issuer: &str, tenants: TenantSource, token: TokenBuilder) -> ClaimedTenants {
    bearer_of(issuer, tenants, token).unwrap().tenants
}

fn org() -> TenantSource {
    TenantSource::Claim("https://example.com/org".to_owned())
}

fn with_org(value: Value) -> TokenBuilder {
    TokenBuilder::new().claim("https://example.com/org", value)
}

fn listed(names: &[&str]) -> ClaimedTenants {
    ClaimedTenants::Listed(names.iter().map(|name| name.parse().unwrap()).collect())
}

#[test]
fn scopes_and_permissions_are_merged() {
    let token = TokenBuilder::new()
        .claim("scope", "openid tenant.access:read")
        .claim("permissions", json!(["VIEW_USERS_AND_GROUPS", "other"]));
    let expected =
        [Permission::TenantAccessRead, Permission::ViewUsersAndGroups].into_iter().collect();
    assert_eq!(permissions_of(token), expected);
    let neither = TokenBuilder::new().without_claim("scope");
    assert_eq!(permissions_of(neither), Permissions::default());
}

#[test]
fn scope_is_granted_only_by_exact_name() {
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
        let token = TokenBuilder::new().claim("scope", scope);
        assert_eq!(permissions_of(token), Permissions::default(), "{scope:?}");
    }
    let array = json!(["tenant.access:read tenant.access:write", " tenant.access:read"]);
    let token = TokenBuilder::new().without_claim("scope").claim("permissions", array);
    assert_eq!(permissions_of(token), Permissions::default());
}

#[test]
fn scope_may_be_an_array() {
    let scopes = |value| permissions_of(TokenBuilder::new().claim("scope", value));
    let read = [Permission::TenantAccessRead].into_iter().collect();
    assert_eq!(scopes(json!(["openid", "tenant.access:read"])), read);
    assert_eq!(scopes(json!([])), Permissions::default());
    // A scope contains no space (RFC 6749 §3.3).
    let joined = json!(["tenant.access:read tenant.access:write", " tenant.access:read", ""]);
    assert_eq!(scopes(joined), Permissions::default());
}

#[test]
fn null_claims_grant_nothing() {
    let token = TokenBuilder::new().claim("scope", json!(null)).claim("permissions", json!(null));
    assert_eq!(permissions_of(token), Permissions::default());
    let bearer = bearer_of(FIXED, TenantSource::All, TokenBuilder::new().claim("sub", json!(null)));
    let absent = bearer_of(FIXED, TenantSource::All, TokenBuilder::new().without_claim("sub"));
    assert_eq!(bearer, absent);
}

#[test]
fn permission_claims_are_configurable() {
    let token = TokenBuilder::new()
        .claim("scope", "tenant.access:write")
        .claim("permissions", json!(["MODIFY_USERS_AND_GROUPS"]))
        .claim("scp", json!(["tenant.access:read"]))
        .claim("https://example.com/roles", json!(["VIEW_USERS_AND_GROUPS"]));
    let permissions = |scopes: &[&str], permissions: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let names = PermissionClaims { scopes: owned(scopes), permissions: owned(permissions) };
        let text = token.claims.to_string();
        let mut claims = Claims::parse(Members::parse(text.as_bytes()).unwrap()).unwrap();
        claims.read_permissions(&names).map(|()| claims.permissions)
    };
    let set = |all: &[Permission]| Ok(all.iter().copied().collect::<Permissions>());
    let (read, view) = (Permission::TenantAccessRead, Permission::ViewUsersAndGroups);
    let write = Permission::TenantAccessWrite;
    assert_eq!(permissions(&["scp"], &["https://example.com/roles"]), set(&[read, view]));
    assert_eq!(permissions(&["scope", "scp"], &["missing"]), set(&[read, write]));
    assert_eq!(permissions(&[], &["scp"]), set(&[read]));
    assert_eq!(permissions(&[], &[]), set(&[]));
    assert_eq!(permissions(&[], &["scope"]), Err(Reason::MalformedClaims));
    // The claims of the token itself are no permissions.
    assert_eq!(permissions(&["iss", "aud", "exp"], &["iss"]), set(&[]));
}

#[test]
fn caller_is_identified_by_issuer_and_subject() {
    // Of equal length, so that the names themselves have to differ.
    let issuers = ["https://cm.acme.example.com", "https://cm.zeta.example.com"];
    let trusted =
        TrustedIssuer::new(TEMPLATE, None, AUDIENCE, &[Algorithm::Rs256], TenantSource::Issuer);
    let trusted = TrustedIssuers::new(vec![trusted.unwrap()]);
    let caller = |iss: &str, token: TokenBuilder| {
        let token = token.claim("iss", iss);
        let text = token.claims.to_string();
        let claims = Claims::parse(Members::parse(text.as_bytes()).unwrap()).unwrap();
        let selected = trusted.select(iss, &[AUDIENCE.to_owned()]).unwrap();
        claims.to_bearer(&selected).unwrap().caller
    };
    let subject = |sub: &str| TokenBuilder::new().claim("sub", sub);
    let tokens = || {
        let nameless = TokenBuilder::new().without_claim("sub");
        [subject("auth0|anna"), subject("auth0|anne"), subject(""), nameless]
    };
    let mut keys = HashSet::new();
    for iss in issuers {
        for token in tokens() {
            let key = caller(iss, token.clone());
            assert_eq!(key, caller(iss, token.claim("jti", "2")), "the rest does not count");
            keys.insert(key);
        }
    }
    assert_eq!(keys.len(), issuers.len() * tokens().len());
}

#[test]
fn bearer_has_the_subject_kind_of_its_issuer() {
    let kind = |issuer, tenants| {
        bearer_of(issuer, tenants, TokenBuilder::new()).map(|bearer| bearer.subject_kind)
    };
    assert_eq!(kind(FIXED, TenantSource::All), Ok(SubjectKind::External));
    assert_eq!(kind(FIXED, TenantSource::Membership), Ok(SubjectKind::Accounts));
    assert_eq!(kind(TEMPLATE, TenantSource::Membership), Ok(SubjectKind::Home));
    assert_eq!(kind(TEMPLATE, TenantSource::Issuer), Ok(SubjectKind::Home));
}

#[test]
fn subject_that_is_no_user_id_is_none() {
    let subject = |token| bearer_of(FIXED, TenantSource::All, token).unwrap().subject;
    assert_eq!(subject(TokenBuilder::new()), Some("auth0|anna".parse().unwrap()));
    assert_eq!(subject(TokenBuilder::new().without_claim("sub")), None);
    for sub in ["", "..", "a/../b", "a\nb"] {
        assert_eq!(subject(TokenBuilder::new().claim("sub", sub)), None);
    }
}

#[test]
fn tenant_issuer_covers_only_its_tenant() {
    let token = with_org(json!(["other"]));
    assert_eq!(tenants_of(TEMPLATE, TenantSource::Issuer, token), listed(&["acme"]));
}

#[test]
fn operator_issuer_covers_all_tenants() {
    assert_eq!(tenants_of(FIXED, TenantSource::All, TokenBuilder::new()), ClaimedTenants::All);
}

#[test]
fn membership_source_defers_to_lookup() {
    let tenants_from = |issuer| tenants_of(issuer, TenantSource::Membership, TokenBuilder::new());
    assert_eq!(tenants_from(FIXED), ClaimedTenants::Memberships { within: None });
    let within = Some("acme".parse().unwrap());
    assert_eq!(tenants_from(TEMPLATE), ClaimedTenants::Memberships { within });
}

#[test]
fn tenant_claim_lists_the_tenants() {
    let tenants_from = |value| tenants_of(FIXED, org(), with_org(value));
    assert_eq!(tenants_from(json!("acme")), listed(&["acme"]));
    assert_eq!(tenants_from(json!(["acme", "zeta", "acme"])), listed(&["acme", "zeta"]));
    assert_eq!(tenants_from(json!([])), listed(&[]));
}

#[test]
fn invalid_tenant_names_are_ignored() {
    let tenants_from = |value| tenants_of(FIXED, org(), with_org(value));
    assert_eq!(
        tenants_from(json!(["Acme", "", "*", "a b", "acme,zeta", "zeta"])),
        listed(&["zeta"])
    );
    assert_eq!(tenants_from(json!("acme zeta")), listed(&[]));
    assert_eq!(tenants_of(FIXED, org(), TokenBuilder::new()), listed(&[]));
}

#[test]
fn tenant_claim_of_wrong_type_is_refused() {
    for value in [json!(null), json!(1), json!(true), json!({"acme": true}), json!(["acme", 1])] {
        let refused = bearer_of(FIXED, org(), with_org(value.clone()));
        assert_eq!(refused.unwrap_err(), Reason::MalformedClaims, "{value}");
    }
}

#[test]
fn tenant_claim_cannot_exceed_issuer_tenant() {
    let tenants_from = |value| tenants_of(TEMPLATE, org(), with_org(value));
    assert_eq!(tenants_from(json!(["acme", "zeta"])), listed(&["acme"]));
    assert_eq!(tenants_from(json!(["zeta"])), ClaimedTenants::Listed(BTreeSet::new()));
}
