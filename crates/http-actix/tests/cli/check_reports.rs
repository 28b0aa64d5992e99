//! What `check-config` prints: all errors at once, and warnings.

use crate::check_config::{ISSUER, check};
use crate::support::{ProcessOutput, Sandbox};

/// Returns the lines of the errors without the name of the program.
fn errors(output: &ProcessOutput) -> Vec<&str> {
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    let lines = output.stderr.lines();
    lines.map(|line| line.strip_prefix("usher: ").expect(line)).collect()
}

/// Returns the keys of the errors.
fn keys(output: &ProcessOutput) -> Vec<&str> {
    errors(output).into_iter().map(|line| line.split(": ").next().unwrap()).collect()
}

#[test]
fn all_errors_are_reported_at_once() {
    // Errors of the types, of the values, and of the adapters.
    let output = check(&format!(
        r#"{ISSUER}leeway = 1
[[auth.issuers]]
issuer = "http://login.example.com/"
tenants = "everything"
[http]
listen = "8080"
listn = "127.0.0.1:8080"
workers = "2"
cors_origins = ["https://a.example", "*", "null"]
header_timeout_ms = 0
[log]
format = "xml"
filter = "a=b=c"
[directory]
adapter = "auth0"
[directory.auth0]
domain = "http://example.eu.auth0.com"
client_secret_file = "missing"
metadata_prefix = "Usher"
[traces]
otlp_endpoint = "hunter2"
[[roles]]
name = "a role"
"#
    ));
    let expected = [
        "auth.issuers[0].leeway",
        "auth.issuers[1].audience",
        "auth.issuers[1].tenants",
        "http.listn",
        "http.workers",
        "log.format",
        "http.header_timeout_ms",
        "http.listen",
        "http.cors_origins[1]",
        "http.cors_origins[2]",
        "log.filter",
        "directory.auth0.client_id",
        "directory.auth0.client_secret_file",
        "auth.issuers[1].issuer",
        "roles[0].name",
        "directory.auth0.metadata_prefix",
        "directory.auth0.domain",
        "traces.otlp_endpoint",
    ];
    let mut found = keys(&output);
    found.sort_unstable();
    let mut expected: Vec<_> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{}", output.stderr);
}

#[test]
fn valid_sections_are_checked_by_adapters_beside_invalid_ones() {
    let output = check(&format!(
        "{ISSUER}[http]\nworkers = \"2\"\n[directory.memory]\nseed = \"missing.jsonl\"\n[traces]\n\
         otlp_endpoint = \"ftp://collector\"\n"
    ));
    let expected = ["http.workers", "directory.memory.seed", "traces.otlp_endpoint"];
    assert_eq!(keys(&output), expected, "{output:?}");
}

#[test]
fn unknown_variables_are_reported_with_other_errors() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("usher.toml", &format!("{ISSUER}[log]\nformat = \"xml\"\n"));
    let variables = [
        ("USHER__HTTP__LISTN", "127.0.0.1:0"),
        ("USHER__HTTP__WORKERS", "many"),
        ("USHER__TRACES__OTLP_ENDPOINT", "ftp://collector"),
        ("USHER_CONFIG", file.as_str()),
    ];
    let output = sandbox.run_with(&variables, &["check-config"]);
    let expected = [
        "http.listn: is not a setting; the variable is USHER__HTTP__LISTN; did you mean \
         USHER__HTTP__LISTEN?",
        "http.workers: must be a non-negative integer; the variable USHER__HTTP__WORKERS sets it",
        "log.format: must be text or json",
        "traces.otlp_endpoint: must begin with http:// or https://; the variable \
         USHER__TRACES__OTLP_ENDPOINT sets it",
    ];
    assert_eq!(errors(&output), expected);
}

#[test]
fn missing_settings_file_is_reported() {
    let output = Sandbox::new().run_with(&[("USHER__HTTP__WORKERS", "many")], &["check-config"]);
    let expected = [
        "no settings file was given; name one with --config FILE or USHER_CONFIG",
        "http.workers: must be a non-negative integer; the variable USHER__HTTP__WORKERS sets it",
        "auth.issuers: must have at least one issuer; `usher serve --dev` has its own",
    ];
    assert_eq!(errors(&output), expected);
    let served = Sandbox::new().run(&["serve"]);
    assert_eq!(errors(&served), [expected[0], expected[2]]);
    // The doctor needs no issuer.
    let variables = [("USHER__DIRECTORY__ADAPTER", "auth0")];
    let examined = Sandbox::new().run_with(&variables, &["doctor"]);
    assert_eq!(errors(&examined)[0], expected[0]);
}

#[test]
fn doubtful_settings_are_warned_of() {
    let sandbox = Sandbox::new();
    let roles = "[[roles]]\nname = \"chief\"\n[directory.memory]\nseed = \"users.jsonl\"\n";
    let file = sandbox.write("usher.toml", &format!("{ISSUER}{roles}"));
    let user = |name: &str, role: &str| {
        format!("{{\"email\":\"{name}@acme.example\",\"tenants\":{{\"acme\":\"{role}\"}}}}\n")
    };
    let seed = [user("a", "owner"), user("b", "chief"), user("c", "admin"), user("d", "owner")];
    sandbox.write("users.jsonl", &seed.concat());
    let variables = [("USHER_HTTP_LISTEN", "x"), ("USHER_SERVICE_HOST", "10.0.0.1")];
    let output = sandbox.run_with(&variables, &["check-config", "--config", &file]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    let expected = [
        "warning: USHER_HTTP_LISTEN: is not a variable of Usher; did you mean \
         USHER__HTTP__LISTEN?; the variable is ignored.",
        "warning: roles: no role is protected, so that a tenant can lose its last administrator.",
        "warning: directory.memory.seed: has roles that [[roles]] does not have, which give no \
         access: admin, owner.",
        "The settings are valid.",
    ];
    assert_eq!(output.stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn numeric_text_from_environment_is_text() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(
        "usher.toml",
        &format!(
            "{ISSUER}[directory]\nadapter = \"auth0\"\n[directory.auth0]\nclient_id = \"a\"\n"
        ),
    );
    let variables = [
        ("USHER__DIRECTORY__AUTH0__DOMAIN", "https://example.eu.auth0.com"),
        ("USHER__DIRECTORY__AUTH0__CLIENT_ID", "12345"),
        ("USHER__DIRECTORY__AUTH0__CLIENT_SECRET", "12345"),
        ("USHER__DIRECTORY__AUTH0__AUDIENCE", "1e5"),
        ("USHER__DIRECTORY__AUTH0__CONNECTION", "true"),
        ("USHER__TRACES__SERVICE_NAME", "0123"),
    ];
    let output = sandbox.run_with(&variables, &["check-config", "--config", &file]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
}

#[test]
fn errors_of_arguments_do_not_repeat_words() {
    for arguments in [
        ["serve", "--listen", "8080"],
        ["healthcheck", "--address", "localhost"],
        ["token", "--ttl", "long"],
        ["token", "--ttl", "2592001"],
        ["token", "--tenant", "A B"],
    ] {
        let output = Sandbox::new().run(&arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert_eq!(output.stderr.matches("invalid").count(), 1, "{}", output.stderr);
        assert!(output.stderr.contains("must be"), "{}", output.stderr);
    }
}
