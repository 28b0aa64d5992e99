//! Development mode, and the tokens for it.

use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Ended, Place, Service, end, fetch, mode};

const ACME: &str = "/api/acme/admin/users";
const USERS: &str = "/api/v1/users?filter[tenant]=acme";

/// A token by these arguments.
fn token(place: &Place, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = ["token"].iter().chain(arguments).copied().collect();
    let ended = place.run(&arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended.stdout.strip_suffix('\n').unwrap().to_owned()
}

/// What a token says.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The lines to paste.
fn curl_lines(ended: &Ended) -> Vec<&str> {
    ended.stdout.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect()
}

/// The words of a line as a shell has them, single quotes being all the quoting there is.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        assert!(!part.contains(['"', '\\', '$', '`', '&', '[', ';', '|', '<', '*', '?']), "{line}");
        for (at, word) in part.split(' ').enumerate() {
            if at > 0 {
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
        let place = Place::new();
        let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied());
        let service = Service::start(command);
        let path = format!("{ACME}/auth0%7Cdemo-vera");
        let change = Some(json!({"role": null}));
        let answer = service.call("PUT", &path, &token(&place, &[]), change).await;
        let told = answer.headers.get("ratelimit-policy").map(|value| value.to_str().unwrap());
        assert_eq!((answer.status, told), (200, policy));
    }
}

#[tokio::test]
async fn printed_curl_commands_work() {
    let place = Place::new();
    let service = place.develop();
    let address = service.address;
    // They are read while it runs; what it says is complete before it serves.
    let (service, lines) = with_lines(service);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        let words = words(line);
        assert_eq!(words[0], "curl");
        let header = words.iter().skip_while(|word| *word != "-H").nth(1).unwrap();
        let authorization = header.strip_prefix("Authorization: ").unwrap();
        let url = words.last().unwrap();
        assert!(url.starts_with(&format!("http://{address}/api/")), "{url}");
        let answer = fetch("GET", url, authorization, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.emails().is_empty());
    }
    // By the real thing too, where there is one.
    let there_is = Command::new("sh").args(["-c", "command -v curl"]).output().unwrap();
    if there_is.status.success() {
        for line in &lines {
            let mut shell = Command::new("sh");
            shell.args(["-c", &line.replacen("curl ", "curl --silent --noproxy '*' ", 1)]);
            let ended = end(shell);
            assert_eq!(ended.code, Some(0), "{ended:?}");
            let body: Value = serde_json::from_str(&ended.stdout).unwrap();
            let list = body.get("data").unwrap_or(&body);
            assert!(!list.as_array().unwrap().is_empty(), "{ended:?}");
        }
    }
    drop(service);
}

/// A service and what it has printed to be pasted.
fn with_lines(mut service: Service) -> (Service, Vec<String>) {
    let mut lines = Vec::new();
    for _ in 0..2 {
        lines.push(service.wait_for_print("  curl ").trim().to_owned());
    }
    (service, lines)
}

#[tokio::test]
async fn stdout_has_the_welcome_and_stderr_the_log() {
    let place = Place::new();
    let service = place.develop();
    let token = token(&place, &[]);
    assert_eq!(service.get(ACME, &token).await.status, 200);
    assert_eq!(service.get(ACME, "garbage").await.status, 401);
    assert_eq!(service.get("/nothing", &token).await.status, 404);
    let ended = service.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.starts_with("Usher serves http://127.0.0.1:"), "{}", ended.stdout);
    assert_eq!(curl_lines(&ended).len(), 2);
    assert!(ended.stdout.trim_end().ends_with("/docs/"), "{}", ended.stdout);
    assert!(!ended.stderr.is_empty());
    for line in ended.stderr.lines() {
        let mut words = line.split_whitespace();
        let time = words.next().unwrap().parse::<jiff::Timestamp>();
        assert!(time.is_ok(), "no line of the log: {line:?}");
        let level = words.next().unwrap();
        assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line:?}");
        assert!(!line.contains('\u{1b}'), "colours for nobody: {line:?}");
    }
    let secret = BASE64_URL_SAFE_NO_PAD.encode(std::fs::read(place.key_file()).unwrap());
    for secret in [&secret, &token, "demo-password", "eyJ"] {
        assert!(!ended.stderr.contains(secret), "{secret} is in the log");
    }
    assert!(!ended.stdout.contains("demo-password") && !ended.stdout.contains(&secret));
}

#[tokio::test]
async fn dev_token_grants_the_requested_access() {
    let place = Place::new();
    let service = place.develop();
    let get = async |path: &str, arguments: &[&str]| {
        let answer = service.get(path, &token(&place, arguments)).await;
        let code = if answer.status == 200 { "" } else { answer.code() };
        format!("{} {code}", answer.status)
    };
    let globex = "/api/globex/admin/users";
    assert_eq!(get(ACME, &[]).await, "200 ");
    assert_eq!(get(USERS, &[]).await, "200 ");
    assert_eq!(get(globex, &[]).await, "403 tenant_forbidden");
    assert_eq!(get(globex, &["--tenant", "globex"]).await, "200 ");
    assert_eq!(get(ACME, &["--tenant", "globex"]).await, "403 tenant_forbidden");
    assert_eq!(get(ACME, &["--tenant", "globex", "--tenant", "acme"]).await, "200 ");

    assert_eq!(get(ACME, &["--scope", "tenant.access:read"]).await, "200 ");
    let refused = "403 insufficient_permission";
    assert_eq!(get(ACME, &["--scope", "tenant.access:write"]).await, refused);
    assert_eq!(get(USERS, &["--scope", "tenant.access:read"]).await, refused);
    assert_eq!(get(USERS, &["--permission", "VIEW_USERS_AND_GROUPS"]).await, "200 ");
    assert_eq!(get(ACME, &["--permission", "VIEW_USERS_AND_GROUPS"]).await, refused);
    let both = ["--permission", "VIEW_USERS_AND_GROUPS", "--scope", "tenant.access:read"];
    assert_eq!(get(ACME, &both).await, "200 ");
    assert_eq!(get(USERS, &both).await, "200 ");
}

