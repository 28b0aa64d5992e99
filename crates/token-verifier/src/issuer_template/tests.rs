use proptest::prelude::*;

use super::*;

/// One template for each position of the tenant.
const TEMPLATES: [&str; 6] = [
    "https://central-manager.{tenant}.pcm.example.com",
    "https://{tenant}.eu.auth0.com/",
    "https://login.example.com/{tenant}",
    "https://login.example.com/realms/{tenant}/",
    "https://login.example.com:8443/{tenant}/v2.0",
    "http://127.0.0.1:8080/{tenant}/",
];

fn parse(text: &str) -> UrlTemplate {
    UrlTemplate::parse_issuer(text).unwrap()
}

fn parse_error(text: &str) -> String {
    UrlTemplate::parse_issuer(text).unwrap_err()
}

#[test]
fn fixed_issuer_matches_only_itself() {
    let template = parse("https://example.eu.auth0.com/");
    assert_eq!(
        template.matches("https://example.eu.auth0.com/"),
        Some(TemplateMatch { tenant: None })
    );
    for other in [
        "",
        "https://example.eu.auth0.com",
        "https://example.eu.auth0.com//",
        "http://example.eu.auth0.com/",
        "https://EXAMPLE.eu.auth0.com/",
        "https://example.eu.auth0.com:443/",
        " https://example.eu.auth0.com/",
    ] {
        assert_eq!(template.matches(other), None, "{other}");
    }
}

#[test]
fn trailing_slash_is_significant() {
    assert!(parse("https://a.example").matches("https://a.example/").is_none());
    assert!(parse("https://a.example/").matches("https://a.example").is_none());
}

#[test]
fn lookalike_does_not_match_host_template() {
    let template = parse("https://cm.{tenant}.pcm.example.com");
    assert!(template.matches("https://cm.acme.pcm.example.com").is_some());
    for lookalike in [
        // A suffix or prefix that changes the host.
        "https://cm.acme.pcm.example.com.evil.test",
        "https://cm.acme.pcm.example.comevil.test",
        "https://evil.test/https://cm.acme.pcm.example.com",
        "https://evilcm.acme.pcm.example.com",
        // In the place of the tenant.
        "https://cm.evil.test/.pcm.example.com",
        "https://cm.evil.test#.pcm.example.com",
        "https://cm.evil.test?.pcm.example.com",
        "https://cm.evil.test\\.pcm.example.com",
        "https://cm.a.b.pcm.example.com",
        "https://cm..pcm.example.com",
        "https://cm.pcm.example.com",
        "https://cm.{tenant}.pcm.example.com",
        "https://cm.acme%2eevil.pcm.example.com",
        "https://cm.acme:443.pcm.example.com",
        // User information, port, path, query, fragment.
        "https://cm.acme.pcm.example.com@evil.test",
        "https://user@cm.acme.pcm.example.com",
        "https://user:secret@cm.acme.pcm.example.com",
        "https://cm.acme.pcm.example.com:443",
        "https://cm.acme.pcm.example.com:8443",
        "https://cm.acme.pcm.example.com/",
        "https://cm.acme.pcm.example.com/path",
        "https://cm.acme.pcm.example.com?a=b",
        "https://cm.acme.pcm.example.com#a",
        // Other spellings of the same URL.
        "HTTPS://cm.acme.pcm.example.com",
        "http://cm.acme.pcm.example.com",
        "https://cm.ACME.pcm.example.com",
        "https://CM.acme.pcm.example.com",
        "https://cm.acme.pcm.example.com.",
        "https://cm.acme.pcm.example.com\n",
        "https://cm.acmé.pcm.example.com",
        "https://cm.аcme.pcm.example.com",
        "https://cm.acme。pcm.example.com",
        "https://cm.-acme.pcm.example.com",
        "https://cm.acme-.pcm.example.com",
        "https://cm.ac_me.pcm.example.com",
        "https://cm.acme\u{0}.pcm.example.com",
    ] {
        assert_eq!(template.matches(lookalike), None, "{lookalike:?}");
    }
}

