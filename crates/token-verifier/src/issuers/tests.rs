use super::*;

const FIXED: &str = "https://example.eu.auth0.com/";
const TEMPLATE: &str = "https://cm.{tenant}.example.com";

fn issuer_with(
    issuer: &str,
    jwks_uri: Option<&str>,
    audience: &str,
    tenants: TenantSource,
) -> Result<TrustedIssuer, InvalidIssuer> {
    TrustedIssuer::new(issuer, jwks_uri, audience, &[Algorithm::Rs256], tenants)
}

fn invalid_field(result: Result<TrustedIssuer, InvalidIssuer>) -> &'static str {
    result.unwrap_err().field
}

fn audiences(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn invalid_setting_is_named_in_the_error() {
    let all = || TenantSource::All;
    assert_eq!(invalid_field(issuer_with("http://example.com/", None, "a", all())), "issuer");
    assert_eq!(invalid_field(issuer_with(FIXED, Some("keys"), "a", all())), "jwks_uri");
    assert_eq!(
        invalid_field(issuer_with(FIXED, Some("http://example.com/"), "a", all())),
        "jwks_uri"
    );
    let with_placeholder = Some("https://example.com/{tenant}");
    assert_eq!(invalid_field(issuer_with(FIXED, with_placeholder, "a", all())), "jwks_uri");
    assert_eq!(invalid_field(issuer_with(FIXED, None, "", all())), "audience");
    assert_eq!(invalid_field(TrustedIssuer::new(FIXED, None, "a", &[], all())), "algorithms");
    let unnamed_claim = TenantSource::Claim(String::new());
    assert_eq!(invalid_field(issuer_with(FIXED, None, "a", unnamed_claim)), "tenants");
}

#[test]
fn issuer_error_reads_as_a_sentence() {
    let error = issuer_with(FIXED, None, "a", TenantSource::Issuer).unwrap_err();
    assert_eq!(error.to_string(), "tenants is \"issuer\", but the issuer has no {tenant}");
}

#[test]
fn tenant_source_must_match_the_template() {
    let claim = || TenantSource::Claim("org".to_owned());
    for (tenants, with_placeholder, without_placeholder) in [
        (TenantSource::Issuer, true, false),
        (TenantSource::All, false, true),
        (TenantSource::Membership, true, true),
        (claim(), true, true),
    ] {
        assert_eq!(issuer_with(TEMPLATE, None, "a", tenants.clone()).is_ok(), with_placeholder);
        assert_eq!(issuer_with(FIXED, None, "a", tenants).is_ok(), without_placeholder);
    }
}

#[test]
fn key_set_location_contains_the_tenant() {
    let key_set = Some("https://keys.example.com/{tenant}");
    let issuer = issuer_with(TEMPLATE, key_set, "a", TenantSource::Issuer).unwrap();
    let issuers = TrustedIssuers::new(vec![issuer]);
    let iss = "https://cm.acme.example.com";
    let selected = issuers.select(iss, &audiences(&["a"])).unwrap();
    assert_eq!(selected.tenant.unwrap().as_str(), "acme");
    assert_eq!(selected.location.issuer, iss);
    assert_eq!(selected.location.jwks_uri.unwrap(), "https://keys.example.com/acme");
    assert!(!selected.location.private_network);
}

#[test]
fn issuer_defaults_allow_any_profile_and_machine_clients() {
    let issuer = issuer_with(FIXED, None, "a", TenantSource::All).unwrap();
    assert_eq!((issuer.profile(), issuer.allows_machine_clients()), (Profile::Any, true));
    let issuer = issuer
        .with_profile(Profile::Rfc9068)
        .with_machine_clients(false)
        .with_private_network(true);
    assert_eq!((issuer.profile(), issuer.allows_machine_clients()), (Profile::Rfc9068, false));
    let issuers = TrustedIssuers::new(vec![issuer]);
    let selected = issuers.select(FIXED, &audiences(&["a"])).unwrap();
    assert!(selected.location.private_network);
}

#[test]
fn unknown_issuer_differs_from_wrong_audience() {
    let issuers =
        TrustedIssuers::new(vec![issuer_with(FIXED, None, "a", TenantSource::All).unwrap()]);
    let reason = |iss, names: &[&str]| issuers.select(iss, &audiences(names)).err();
    assert_eq!(reason(FIXED, &["b", "a"]), None);
    assert_eq!(reason(FIXED, &["b"]), Some(Reason::WrongAudience));
    assert_eq!(reason(FIXED, &["A"]), Some(Reason::WrongAudience));
    assert_eq!(reason(FIXED, &[]), Some(Reason::WrongAudience));
    assert_eq!(reason("https://evil.test/", &["a"]), Some(Reason::UnknownIssuer));
    assert_eq!(
        TrustedIssuers::default().select(FIXED, &[""; 0]).err(),
        Some(Reason::UnknownIssuer)
    );
}

#[test]
fn issuers_that_match_the_same_token_are_ambiguous() {
    let ambiguous = |entries: &[(&str, &str)]| {
        let issuer = |(name, audience): &(&str, &str)| {
            issuer_with(name, None, audience, TenantSource::Membership).unwrap()
        };
        let found = entries.iter().map(issuer).collect::<TrustedIssuers>().ambiguous()?;
        Some((found.first, found.second, found.is_same))
    };
    let other = "https://other.example.com/";
    assert_eq!(ambiguous(&[]), None);
    assert_eq!(ambiguous(&[(FIXED, "a"), (FIXED, "b"), (other, "a"), (TEMPLATE, "a")]), None);
    assert_eq!(ambiguous(&[(TEMPLATE, "a"), (TEMPLATE, "b")]), None);
    assert_eq!(ambiguous(&[(FIXED, "a"), (other, "a"), (FIXED, "a")]), Some((0, 2, true)));
    assert_eq!(ambiguous(&[(TEMPLATE, "a"), (TEMPLATE, "a")]), Some((0, 1, true)));
    // A tenant must not share its issuer with another entry, whatever the audiences.
    let inside = "https://cm.operators.example.com";
    assert_eq!(ambiguous(&[(FIXED, "a"), (TEMPLATE, "a"), (inside, "b")]), Some((1, 2, false)));
    assert_eq!(ambiguous(&[(inside, "b"), (FIXED, "a"), (TEMPLATE, "a")]), Some((0, 2, false)));
    let crossing = "https://{tenant}.acme.example.com";
    assert_eq!(ambiguous(&[(crossing, "a"), (TEMPLATE, "b")]), Some((0, 1, false)));
}

#[test]
fn first_issuer_matching_name_and_audience_is_selected() {
    let claim = TenantSource::Claim("org".to_owned());
    let issuers: TrustedIssuers = [
        issuer_with(FIXED, None, "one", TenantSource::All).unwrap(),
        issuer_with(FIXED, None, "two", TenantSource::Membership).unwrap(),
        issuer_with(FIXED, None, "two", claim).unwrap(),
    ]
    .into_iter()
    .collect();
    let selected_tenants =
        |names: &[&str]| issuers.select(FIXED, &audiences(names)).unwrap().issuer.tenants().clone();
    assert_eq!(selected_tenants(&["one"]), TenantSource::All);
    assert_eq!(selected_tenants(&["two"]), TenantSource::Membership);
    assert_eq!(selected_tenants(&["two", "one"]), TenantSource::All);
}

#[test]
fn known_issuers_are_those_that_the_settings_name() {
    let issuers: TrustedIssuers = [
        issuer_with(FIXED, None, "a", TenantSource::All).unwrap(),
        issuer_with(TEMPLATE, None, "a", TenantSource::Issuer).unwrap(),
    ]
    .into_iter()
    .collect();
    let issuers = issuers.with_known_tenants(BTreeSet::from(["acme".parse().unwrap()]));
    let [acme, globex] = ["acme", "globex"].map(|tenant| TEMPLATE.replace("{tenant}", tenant));
    for (iss, is_known) in [(FIXED, true), (&acme, true), (&globex, false)] {
        assert_eq!(issuers.select(iss, &audiences(&["a"])).unwrap().is_known, is_known, "{iss}");
        assert_eq!(issuers.is_known(iss), is_known, "{iss}");
    }
    assert!(!issuers.is_known("https://evil.test/"));
}

#[test]
fn subjects_default_to_what_the_issuer_can_vouch_for() {
    let claim = || TenantSource::Claim("org".to_owned());
    for (issuer, tenants, expected) in [
        (FIXED, TenantSource::Membership, SubjectKind::Accounts),
        (TEMPLATE, TenantSource::Membership, SubjectKind::Home),
        (TEMPLATE, TenantSource::Issuer, SubjectKind::Home),
        (FIXED, claim(), SubjectKind::Home),
        (TEMPLATE, claim(), SubjectKind::Home),
        (FIXED, TenantSource::All, SubjectKind::External),
    ] {
        let issuer = issuer_with(issuer, None, "a", tenants.clone()).unwrap();
        assert_eq!(issuer.subjects(), expected, "{tenants:?}");
    }
}

#[test]
fn issuer_of_one_tenant_cannot_speak_for_any_account() {
    let kinds = [SubjectKind::Accounts, SubjectKind::Home, SubjectKind::External];
    for kind in kinds {
        let fixed = issuer_with(FIXED, None, "a", TenantSource::All).unwrap();
        assert_eq!(fixed.with_subjects(kind).unwrap().subjects(), kind);
        let template = issuer_with(TEMPLATE, None, "a", TenantSource::Issuer).unwrap();
        match template.with_subjects(kind) {
            Ok(issuer) => assert_eq!(issuer.subjects(), kind),
            Err(error) => assert_eq!((error.field, kind), ("subjects", SubjectKind::Accounts)),
        }
    }
}
