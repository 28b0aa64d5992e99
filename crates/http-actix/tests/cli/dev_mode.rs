//! `usher serve --dev` and `usher token`.

use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{ProcessOutput, Sandbox, Service, fetch, file_mode, run_to_completion};

const ACME: &str = "/api/acme/admin/users";
const USERS: &str = "/api/v1/users?filter[tenant]=acme";

/// Returns a token from `usher token` with these arguments.
fn token(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = ["token"].iter().chain(arguments).copied().collect();
    let output = sandbox.run(&arguments);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    output.stdout.strip_suffix('\n').unwrap().to_owned()
}

/// Decodes the claims of a token.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Returns the printed `curl` commands.
fn curl_commands(output: &ProcessOutput) -> Vec<&str> {
    output.stdout.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect()
}

/// Splits a command line into words as a shell does; supports single quotes only.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        assert!(!part.contains(['"', '\\', '$', '`', '&', '[', ';', '|', '<', '*', '?']), "{line}");
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(word);
        }
    }
    words
}

#[tokio::test]
async fn rate_limits_apply_only_if_configured() {
    for (variables, policy) in [
        (&[][..], None),
        (&[("USHER__LIMITS__WRITES_PER_MINUTE", "7")], Some("\"writes\";q=7;w=60")),
    ] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied());
        let service = Service::start(command);
        let path = format!("{ACME}/auth0%7Cdemo-vera");
        let change = Some(json!({"role": null}));
        let response = service.call("PUT", &path, &token(&sandbox, &[]), change).await;
        let policy_header =
            response.headers.get("ratelimit-policy").map(|value| value.to_str().unwrap());
        assert_eq!((response.status, policy_header), (200, policy));
    }
}

#[tokio::test]
async fn printed_curl_commands_work() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    let address = service.address;
    // The commands are printed before the service accepts requests.
    let (service, lines) = with_curl_commands(service);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        let words = shell_words(line);
        assert_eq!(words[0], "curl");
        let header = words.iter().skip_while(|word| *word != "-H").nth(1).unwrap();
        let authorization = header.strip_prefix("Authorization: ").unwrap();
        let url = words.last().unwrap();
        assert!(url.starts_with(&format!("http://{address}/api/")), "{url}");
        let response = fetch("GET", url, authorization, None).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert!(!response.emails().is_empty());
    }
    // Runs the real curl if installed.
    let curl_lookup = Command::new("sh").args(["-c", "command -v curl"]).output().unwrap();
    if curl_lookup.status.success() {
        for line in &lines {
            let mut shell = Command::new("sh");
            shell.args(["-c", &line.replacen("curl ", "curl --silent --noproxy '*' ", 1)]);
            let output = run_to_completion(shell);
            assert_eq!(output.code, Some(0), "{output:?}");
            let body: Value = serde_json::from_str(&output.stdout).unwrap();
            let list = body.get("data").unwrap_or(&body);
            assert!(!list.as_array().unwrap().is_empty(), "{output:?}");
        }
    }
    drop(service);
}

/// Waits for the two printed `curl` commands of a service.
fn with_curl_commands(mut service: Service) -> (Service, Vec<String>) {
    let mut lines = Vec::new();
    for _ in 0..2 {
        lines.push(service.wait_for_stdout("  curl ").trim().to_owned());
    }
    (service, lines)
}

#[tokio::test]
async fn stdout_has_the_welcome_and_stderr_the_log() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    let token = token(&sandbox, &[]);
    assert_eq!(service.get(ACME, &token).await.status, 200);
    assert_eq!(service.get(ACME, "garbage").await.status, 401);
    assert_eq!(service.get("/nothing", &token).await.status, 404);
    let output = service.stop();
    assert_eq!(output.code, Some(0));
    assert!(output.stdout.starts_with("Usher serves http://127.0.0.1:"), "{}", output.stdout);
    assert_eq!(curl_commands(&output).len(), 2);
    assert!(output.stdout.trim_end().ends_with("/docs/"), "{}", output.stdout);
    assert!(!output.stderr.is_empty());
    for line in output.stderr.lines() {
        let mut words = line.split_whitespace();
        let time = words.next().unwrap().parse::<jiff::Timestamp>();
        assert!(time.is_ok(), "not a log line: {line:?}");
        let level = words.next().unwrap();
        assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line:?}");
        assert!(!line.contains('\u{1b}'), "escape sequence in: {line:?}");
    }
    let key_text = BASE64_URL_SAFE_NO_PAD.encode(std::fs::read(sandbox.key_file()).unwrap());
    for key_text in [&key_text, &token, "demo-password", "eyJ"] {
        assert!(!output.stderr.contains(key_text), "{key_text} is in the log");
    }
    assert!(!output.stdout.contains("demo-password") && !output.stdout.contains(&key_text));
}