#[test]
fn lookalike_does_not_match_path_template() {
    let template = parse("https://login.example.com/realms/{tenant}/");
    assert!(template.matches("https://login.example.com/realms/acme/").is_some());
    for lookalike in [
        "https://login.example.com/realms/acme",
        "https://login.example.com/realms//",
        "https://login.example.com/realms/a/b/",
        "https://login.example.com/realms/../",
        "https://login.example.com/realms/./",
        "https://login.example.com/realms/%2e%2e/",
        "https://login.example.com/realms/acme/../evil/",
        "https://login.example.com/realms/acme;x/",
        "https://login.example.com/realms/Acme/",
        "https://login.example.com./realms/acme/",
        "https://login.example.com:443/realms/acme/",
        "https://evil.test/realms/acme/",
    ] {
        assert_eq!(template.matches(lookalike), None, "{lookalike:?}");
    }
}

#[test]
fn placeholder_must_be_a_whole_label_or_segment() {
    for text in [
        "https://cm-{tenant}.example.com",
        "https://{tenant}-cm.example.com",
        "https://example.{tenant}",
        "https://example.{tenant}/",
        "https://{tenant}",
        "https://{tenant}/",
        "https://{tenant}:8443/",
        "https://example.{tenant}.",
        "https://example.{tenant}./",
        "https://example.com:{tenant}/",
        "https://{tenant}@example.com/",
        "https://user:{tenant}@example.com/",
        "https://example.com/a{tenant}",
        "https://example.com/{tenant}a",
        "https://example.com/a-{tenant}/",
        "{tenant}://example.com/",
        "{tenant}",
    ] {
        assert!(parse_error(text).contains("{tenant}"), "{text}");
    }
}

#[test]
fn second_placeholder_is_refused() {
    for text in [
        "https://{tenant}.example.com/{tenant}",
        "https://{tenant}.{tenant}.example.com",
        "https://{tenant}.example.com/{other}",
        "https://{other}.example.com/",
        "https://{}.example.com/",
        "https://example.com/{tenant",
        "https://example.com/tenant}",
        "https://example.com/{{tenant}}",
        "https://example.com/{Tenant}",
    ] {
        assert!(parse_error(text).contains("brace"), "{text}");
    }
}

#[test]
fn plain_http_is_allowed_only_on_loopback() {
    for text in [
        "http://127.0.0.1:8080/",
        "http://127.3.2.1/",
        "http://[::1]:8080/",
        "http://localhost",
        "http://localhost:8080/{tenant}",
        "http://{tenant}.localhost/",
    ] {
        assert!(UrlTemplate::parse_issuer(text).is_ok(), "{text}");
    }
    for text in [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://{tenant}.example.com",
        "ftp://127.0.0.1/",
        "ws://127.0.0.1/",
    ] {
        assert!(parse_error(text).contains("https"), "{text}");
    }
}

#[test]
fn placeholder_before_numeric_labels_is_refused() {
    assert!(parse_error("https://{tenant}.0.0.1/").contains("URL"));
    assert!(parse_error("http://{tenant}.0.0.1/").contains("URL"));
}

#[test]
fn user_information_query_and_fragment_are_refused() {
    assert!(parse_error("https://user@example.com/").contains("user"));
    let with_password = parse_error("https://user:hunter2@example.com/");
    assert!(with_password.contains("user") && !with_password.contains("hunter2"));
    assert!(parse_error("https://@example.com/").contains("user"));
    assert!(parse_error("https://example.com/?a=b").contains("query"));
    assert!(parse_error("https://example.com/#a").contains("fragment"));
    assert!(UrlTemplate::parse_key_set("https://example.com/keys#a").is_err());
    for user in ["ann@", "ann:secret@", ":secret@", "@"] {
        assert!(UrlTemplate::parse_key_set(&format!("https://{user}example.com/keys")).is_err());
    }
    assert!(UrlTemplate::parse_key_set("https://example.com/keys?policy=a").is_ok());
    assert!(UrlTemplate::parse_key_set("https://example.com/keys?tenant={tenant}").is_err());
    assert!(UrlTemplate::parse_key_set("https://example.com/{tenant}?policy=a").is_ok());
}

#[test]
fn non_canonical_url_is_refused() {
    for text in [
        "https://EXAMPLE.com/",
        "HTTPS://example.com/",
        "https://example.com:443/",
        "https://example.com/a/../b",
        "https://bücher.example/",
        "https://example.com/a b",
        " https://example.com/",
        "https:example.com/",
        "https:\\\\example.com/",
        "https://example.com/\t",
    ] {
        assert!(parse_error(text).contains("normal"), "{text}");
    }
}

