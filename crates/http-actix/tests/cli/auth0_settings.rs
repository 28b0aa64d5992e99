//! Validation of `[directory.auth0]`.

use crate::check_config::{ISSUER, assert_rejects, check};
use crate::support::Sandbox;

/// Valid settings of Auth0.
const AUTH0: &str = r#"
[directory]
adapter = "auth0"
[directory.auth0]
domain = "https://example.eu.auth0.com"
audience = "https://example.eu.auth0.com/api/v2/"
client_id = "usher"
client_secret = "very-secret"
connection = "people"
attach_connections = ["corp-saml", "people"]
metadata_prefix = "usher_2"
timeout_ms = 1000
invite = "reset_email"
verify_email = true
"#;

#[test]
fn auth0_settings_are_validated_without_requests() {
    let output = check(&format!("{ISSUER}{AUTH0}"));
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    // With the memory adapter the section is unused and may be incomplete.
    let unused = AUTH0.replace("adapter = \"auth0\"", "").replace("client_id = \"usher\"", "");
    assert_eq!(check(&format!("{ISSUER}{unused}")).code, Some(0));
}

#[test]
fn invalid_auth0_setting_is_named() {
    for (line, replacement, key) in [
        ("domain = \"https://example.eu.auth0.com\"\n", "", "domain"),
        ("https://example.eu.auth0.com\"\naud", "http://example.eu.auth0.com\"\naud", "domain"),
        ("https://example.eu.auth0.com\"\naud", "ftp://127.0.0.1\"\naud", "domain"),
        ("https://example.eu.auth0.com\"\naud", "https://example.com/path\"\naud", "domain"),
        ("https://example.eu.auth0.com\"\naud", "https://a:very-secret@b\"\naud", "domain"),
        ("client_id = \"usher\"\n", "", "client_id"),
        ("client_id = \"usher\"", "client_id = \"\"", "client_id"),
        ("client_secret = \"very-secret\"\n", "", "client_secret"),
        ("\"very-secret\"", "\"\"", "client_secret"),
        ("\"very-secret\"", "4815162342", "client_secret"),
        ("timeout_ms", "client_secret_file = \"x\"\ntimeout_ms", "client_secret_file"),
        ("client_secret = \"very-secret\"", "client_secret_file = \"x\"", "client_secret_file"),
        ("connection = \"people\"", "connection = \"\"", "connection"),
        ("[\"corp-saml\", \"people\"]", "\"corp\"", "attach_connections"),
        ("[\"corp-saml\", \"people\"]", "[\"a\", \"\"]", "attach_connections"),
        ("usher_2", "Usher", "metadata_prefix"),
        ("usher_2", "a.b", "metadata_prefix"),
        ("usher_2", "blocked", "metadata_prefix"),
        ("usher_2", "", "metadata_prefix"),
        ("timeout_ms = 1000", "timeout_ms = 0", "timeout_ms"),
        ("timeout_ms = 1000", "timeout_ms = \"1s\"", "timeout_ms"),
        ("reset_email", "always", "invite"),
        ("verify_email = true", "verify_email = \"yes\"", "verify_email"),
        ("timeout_ms", "ca_file = \"nowhere.pem\"\ntimeout_ms", "ca_file"),
    ] {
        assert!(AUTH0.contains(line), "{line}");
        let text = format!("{ISSUER}{}", AUTH0.replacen(line, replacement, 1));
        assert_rejects(&text, &format!("directory.auth0.{key}"));
        let output = check(&text);
        assert!(!output.stderr.contains("very-secret"), "{output:?}");
        assert!(!output.stderr.contains("4815162342"), "{output:?}");
    }
}

#[test]
fn invalid_ca_file_is_named() {
    let sandbox = Sandbox::new();
    let text = format!("{ISSUER}{}ca_file = \"ca.pem\"\n", AUTH0.trim_start());
    let file = sandbox.write("etc/usher.toml", &text);
    sandbox.write("etc/ca.pem", "no certificate");
    let output = sandbox.run(&["check-config", "--config", &file]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.starts_with("usher: directory.auth0.ca_file"), "{output:?}");
}

#[test]
fn secret_from_environment_is_not_coerced() {
    let sandbox = Sandbox::new();
    let without = AUTH0.replace("client_secret = \"very-secret\"\n", "");
    let file = sandbox.write("usher.toml", &format!("{ISSUER}{without}"));
    for secret in ["0123", "1e5", "true", "a,b"] {
        let variables = [("USHER__DIRECTORY__AUTH0__CLIENT_SECRET", secret)];
        let output = sandbox.run_with(&variables, &["check-config", "--config", &file]);
        assert_eq!(output.code, Some(0), "{secret}: {output:?}");
    }
}