#[tokio::test]
async fn dev_token_grants_the_requested_access() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    let get = async |path: &str, arguments: &[&str]| {
        let response = service.get(path, &token(&sandbox, arguments)).await;
        let code = if response.status == 200 { "" } else { response.code() };
        format!("{} {code}", response.status)
    };
    let globex = "/api/globex/admin/users";
    assert_eq!(get(ACME, &[]).await, "200 ");
    assert_eq!(get(USERS, &[]).await, "200 ");
    assert_eq!(get(globex, &[]).await, "403 tenant_forbidden");
    assert_eq!(get(globex, &["--tenant", "globex"]).await, "200 ");
    assert_eq!(get(ACME, &["--tenant", "globex"]).await, "403 tenant_forbidden");
    assert_eq!(get(ACME, &["--tenant", "globex", "--tenant", "acme"]).await, "200 ");

    assert_eq!(get(ACME, &["--scope", "tenant.access:read"]).await, "200 ");
    let forbidden = "403 insufficient_permission";
    assert_eq!(get(ACME, &["--scope", "tenant.access:write"]).await, forbidden);
    assert_eq!(get(USERS, &["--scope", "tenant.access:read"]).await, forbidden);
    assert_eq!(get(USERS, &["--permission", "VIEW_USERS_AND_GROUPS"]).await, "200 ");
    assert_eq!(get(ACME, &["--permission", "VIEW_USERS_AND_GROUPS"]).await, forbidden);
    let both = ["--permission", "VIEW_USERS_AND_GROUPS", "--scope", "tenant.access:read"];
    assert_eq!(get(ACME, &both).await, "200 ");
    assert_eq!(get(USERS, &both).await, "200 ");
}

#[test]
fn dev_token_carries_subject_and_lifetime() {
    let sandbox = Sandbox::new();
    let default_claims = claims(&token(&sandbox, &[]));
    assert_eq!(default_claims["tenants"], json!(["acme"]));
    assert_eq!(default_claims["scope"], json!("tenant.access:read tenant.access:write"));
    let all_permissions = json!(["VIEW_USERS_AND_GROUPS", "MODIFY_USERS_AND_GROUPS"]);
    assert_eq!(default_claims["permissions"], all_permissions);
    let lifetime = |claims: &Value| {
        claims["exp"].as_i64().unwrap().checked_sub(claims["iat"].as_i64().unwrap()).unwrap()
    };
    assert_eq!(lifetime(&default_claims), 3600);
    let custom_claims = claims(&token(&sandbox, &["--sub", "auth0|demo-adam", "--ttl", "60"]));
    assert_eq!(custom_claims["sub"], json!("auth0|demo-adam"));
    assert_eq!(lifetime(&custom_claims), 60);
    assert_eq!(lifetime(&claims(&token(&sandbox, &["--ttl", "2592000"]))), 2_592_000);
    // The service rejects tokens with a longer lifetime.
    for ttl in ["2592001", &u64::MAX.to_string()] {
        let output = sandbox.run(&["token", "--ttl", ttl]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""), "{output:?}");
        assert!(output.stderr.contains("--ttl"), "{output:?}");
    }
}