#[test]
fn invalid_url_is_refused() {
    for text in ["", "example.com", "/a", "https://", "https:///a b", "https://exa mple.com/"] {
        assert!(UrlTemplate::parse_issuer(text).is_err(), "{text}");
    }
}

#[test]
fn key_set_template_expands_with_issuer_tenant() {
    let matched =
        parse("https://cm.{tenant}.example.com").matches("https://cm.acme.example.com").unwrap();
    let expand = |text| UrlTemplate::parse_key_set(text).unwrap().expand(&matched);
    assert_eq!(expand("https://keys.example.com/{tenant}"), "https://keys.example.com/acme");
    assert_eq!(expand("https://keys.example.com/all"), "https://keys.example.com/all");
}

fn any_tenant() -> impl Strategy<Value = TenantId> {
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?".prop_map(|text| text.parse().unwrap())
}

/// Arbitrary text, and text that comes close.
fn any_text() -> impl Strategy<Value = String> {
    let template = proptest::sample::select(TEMPLATES.to_vec());
    let similar =
        (template, ".{0,20}").prop_map(|(it, text)| it.replace(TENANT_PLACEHOLDER, &text));
    let very_similar = (proptest::sample::select(TEMPLATES.to_vec()), "[a-zA-Z0-9./:@-]{0,10}")
        .prop_map(|(it, text)| it.replace(TENANT_PLACEHOLDER, &text));
    prop_oneof![".*", similar, very_similar]
}

proptest! {
    #[test]
    fn expanded_template_matches_with_its_tenant(tenant in any_tenant()) {
        for template in TEMPLATES {
            let expanded = template.replace(TENANT_PLACEHOLDER, tenant.as_str());
            let matched = parse(template).matches(&expanded).unwrap();
            prop_assert_eq!(matched.tenant.as_ref(), Some(&tenant));
            prop_assert_eq!(parse(template).expand(&matched), expanded);
        }
    }

    #[test]
    fn matching_text_is_an_expansion(text in any_text()) {
        for template in TEMPLATES {
            if let Some(TemplateMatch { tenant }) = parse(template).matches(&text) {
                let tenant = tenant.unwrap();
                prop_assert_eq!(template.replace(TENANT_PLACEHOLDER, tenant.as_str()), text.clone());
            }
        }
    }

    #[test]
    fn parsing_a_template_never_panics(text in ".*") {
        let _ = UrlTemplate::parse_issuer(&text);
    }
}

#[test]
fn overlap_means_a_common_match() {
    let overlap = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|text| UrlTemplate::parse_issuer(text).unwrap());
        assert_eq!(a.overlaps(&b), b.overlaps(&a), "{a} {b}");
        a.overlaps(&b)
    };
    for (a, b) in [
        ("https://a.example/", "https://a.example/"),
        ("https://{tenant}.example.com", "https://acme.example.com"),
        ("https://{tenant}.example.com", "https://{tenant}.example.com"),
        ("https://example.com/{tenant}", "https://example.com/acme"),
        ("https://cm.{tenant}.example.com", "https://{tenant}.acme.example.com"),
        ("https://{tenant}.example.com/acme/b", "https://x.example.com/{tenant}/b"),
        ("https://example.com/{tenant}/b/c", "https://example.com/a/{tenant}/c"),
    ] {
        assert!(overlap(a, b), "{a} {b}");
    }
    for (a, b) in [
        ("https://a.example/", "https://a.example"),
        ("https://{tenant}.example.com", "https://a.b.example.com"),
        ("https://{tenant}.example.com", "https://example.com"),
        ("https://{tenant}.example.com", "https://-a.example.com"),
        ("https://{tenant}.example.com", "https://acme.example.com/"),
        ("https://{tenant}.example.com", "https://{tenant}.example.com/"),
        ("https://{tenant}.example.com", "https://a.{tenant}.example.com"),
        ("https://cm.{tenant}.example.com", "https://{tenant}.x.acme.example.com"),
        ("https://cm.{tenant}.example.com", "https://{tenant}.acme.example.org"),
        ("https://example.com/{tenant}", "https://example.com/{tenant}/"),
        ("https://example.com/{tenant}/b/c", "https://example.com/a/{tenant}/d"),
    ] {
        assert!(!overlap(a, b), "{a} {b}");
    }
}