#[test]
fn dev_token_carries_subject_and_lifetime() {
    let place = Place::new();
    let usual = claims(&token(&place, &[]));
    assert_eq!(usual["tenants"], json!(["acme"]));
    assert_eq!(usual["scope"], json!("tenant.access:read tenant.access:write"));
    let everything = json!(["VIEW_USERS_AND_GROUPS", "MODIFY_USERS_AND_GROUPS"]);
    assert_eq!(usual["permissions"], everything);
    let lifetime = |claims: &Value| {
        claims["exp"].as_i64().unwrap().checked_sub(claims["iat"].as_i64().unwrap()).unwrap()
    };
    assert_eq!(lifetime(&usual), 3600);
    let other = claims(&token(&place, &["--sub", "auth0|demo-adam", "--ttl", "60"]));
    assert_eq!(other["sub"], json!("auth0|demo-adam"));
    assert_eq!(lifetime(&other), 60);
    assert_eq!(lifetime(&claims(&token(&place, &["--ttl", "2592000"]))), 2_592_000);
    // The service would not take one that is good for longer.
    for long in ["2592001", &u64::MAX.to_string()] {
        let refused = place.run(&["token", "--ttl", long]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.stderr.contains("--ttl"), "{refused:?}");
    }
}

#[tokio::test]
async fn dev_token_of_user_changes_own_password() {
    let place = Place::new();
    let service = place.develop();
    let own = ["--sub", "auth0|demo-adam", "--scope", "openid"];
    let own = token(&place, &own);
    let change = async |user: &str| {
        let path = format!("/api/v2/users/auth0%7C{user}/change-password");
        let body = json!({"currentPassword": "demo-password-2", "newPassword": "demo-password-9"});
        service.call("PATCH", &path, &own, Some(body)).await
    };
    assert_eq!(change("demo-olivia").await.code(), "insufficient_permission");
    assert_eq!(change("demo-adam").await.status, 200);
    assert_eq!(change("demo-adam").await.code(), "current_password_mismatch");
}

#[test]
fn development_key_is_readable_by_owner_only() {
    let place = Place::new();
    token(&place, &[]);
    assert_eq!(mode(&place.key_file()), 0o600);
    let folder = place.key_file().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside it");
    // It is made once.
    let before = std::fs::read(place.key_file()).unwrap();
    token(&place, &[]);
    let _ = place.develop();
    assert_eq!(std::fs::read(place.key_file()).unwrap(), before);
}

#[tokio::test]
async fn concurrent_first_runs_create_one_key() {
    let place = Place::new();
    let commands: Vec<_> = (0..8)
        .map(|_| {
            let mut command = place.command(&["token"]);
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
    let service = place.develop();
    for token in tokens {
        assert_eq!(service.get(ACME, token.trim()).await.status, 200);
    }
}

#[tokio::test]
async fn token_of_another_development_key_is_rejected() {
    let (here, there) = (Place::new(), Place::new());
    let service = here.develop();
    let answer = service.get(ACME, &token(&there, &[])).await;
    assert_eq!((answer.status, answer.code()), (401, "invalid_token"));
}

#[test]
fn invalid_development_key_is_reported() {
    let place = Place::new();
    place.write("state/usher/development-key.pk8", "this is no key");
    for arguments in [&["token"][..], &["serve", "--dev", "--listen", "127.0.0.1:0"]] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains("development key"), "{ended:?}");
        assert!(!ended.stderr.contains("this is no key"), "{ended:?}");
    }
}

#[tokio::test]
async fn service_starts_without_a_writable_state_folder() {
    let place = Place::new();
    for state in [None, Some("/proc/nowhere")] {
        let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command.env_clear();
        command.envs(state.map(|folder| ("XDG_STATE_HOME", folder)));
        let (service, lines) = with_lines(Service::start(command));
        let words = words(&lines[0]);
        let header = words.iter().skip_while(|word| *word != "-H").nth(1).unwrap();
        let authorization = header.strip_prefix("Authorization: ").unwrap();
        let answer = fetch("GET", words.last().unwrap(), authorization, None).await;
        assert_eq!(answer.status, 200);
        drop(service);
        let mut command = place.command(&["token"]);
        command.env_clear();
        command.envs(state.map(|folder| ("XDG_STATE_HOME", folder)));
        assert_eq!(end(command).code, Some(1));
    }
}

#[test]
fn development_mode_listens_on_loopback_only() {
    let place = Place::new();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let ended = place.run(&["serve", "--dev", "--listen", listen]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains("--allow-remote"), "{ended:?}");
        let variables = [("USHER__HTTP__LISTEN", listen)];
        let ended = place.run_with(&variables, &["serve", "--dev"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
    }
    let service = place.serve(&["serve", "--dev", "--listen", "0.0.0.0:0", "--allow-remote"]);
    // What it prints can be reached.
    assert_eq!(service.address.ip().to_string(), "127.0.0.1");
    let ended = place.run(&["healthcheck", "--address", &service.address.to_string()]);
    assert_eq!(ended.code, Some(0));
}

#[tokio::test]
async fn development_mode_ignores_settings_files() {
    let place = Place::new();
    let file = place.write("usher.toml", "nonsense = true");
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER_CONFIG", &file);
    let service = Service::start(command);
    assert_eq!(service.get(ACME, &token(&place, &[])).await.status, 200);
}
