use super::*;

fn domain(text: &str) -> Result<String, InvalidDomain> {
    text.parse::<Domain>().map(|domain| domain.to_string())
}

#[test]
fn domain_must_be_https_or_loopback() {
    for (text, url) in [
        ("acme.eu.auth0.com", "https://acme.eu.auth0.com/"),
        ("login.acme.example:8443", "https://login.acme.example:8443/"),
        ("https://acme.eu.auth0.com", "https://acme.eu.auth0.com/"),
        ("https://10.0.0.1/", "https://10.0.0.1/"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/"),
        ("http://127.8.9.1:9000", "http://127.8.9.1:9000/"),
        ("http://[::1]:9000", "http://[::1]:9000/"),
        ("http://localhost:9000", "http://localhost:9000/"),
        ("http://auth0.localhost", "http://auth0.localhost/"),
    ] {
        assert_eq!(domain(text).as_deref(), Ok(url), "{text}");
    }
}

#[test]
fn invalid_domains_are_rejected() {
    for text in ["", "a b", "https://", "ftp://127.0.0.1", "file:///etc/passwd"] {
        assert_eq!(domain(text), Err(InvalidDomain::Syntax), "{text}");
    }
    for text in ["http://acme.eu.auth0.com", "http://10.0.0.1", "http://localhost.example.com"] {
        assert_eq!(domain(text), Err(InvalidDomain::Insecure), "{text}");
    }
    for text in [
        "acme.eu.auth0.com/api/v2/",
        "https://acme.eu.auth0.com/?a",
        "https://acme.eu.auth0.com/#a",
        "https://user@acme.eu.auth0.com",
        "https://:secret@acme.eu.auth0.com",
    ] {
        assert_eq!(domain(text), Err(InvalidDomain::NotAnOrigin), "{text}");
    }
}

#[test]
fn path_segments_are_percent_encoded() {
    let domain: Domain = "acme.eu.auth0.com".parse().unwrap();
    for (segment, encoded) in [
        ("auth0|abc", "auth0%7Cabc"),
        ("a/../b", "a%2F..%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("a\\b c", "a%5Cb%20c"),
        ("waad|a@b.example", "waad%7Ca%40b.example"),
    ] {
        let url = domain.url_for(&["api", "v2", "users", segment]);
        assert_eq!(url.as_str(), format!("https://acme.eu.auth0.com/api/v2/users/{encoded}"));
    }
}

#[test]
fn default_audience_ends_in_a_slash() {
    let domain: Domain = "acme.eu.auth0.com".parse().unwrap();
    let config = Auth0Config::new(domain, "id".into(), "hidden".into(), "db".into());
    assert_eq!(config.audience, "https://acme.eu.auth0.com/api/v2/");
    assert!(!format!("{config:?}").contains("hidden"));
}

#[test]
fn invalid_metadata_prefixes_are_rejected() {
    let parse = |text: &str| text.parse::<MetadataPrefix>();
    for text in ["usher", "u", "our_users2", "a2345678901234567890123456789_"] {
        assert_eq!(parse(text).unwrap().as_str(), text);
    }
    for text in
        ["", "_a", "2a", "Usher", "a.b", "a-b", "a b", "ä", "a23456789012345678901234567890b"]
    {
        assert_eq!(parse(text), Err(InvalidMetadataPrefix::Syntax), "{text}");
    }
    assert_eq!(parse("email"), Err(InvalidMetadataPrefix::Reserved));
    assert_eq!(parse("usher_tenant_acme"), Err(InvalidMetadataPrefix::Ambiguous));
}
