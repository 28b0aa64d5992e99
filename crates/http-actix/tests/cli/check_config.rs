//! Invalid settings prevent startup, and the message names the key.

use crate::support::{ProcessOutput, Sandbox};

pub(crate) const ISSUER: &str = r#"
[[auth.issuers]]
issuer = "https://login.example.com/"
audience = "user-management"
tenants = "all"
"#;

/// Runs `check-config` on a file with this text.
pub(crate) fn check(text: &str) -> ProcessOutput {
    let sandbox = Sandbox::new();
    let file = sandbox.write("usher.toml", text);
    let check_output = sandbox.run(&["check-config", "--config", &file]);
    if check_output.code != Some(0) {
        // The service must refuse to start with the same message.
        let serve_output = sandbox.run(&["serve", "--config", &file]);
        assert_eq!(
            (serve_output.code, &serve_output.stderr),
            (check_output.code, &check_output.stderr),
            "{text}"
        );
    }
    check_output
}

/// Asserts that the settings are rejected with a message about this key.
#[track_caller]
pub(crate) fn assert_rejects(text: &str, key: &str) {
    let output = check(text);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{text}: {output:?}");
    let is_reported = output.stderr.starts_with(&format!("usher: {key}"));
    assert!(is_reported, "{text}: expected {key}, got {}", output.stderr);
}

/// Returns the issuer settings with one line replaced.
pub(crate) fn issuer(line: &str, replacement: &str) -> String {
    assert!(ISSUER.contains(line));
    ISSUER.replace(line, replacement)
}

#[test]
fn valid_settings_pass() {
    let full = r#"
[http]
listen = "[::1]:0"
admin_listen = "127.0.0.1:0"
public_url = "https://usher.example.com/base"
workers = 2
max_connections = 1
max_uri_bytes = 65534
max_header_bytes = 131072
max_body_bytes = 1000
header_timeout_ms = 3600000
idle_timeout_ms = 1
request_timeout_ms = 1000
cors_origins = ["https://admin.example.com", "http://localhost:3000"]
trusted_proxies = ["10.0.0.0/8", "::1", "192.0.2.1"]
[log]
format = "json"
filter = "info,usher_http=debug"
[directory]
adapter = "memory"
[directory.memory]
[passwords]
max_wrong = 5
window_ms = 1000
[limits]
writes_per_minute = 1
password_checks_per_minute = 0
reads_per_minute = 4294967295
[auth]
leeway_ms = 0
max_token_lifetime_ms = 1
key_cooldown_ms = 1
key_refresh_ms = 1
key_stale_ms = 1
cached_tokens = 1
[[auth.issuers]]
issuer = "https://central-manager.{tenant}.example.com"
jwks_uri = "https://central-manager.{tenant}.example.com/.well-known/jwks.json"
audience = "a"
algorithms = ["RS256", "ES384", "EdDSA"]
tenants = "issuer"
profile = "rfc9068"
machine_clients = false
private_network = true
[[auth.issuers]]
issuer = "http://127.0.0.1:8080/"
audience = "a"
tenants = { claim = "https://example.com/tenants" }
profile = "jwt"
[[auth.issuers]]
issuer = "http://[::1]:8080/{tenant}"
audience = "a"
tenants = "membership"
profile = "any"
[[roles]]
name = "owner"
may = ["read", "write"]
protected = true
[[roles]]
name = "other"
"#;
    for text in [ISSUER, full] {
        let output = check(text);
        let expected = (Some(0), "The settings are valid.\n", "");
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), expected);
    }
}

#[test]
fn unknown_key_is_named_at_any_depth() {
    for (text, key) in [
        (format!("nonsense = 1\n{ISSUER}"), "nonsense"),
        (format!("{ISSUER}[nonsense]\nx = 1"), "nonsense"),
        (format!("{ISSUER}[http]\nlisten_on = 1"), "http.listen_on"),
        (format!("{ISSUER}[log]\nlevel = 1"), "log.level"),
        (format!("{ISSUER}[directory]\nkind = 1"), "directory.kind"),
        (format!("{ISSUER}[directory.memory]\nfile = 1"), "directory.memory.file"),
        (format!("{ISSUER}[directory.auth0]\ntoken = 1"), "directory.auth0.token"),
        (format!("{ISSUER}[passwords]\nmax = 1"), "passwords.max"),
        (format!("{ISSUER}[limits]\nwrites = 1"), "limits.writes"),
        (format!("[auth]\nissuer = 1\n{ISSUER}"), "auth.issuer"),
        (format!("{ISSUER}jwks = 1"), "auth.issuers[0].jwks"),
        (format!("{ISSUER}{ISSUER}leeway_ms = 1"), "auth.issuers[1].leeway_ms"),
        (format!("{ISSUER}[[roles]]\nname = \"a\"\nrank = 1"), "roles[0].rank"),
    ] {
        assert_rejects(&text, key);
    }
    let claim = issuer("\"all\"", "{ claim = \"a\", other = \"b\" }");
    assert_rejects(&claim, "auth.issuers[0].tenants");
}

