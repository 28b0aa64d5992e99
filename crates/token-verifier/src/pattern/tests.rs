use proptest::prelude::*;

use super::*;

/// One template for each place that a tenant can have.
const TEMPLATES: [&str; 6] = [
    "https://central-manager.{tenant}.pcm.example.com",
    "https://{tenant}.eu.auth0.com/",
    "https://login.example.com/{tenant}",
    "https://login.example.com/realms/{tenant}/",
    "https://login.example.com:8443/{tenant}/v2.0",
    "http://127.0.0.1:8080/{tenant}/",
];

fn issuer(text: &str) -> Pattern {
    Pattern::of_issuer(text).unwrap()
}

fn refusal(text: &str) -> String {
    Pattern::of_issuer(text).unwrap_err()
}

#[test]
fn a_fixed_issuer_matches_itself_alone() {
    let pattern = issuer("https://example.eu.auth0.com/");
    assert_eq!(pattern.matches("https://example.eu.auth0.com/"), Some(Match { tenant: None }));
    for other in [
        "",
        "https://example.eu.auth0.com",
        "https://example.eu.auth0.com//",
        "http://example.eu.auth0.com/",
        "https://EXAMPLE.eu.auth0.com/",
        "https://example.eu.auth0.com:443/",
        " https://example.eu.auth0.com/",
    ] {
        assert_eq!(pattern.matches(other), None, "{other}");
    }
}

#[test]
fn a_trailing_slash_is_part_of_the_name() {
    assert!(issuer("https://a.example").matches("https://a.example/").is_none());
    assert!(issuer("https://a.example/").matches("https://a.example").is_none());
}

#[test]
fn a_look_alike_does_not_match_a_host_template() {
    let pattern = issuer("https://cm.{tenant}.pcm.example.com");
    assert!(pattern.matches("https://cm.acme.pcm.example.com").is_some());
    for look_alike in [
        // Another host after it, or before it.
        "https://cm.acme.pcm.example.com.evil.test",
        "https://cm.acme.pcm.example.comevil.test",
        "https://evil.test/https://cm.acme.pcm.example.com",
        "https://evilcm.acme.pcm.example.com",
        // Inside the place.
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
        // A user, a port, a path, a query, a fragment.
        "https://cm.acme.pcm.example.com@evil.test",
        "https://user@cm.acme.pcm.example.com",
        "https://user:secret@cm.acme.pcm.example.com",
        "https://cm.acme.pcm.example.com:443",
        "https://cm.acme.pcm.example.com:8443",
        "https://cm.acme.pcm.example.com/",
        "https://cm.acme.pcm.example.com/path",
        "https://cm.acme.pcm.example.com?a=b",
        "https://cm.acme.pcm.example.com#a",
        // Other spellings.
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
        assert_eq!(pattern.matches(look_alike), None, "{look_alike:?}");
    }
}

#[test]
fn a_look_alike_does_not_match_a_path_template() {
    let pattern = issuer("https://login.example.com/realms/{tenant}/");
    assert!(pattern.matches("https://login.example.com/realms/acme/").is_some());
    for look_alike in [
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
        assert_eq!(pattern.matches(look_alike), None, "{look_alike:?}");
    }
}

#[test]
fn the_place_of_the_tenant_is_a_whole_label_or_segment() {
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
        assert!(refusal(text).contains("{tenant}"), "{text}");
    }
}

#[test]
fn there_is_one_place_at_most() {
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
        assert!(refusal(text).contains("brace"), "{text}");
    }
}

#[test]
fn plain_http_is_for_loopback() {
    for text in [
        "http://127.0.0.1:8080/",
        "http://127.3.2.1/",
        "http://[::1]:8080/",
        "http://localhost",
        "http://localhost:8080/{tenant}",
        "http://{tenant}.localhost/",
    ] {
        assert!(Pattern::of_issuer(text).is_ok(), "{text}");
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
        assert!(refusal(text).contains("https"), "{text}");
    }
}

#[test]
fn a_number_after_the_place_is_not_a_host() {
    assert!(refusal("https://{tenant}.0.0.1/").contains("URL"));
    assert!(refusal("http://{tenant}.0.0.1/").contains("URL"));
}

#[test]
fn user_information_query_and_fragment_are_refused() {
    assert!(refusal("https://user@example.com/").contains("user"));
    let with_password = refusal("https://user:hunter2@example.com/");
    assert!(with_password.contains("user") && !with_password.contains("hunter2"));
    assert!(refusal("https://@example.com/").contains("user"));
    assert!(refusal("https://example.com/?a=b").contains("query"));
    assert!(refusal("https://example.com/#a").contains("fragment"));
    assert!(Pattern::of_key_set("https://example.com/keys#a").is_err());
    assert!(Pattern::of_key_set("https://example.com/keys?policy=a").is_ok());
    assert!(Pattern::of_key_set("https://example.com/keys?tenant={tenant}").is_err());
    assert!(Pattern::of_key_set("https://example.com/{tenant}?policy=a").is_ok());
}

#[test]
fn an_address_is_spelt_in_the_normal_way() {
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
        assert!(refusal(text).contains("normal"), "{text}");
    }
}

#[test]
fn what_is_no_url_is_refused() {
    for text in ["", "example.com", "/a", "https://", "https:///a b", "https://exa mple.com/"] {
        assert!(Pattern::of_issuer(text).is_err(), "{text}");
    }
}

#[test]
fn a_key_set_is_filled_with_the_tenant_of_the_issuer() {
    let found =
        issuer("https://cm.{tenant}.example.com").matches("https://cm.acme.example.com").unwrap();
    let fill = |text| Pattern::of_key_set(text).unwrap().filled(&found);
    assert_eq!(fill("https://keys.example.com/{tenant}"), "https://keys.example.com/acme");
    assert_eq!(fill("https://keys.example.com/all"), "https://keys.example.com/all");
}

fn any_tenant() -> impl Strategy<Value = TenantId> {
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?".prop_map(|text| text.parse().unwrap())
}

/// Arbitrary text, and text that comes close.
fn any_text() -> impl Strategy<Value = String> {
    let template = proptest::sample::select(TEMPLATES.to_vec());
    let close = (template, ".{0,20}").prop_map(|(it, text)| it.replace(PLACEHOLDER, &text));
    let closer = (proptest::sample::select(TEMPLATES.to_vec()), "[a-zA-Z0-9./:@-]{0,10}")
        .prop_map(|(it, text)| it.replace(PLACEHOLDER, &text));
    prop_oneof![".*", close, closer]
}

proptest! {
    #[test]
    fn a_filled_template_matches_and_gives_back_its_tenant(tenant in any_tenant()) {
        for template in TEMPLATES {
            let filled = template.replace(PLACEHOLDER, tenant.as_str());
            let found = issuer(template).matches(&filled).unwrap();
            prop_assert_eq!(found.tenant.as_ref(), Some(&tenant));
            prop_assert_eq!(issuer(template).filled(&found), filled);
        }
    }

    #[test]
    fn what_matches_is_a_filling(text in any_text()) {
        for template in TEMPLATES {
            if let Some(Match { tenant }) = issuer(template).matches(&text) {
                let tenant = tenant.unwrap();
                prop_assert_eq!(template.replace(PLACEHOLDER, tenant.as_str()), text.clone());
            }
        }
    }

    #[test]
    fn reading_a_pattern_never_panics(text in ".*") {
        let _ = Pattern::of_issuer(&text);
    }
}
