//! Issuers that cannot be trusted as they are configured.

use crate::check_config::{ISSUER, assert_blames, check, issuer};
use crate::support::Place;

#[test]
fn invalid_issuer_setting_is_named() {
    let name = "https://login.example.com/";
    for (line, instead, key) in [
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
        assert_blames(&issuer(line, instead), &format!("auth.issuers[0].{key}"));
    }
    for algorithm in ["HS256", "HS512", "none", "rs256", "ES512", ""] {
        let text = format!("{ISSUER}algorithms = [\"RS256\", \"{algorithm}\"]");
        assert_blames(&text, "auth.issuers[0].algorithms");
    }
    assert_blames(&format!("{ISSUER}algorithms = []"), "auth.issuers[0].algorithms");
    for (key, values) in [
        ("profile", ["\"JWT\"", "\"at+jwt\"", "\"\"", "1"]),
        ("machine_clients", ["\"no\"", "0", "\"\"", "[]"]),
        ("private_network", ["\"yes\"", "1", "\"\"", "[]"]),
    ] {
        for value in values {
            let text = format!("{ISSUER}{key} = {value}");
            assert_blames(&text, &format!("auth.issuers[0].{key}"));
        }
    }
    for key_set in ["http://keys.example.com/", "keys", "https://keys.example.com/{tenant}"] {
        let text = format!("{ISSUER}jwks_uri = \"{key_set}\"");
        assert_blames(&text, "auth.issuers[0].jwks_uri");
    }
    // Nothing of a password in an address is repeated.
    let ended = check(&issuer(name, "https://user:secret@login.example.com/"));
    assert!(!ended.stderr.contains("secret"), "{ended:?}");
}

#[test]
fn settings_without_issuers_are_rejected() {
    for text in ["", "[auth]\nissuers = []"] {
        assert_blames(text, "auth.issuers");
    }
    let ended = Place::new().run(&["check-config"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("auth.issuers") && ended.stderr.contains("--dev"), "{ended:?}");
    assert_eq!(Place::new().run(&["serve"]).code, Some(1));
}