#[test]
fn value_of_wrong_type_is_named() {
    for (section, key) in [
        ("[http]\nlisten = [1]", "http.listen"),
        ("[http]\nworkers = \"many\"", "http.workers"),
        ("[http]\nworkers = -1", "http.workers"),
        ("[http]\nworkers = \"2\"", "http.workers"),
        ("[http]\nworkers = 2.7", "http.workers"),
        ("[http]\nworkers = true", "http.workers"),
        ("[http]\nmax_body_bytes = 1.9", "http.max_body_bytes"),
        ("[log]\nfilter = true", "log.filter"),
        ("[[roles]]\nname = 5", "roles[0].name"),
        ("[[roles]]\nname = \"a\"\nprotected = \"yes\"", "roles[0].protected"),
        ("[[roles]]\nname = \"a\"\nprotected = 1", "roles[0].protected"),
        ("[[roles]]\nname = \"a\"\nmay = [1]", "roles[0].may"),
        ("[http]\nmax_body_bytes = {}", "http.max_body_bytes"),
        ("[http]\nrequest_timeout_ms = \"10s\"", "http.request_timeout_ms"),
        ("[http]\ncors_origins = \"https://admin.example.com\"", "http.cors_origins"),
        ("[http]\ntrusted_proxies = \"10.0.0.0/8\"", "http.trusted_proxies"),
        ("[log]\nformat = []", "log.format"),
        ("[passwords]\nmax_wrong = \"ten\"", "passwords.max_wrong"),
        ("[limits]\nwrites_per_minute = -1", "limits.writes_per_minute"),
        ("[limits]\nreads_per_minute = 4294967296", "limits.reads_per_minute"),
        ("[limits]\npassword_checks_per_minute = 1.5", "limits.password_checks_per_minute"),
        ("[[roles]]\nname = \"a\"\nprotected = \"perhaps\"", "roles[0].protected"),
        ("[[roles]]\nname = \"a\"\nmay = \"read\"", "roles[0].may"),
        ("[roles]\nowner = \"all\"", "roles"),
    ] {
        assert_rejects(&format!("{ISSUER}{section}\n"), key);
    }
    assert_rejects(&issuer("\"user-management\"", "5"), "auth.issuers[0].audience");
    assert_rejects("http = 1", "http");
    assert_rejects("auth = { issuers = \"https://login.example.com/\" }", "auth.issuers");
    assert_rejects(&format!("{ISSUER}algorithms = \"RS256\""), "auth.issuers[0].algorithms");
    assert_rejects(&issuer("\"all\"", "1"), "auth.issuers[0].tenants");
    assert_rejects(&issuer("\"all\"", "[\"acme\"]"), "auth.issuers[0].tenants");
    assert_rejects(&issuer("tenants = \"all\"", ""), "auth.issuers[0]");
    assert_rejects(&issuer("audience = \"user-management\"", ""), "auth.issuers[0]");
}