#[tokio::test]
async fn dev_token_of_user_changes_own_password() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    let own_token = ["--sub", "auth0|demo-adam", "--scope", "openid"];
    let own_token = token(&sandbox, &own_token);
    let change = async |user: &str| {
        let path = format!("/api/v2/users/auth0%7C{user}/change-password");
        let body = json!({"currentPassword": "demo-password-2", "newPassword": "demo-password-9"});
        service.call("PATCH", &path, &own_token, Some(body)).await
    };
    assert_eq!(change("demo-olivia").await.code(), "insufficient_permission");
    assert_eq!(change("demo-adam").await.status, 200);
    assert_eq!(change("demo-adam").await.code(), "current_password_mismatch");
}

#[test]
fn development_key_is_readable_by_owner_only() {
    let sandbox = Sandbox::new();
    token(&sandbox, &[]);
    assert_eq!(file_mode(&sandbox.key_file()), 0o600);
    let folder = sandbox.key_file().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, 1, "temporary files remain");
    // Later runs reuse the key.
    let before = std::fs::read(sandbox.key_file()).unwrap();
    token(&sandbox, &[]);
    let _ = sandbox.start_dev();
    assert_eq!(std::fs::read(sandbox.key_file()).unwrap(), before);
}

#[tokio::test]
async fn concurrent_first_runs_create_one_key() {
    let sandbox = Sandbox::new();
    let commands: Vec<_> = (0..8)
        .map(|_| {
            let mut command = sandbox.command(&["token"]);
            command.stdout(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let tokens: Vec<String> = commands
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    let service = sandbox.start_dev();
    for token in tokens {
        assert_eq!(service.get(ACME, token.trim()).await.status, 200);
    }
}

#[tokio::test]
async fn token_of_another_development_key_is_rejected() {
    let (sandbox, other_sandbox) = (Sandbox::new(), Sandbox::new());
    let service = sandbox.start_dev();
    let response = service.get(ACME, &token(&other_sandbox, &[])).await;
    assert_eq!((response.status, response.code()), (401, "invalid_token"));
}

#[test]
fn invalid_development_key_is_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("state/usher/development-key.pk8", "not a key");
    for arguments in [&["token"][..], &["serve", "--dev", "--listen", "127.0.0.1:0"]] {
        let output = sandbox.run(arguments);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert!(output.stderr.contains("development key"), "{output:?}");
        assert!(!output.stderr.contains("not a key"), "{output:?}");
    }
}

#[tokio::test]
async fn service_starts_without_a_writable_state_folder() {
    let sandbox = Sandbox::new();
    for state in [None, Some("/proc/nowhere")] {
        let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command.env_clear();
        command.envs(state.map(|folder| ("XDG_STATE_HOME", folder)));
        let (service, lines) = with_curl_commands(Service::start(command));
        let words = shell_words(&lines[0]);
        let header = words.iter().skip_while(|word| *word != "-H").nth(1).unwrap();
        let authorization = header.strip_prefix("Authorization: ").unwrap();
        let response = fetch("GET", words.last().unwrap(), authorization, None).await;
        assert_eq!(response.status, 200);
        drop(service);
        let mut command = sandbox.command(&["token"]);
        command.env_clear();
        command.envs(state.map(|folder| ("XDG_STATE_HOME", folder)));
        assert_eq!(run_to_completion(command).code, Some(1));
    }
}

#[test]
fn development_mode_listens_on_loopback_only() {
    let sandbox = Sandbox::new();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let output = sandbox.run(&["serve", "--dev", "--listen", listen]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert!(output.stderr.contains("--allow-remote"), "{output:?}");
        let variables = [("USHER__HTTP__LISTEN", listen)];
        let output = sandbox.run_with(&variables, &["serve", "--dev"]);
        assert_eq!(output.code, Some(1), "{output:?}");
    }
    let service = sandbox.start(&["serve", "--dev", "--listen", "0.0.0.0:0", "--allow-remote"]);
    // The printed address is reachable.
    assert_eq!(service.address.ip().to_string(), "127.0.0.1");
    let output = sandbox.run(&["healthcheck", "--address", &service.address.to_string()]);
    assert_eq!(output.code, Some(0));
}

#[tokio::test]
async fn development_mode_ignores_settings_files() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("usher.toml", "nonsense = true");
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER_CONFIG", &file);
    let service = Service::start(command);
    assert_eq!(service.get(ACME, &token(&sandbox, &[])).await.status, 200);
}
