//! Validation of `[[auth.issuers]]`.

use crate::check_config::{ISSUER, assert_rejects, check, issuer};
use crate::support::Sandbox;

#[test]
fn invalid_issuer_setting_is_named() {
    let name = "https://login.example.com/";
    for (line, replacement, key) in [
        (name, "http://login.example.com/", "issuer"),
        (name, "http://127.0.0.1.example.com/", "issuer"),
        (name, "http://0.0.0.0:8080/", "issuer"),
        (name, "login.example.com", "issuer"),
        (name, "", "issuer"),
        (name, "https://user:secret@login.example.com/", "issuer"),
        (name, "https://login.example.com/?tenant=acme", "issuer"),
        (name, "https://login.example.com/#a", "issuer"),
        (name, "https://LOGIN.example.com/", "issuer"),
        (name, "https://login.example.com:443/", "issuer"),
        (name, "https://{tenant}-login.example.com/", "issuer"),
        (name, "https://login.{tenant}", "issuer"),
        (name, "https://{tenant}.{tenant}.example.com/", "issuer"),
        (name, "https://{customer}.example.com/", "issuer"),
        (name, "https://login.{tenant}.example.com/", "tenants"),
        ("\"user-management\"", "\"\"", "audience"),
        ("\"all\"", "\"issuer\"", "tenants"),
        ("\"all\"", "\"everything\"", "tenants"),
        ("\"all\"", "\"\"", "tenants"),
        ("\"all\"", "{ claim = \"\" }", "tenants"),
    ] {
        assert_rejects(&issuer(line, replacement), &format!("auth.issuers[0].{key}"));
    }
    for algorithm in ["HS256", "HS512", "none", "rs256", "ES512", ""] {
        let text = format!("{ISSUER}algorithms = [\"RS256\", \"{algorithm}\"]");
        assert_rejects(&text, "auth.issuers[0].algorithms");
    }
    assert_rejects(&format!("{ISSUER}algorithms = []"), "auth.issuers[0].algorithms");
    for (key, values) in [
        ("profile", ["\"JWT\"", "\"at+jwt\"", "\"\"", "1"]),
        ("machine_clients", ["\"no\"", "0", "\"\"", "[]"]),
        ("private_network", ["\"yes\"", "1", "\"\"", "[]"]),
        ("subjects", ["\"Accounts\"", "\"\"", "[]", "true"]),
        ("scope_claims", ["\"scope\"", "[\"\"]", "[1]", "true"]),
        ("permission_claims", ["\"permissions\"", "[\"a\", \"\"]", "[1]", "1"]),
    ] {
        for value in values {
            let text = format!("{ISSUER}{key} = {value}");
            assert_rejects(&text, &format!("auth.issuers[0].{key}"));
        }
    }
    for key_set in ["http://keys.example.com/", "keys", "https://keys.example.com/{tenant}"] {
        let text = format!("{ISSUER}jwks_uri = \"{key_set}\"");
        assert_rejects(&text, "auth.issuers[0].jwks_uri");
    }
    // A password in a URL is not quoted.
    let output = check(&issuer(name, "https://user:secret@login.example.com/"));
    assert!(!output.stderr.contains("secret"), "{output:?}");
}

#[test]
fn subjects_of_a_template_are_not_any_account() {
    let template = issuer("https://login.example.com/", "https://login.{tenant}.example.com/")
        .replace("\"all\"", "\"issuer\"");
    for (subjects, code) in [("accounts", 1), ("home", 0), ("external", 0)] {
        let line = format!("subjects = \"{subjects}\"");
        if code == 1 {
            assert_rejects(&format!("{template}{line}"), "auth.issuers[0].subjects");
        } else {
            assert_eq!(check(&format!("{template}{line}")).code, Some(code), "{subjects}");
        }
        assert_eq!(check(&format!("{ISSUER}{line}")).code, Some(0), "{subjects}");
    }
}

#[test]
fn known_tenants_must_be_labels() {
    for value in ["[\"Acme\"]", "[\"acme\", \"\"]", "[\"a.b\"]", "\"acme\"", "[1]", "true"] {
        assert_rejects(&format!("[auth]\nknown_tenants = {value}\n{ISSUER}"), "auth.known_tenants");
    }
    assert_eq!(check(&format!("[auth]\nknown_tenants = [\"acme\"]\n{ISSUER}")).code, Some(0));
}

#[test]
fn ambiguous_issuers_are_named_by_index() {
    let entry = |issuer: &str, audience: &str| {
        format!(
            "[[auth.issuers]]\nissuer = \"{issuer}\"\naudience = \"{audience}\"\n\
             tenants = \"membership\"\n"
        )
    };
    let (fixed, template) =
        ("https://login.acme.example.com/", "https://login.{tenant}.example.com/");
    let other = entry("https://other.example.com/", "a");
    for (first, second) in [
        (entry(fixed, "a"), entry(fixed, "a")),
        (entry(template, "a"), entry(template, "a")),
        (entry(fixed, "a"), entry(template, "a")),
        (entry(template, "a"), entry(fixed, "b")),
        (entry(template, "a"), entry("https://{tenant}.acme.example.com/", "a")),
    ] {
        let output = check(&format!("{other}{first}{second}"));
        assert_eq!(output.code, Some(1), "{output:?}");
        for index in ["auth.issuers[1].issuer", "auth.issuers[2].issuer"] {
            assert!(output.stderr.contains(index), "{output:?}");
        }
    }
    // The audience selects between entries of one issuer.
    let output = check(&format!("{other}{}{}", entry(fixed, "a"), entry(fixed, "b")));
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn settings_without_issuers_are_rejected() {
    for text in ["", "[auth]\nissuers = []"] {
        assert_rejects(text, "auth.issuers");
    }
    let output = Sandbox::new().run(&["check-config"]);
    assert_eq!(output.code, Some(1));
    assert!(
        output.stderr.contains("auth.issuers") && output.stderr.contains("--dev"),
        "{output:?}"
    );
    assert_eq!(Sandbox::new().run(&["serve"]).code, Some(1));
}