#[test]
fn invalid_value_is_named() {
    for (section, key) in [
        ("[http]\nlisten = \"8080\"", "http.listen"),
        ("[http]\nlisten = \"localhost:8080\"", "http.listen"),
        ("[http]\nlisten = \"127.0.0.1:70000\"", "http.listen"),
        ("[http]\nadmin_listen = \"127.0.0.1\"", "http.admin_listen"),
        ("[http]\npublic_url = \"usher.example.com\"", "http.public_url"),
        ("[http]\npublic_url = \"ftp://usher.example.com\"", "http.public_url"),
        ("[http]\npublic_url = \"https://usher.example.com/?a=b\"", "http.public_url"),
        ("[http]\nworkers = 1025", "http.workers"),
        ("[http]\nmax_connections = 0", "http.max_connections"),
        ("[http]\nmax_connections = 1000001", "http.max_connections"),
        ("[http]\nmax_uri_bytes = 0", "http.max_uri_bytes"),
        ("[http]\nmax_uri_bytes = 65535", "http.max_uri_bytes"),
        ("[http]\nmax_header_bytes = 0", "http.max_header_bytes"),
        ("[http]\nmax_header_bytes = 131073", "http.max_header_bytes"),
        ("[http]\nmax_body_bytes = 0", "http.max_body_bytes"),
        ("[http]\nheader_timeout_ms = 0", "http.header_timeout_ms"),
        ("[http]\nheader_timeout_ms = 3600001", "http.header_timeout_ms"),
        ("[http]\nidle_timeout_ms = 0", "http.idle_timeout_ms"),
        ("[http]\nidle_timeout_ms = 3600001", "http.idle_timeout_ms"),
        ("[http]\nrequest_timeout_ms = 0", "http.request_timeout_ms"),
        ("[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"10.0.0.0/33\"]", "http.trusted_proxies[1]"),
        ("[http]\ntrusted_proxies = [\"everybody\"]", "http.trusted_proxies[0]"),
        ("[http]\ncors_origins = [\"*\"]", "http.cors_origins[0]"),
        ("[http]\ncors_origins = [\"https://a.example/\"]", "http.cors_origins[0]"),
        ("[http]\ncors_origins = [\"https://a.example/path\"]", "http.cors_origins[0]"),
        ("[http]\ncors_origins = [\"https://A.example\"]", "http.cors_origins[0]"),
        ("[http]\ncors_origins = [\"https://a.example:443\"]", "http.cors_origins[0]"),
        ("[http]\ncors_origins = [\"a.example\"]", "http.cors_origins[0]"),
        ("[http]\ncors_origins = [\"null\"]", "http.cors_origins[0]"),
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[log]\nfilter = \"a=b=c\"", "log.filter"),
        ("[directory]\nadapter = \"ldap\"", "directory.adapter"),
        ("[passwords]\nmax_wrong = 0", "passwords.max_wrong"),
        ("[passwords]\nwindow_ms = 0", "passwords.window_ms"),
        ("[[roles]]\nname = \"a role\"", "roles[0].name"),
        ("[[roles]]\nname = \"\"", "roles[0].name"),
        ("[[roles]]\nname = \"a\"\nmay = [\"read\", \"fly\"]", "roles[0].may"),
        ("[[roles]]\nname = \"a\"\n[[roles]]\nname = \"a\"", "roles: the role a"),
        (
            "[[roles]]\nname = \"a\"\ndefault = true\n[[roles]]\nname = \"b\"\ndefault = true",
            "roles: a and b cannot both be the default",
        ),
    ] {
        assert_rejects(&format!("{ISSUER}{section}\n"), key);
    }
    for key in [
        "max_token_lifetime_ms",
        "key_cooldown_ms",
        "key_refresh_ms",
        "key_stale_ms",
        "cached_tokens",
    ] {
        assert_rejects(&format!("[auth]\n{key} = 0\n{ISSUER}"), &format!("auth.{key}"));
    }
    for (key, value) in [("leeway_ms", "60001"), ("cached_tokens", "1000001")] {
        assert_rejects(&format!("[auth]\n{key} = {value}\n{ISSUER}"), &format!("auth.{key}"));
    }
    assert_rejects(&format!("roles = []\n{ISSUER}"), "roles: there must be at least one role");
}

#[test]
fn unreadable_settings_file_is_named() {
    let sandbox = Sandbox::new();
    let missing = sandbox.path("missing.toml");
    let missing = missing.to_str().unwrap();
    let invalid_toml = sandbox.write("broken.toml", "[http\nlisten = 1");
    let folder = sandbox.path("state");
    std::fs::create_dir_all(&folder).unwrap();
    for file in [missing, &invalid_toml, folder.to_str().unwrap()] {
        for command in ["check-config", "serve"] {
            let output = sandbox.run(&[command, "--config", file]);
            assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
            assert!(output.stderr.contains(file), "{output:?}");
            let output = sandbox.run_with(&[("USHER_CONFIG", file)], &[command]);
            assert_eq!(output.code, Some(1), "{output:?}");
            assert!(output.stderr.contains(file), "{output:?}");
        }
    }
}

#[test]
fn config_option_overrides_the_environment() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("usher.toml", ISSUER);
    let check = |variable: &str, arguments: &[&str]| {
        sandbox.run_with(&[("USHER_CONFIG", variable)], arguments).code
    };
    assert_eq!(check(&file, &["check-config"]), Some(0));
    assert_eq!(check("missing.toml", &["check-config", "--config", &file]), Some(0));
    assert_eq!(check("missing.toml", &["check-config"]), Some(1));
    // An empty variable counts as unset.
    let output = sandbox.run_with(&[("USHER_CONFIG", "")], &["check-config"]);
    assert!(output.stderr.contains("auth.issuers"), "{output:?}");
}

#[test]
fn environment_variables_are_validated_like_the_file() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("usher.toml", ISSUER);
    for (variable, value, key) in [
        ("USHER__HTTP__LISTEN", "x", "http.listen"),
        ("USHER__HTTP__LISTEN", "", "http.listen"),
        ("USHER__HTTP__WORKERS", "many", "http.workers"),
        ("USHER__HTTP__LISTEN_ON", "127.0.0.1:0", "http.listen_on"),
        ("USHER__HTTP", "x", "http"),
        ("USHER__FOO__BAR", "1", "foo"),
        ("USHER__FOO", "1", "foo"),
        ("USHER__LOG__FORMAT", "xml", "log.format"),
        ("USHER__DIRECTORY__ADAPTER", "ldap", "directory.adapter"),
        ("USHER__DIRECTORY__ADAPTER", "auth0", "directory.auth0.domain"),
        ("USHER__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,x", "http.trusted_proxies[1]"),
        ("USHER__HTTP__CORS_ORIGINS", "https://a.example,*", "http.cors_origins[1]"),
        ("USHER__AUTH__KEY_COOLDOWN_MS", "0", "auth.key_cooldown_ms"),
    ] {
        let output = sandbox.run_with(&[(variable, value)], &["check-config", "--config", &file]);
        assert_eq!(output.code, Some(1), "{variable}={value}: {output:?}");
        assert!(output.stderr.starts_with(&format!("usher: {key}")), "{variable}: {output:?}");
    }
    let output = sandbox.run_with(
        &[("OTEL_TRACES_SAMPLER", "jaeger_remote")],
        &["check-config", "--config", &file],
    );
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.starts_with("warning: OTEL_TRACES_SAMPLER: must be"), "{output:?}");
    for (variable, value) in [
        ("USHER__HTTP__LISTEN", "127.0.0.1:0"),
        ("USHER__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("USHER__HTTP__CORS_ORIGINS", "https://a.example,https://b.example"),
        ("USHER__LOG__FILTER", "info,usher_http=debug"),
        // Variables with another prefix are ignored.
        ("USHER_HTTP_LISTEN", "x"),
        ("USHERS__HTTP__LISTEN", "x"),
    ] {
        let output = sandbox.run_with(&[(variable, value)], &["check-config", "--config", &file]);
        assert_eq!(output.code, Some(0), "{variable}={value}: {output:?}");
    }
}

#[test]
fn invalid_seed_is_reported_by_line_and_field() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{ISSUER}[http]\nlisten = \"127.0.0.1:0\"\n[directory.memory]\nseed = \"s/users.jsonl\"\n"
    );
    let file = sandbox.write("etc/usher.toml", &text);
    let run_both = || {
        let serve_output = sandbox.run(&["serve", "--config", &file]);
        let check_output = sandbox.run(&["check-config", "--config", &file]);
        assert_eq!(
            (serve_output.code, &serve_output.stderr),
            (check_output.code, &check_output.stderr)
        );
        serve_output
    };
    let output = run_both();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("directory.memory.seed"), "{output:?}");
    assert!(
        output.stderr.contains("etc/s/users.jsonl"),
        "relative to the settings file: {output:?}"
    );

    let valid_line = r#"{"email":"good@acme.example"}"#;
    for (line, message) in [
        ("nonsense", "line 2: is not JSON"),
        (r#"{"email":"a@b.example""#, "line 2: is not JSON"),
        (r"{}", "line 2: email"),
        (r#"{"email":"nowhere"}"#, "line 2: email"),
        (valid_line, "line 2: email"),
        (r#"{"email":"a@b.example","pasword":"secret-secret"}"#, "line 2: pasword"),
        (r#"{"email":"a@b.example","password":"secret"}"#, "line 2: password"),
        (r#"{"email":"a@b.example","blocked":"secret"}"#, "line 2: blocked"),
        (r#"{"email":"a@b.example","email":"secret"}"#, "line 2: email"),
        (r#"{"email":"a@b.example","createdAt":"secret"}"#, "line 2: createdAt"),
        (r#"{"email":"a@b.example","homeTenant":"SECRET"}"#, "line 2: homeTenant"),
        (r#"{"email":"a@b.example","tenants":{"acme":1}}"#, "line 2: tenants.acme"),
    ] {
        sandbox.write("etc/s/users.jsonl", &format!("{valid_line}\n{line}\n"));
        let output = run_both();
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{line}: {output:?}");
        let expected = format!("directory.memory.seed: {message}");
        assert!(output.stderr.contains(&expected), "{line}: {output:?}");
        assert!(!output.stderr.to_lowercase().contains("secret"), "{line}: {output:?}");
    }
}
