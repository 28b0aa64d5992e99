//! Reloading of settings.

use serde_json::json;
use token_verifier::testing::SigningKey;

use crate::issuer::Issuer;
use crate::support::{Response, Sandbox, Service, poll_until};

const SEED: &str = r#"
{"id":"auth0|ann","email":"ann@acme.example","homeTenant":"acme","tenants":{"acme":"owner"}}
{"id":"auth0|bea","email":"bea@acme.example","homeTenant":"acme","tenants":{"acme":"helper"}}
"#;
const ACME: &str = "/api/acme/admin/users";
const ROLES: &str = r#"
[[roles]]
name = "owner"
may = ["read", "write"]
[[roles]]
name = "member"
default = true
"#;

/// Returns settings with this issuer and further sections; they are reloaded on SIGHUP only.
fn settings(issuer: &str, extra: &str) -> String {
    format!(
        r#"
[http]
listen = "127.0.0.1:0"
workers = 1
[directory.memory]
seed = "users.jsonl"
[reload]
interval_ms = 0
[[auth.issuers]]
issuer = "{issuer}"
audience = "user-management"
tenants = "all"
{ROLES}
{extra}
"#
    )
}

struct Fixture {
    sandbox: Sandbox,
    issuer: Issuer,
    key: SigningKey,
    service: Service,
}

impl Fixture {
    /// Starts a service that trusts `/one` of the two issuers `/one` and `/two`.
    async fn start(edit: impl Fn(String) -> String) -> Self {
        let (sandbox, issuer, key) =
            (Sandbox::new(), Issuer::start().await, SigningKey::rsa("one"));
        issuer.publish("/one", &[&key]).await;
        issuer.publish("/two", &[&key]).await;
        sandbox.write("etc/users.jsonl", SEED);
        let text = edit(settings(&issuer.name("/one"), ""));
        let file = sandbox.write("etc/usher.toml", &text);
        let service = sandbox.start(&["serve", "--config", &file]);
        Self { sandbox, issuer, key, service }
    }

    fn write(&self, text: &str) {
        // Replaces the file atomically, as editors do.
        let temporary = self.sandbox.write("etc/temporary.toml", text);
        std::fs::rename(temporary, self.sandbox.path("etc/usher.toml")).unwrap();
    }

    /// Sends SIGHUP and waits for this log message.
    fn reload(&mut self, message: &str) -> String {
        self.service.signal("HUP");
        self.service.wait_for_log(message)
    }

    async fn list(&self, folder: &str) -> Response {
        self.service.get(ACME, &self.issuer.token(folder, &self.key)).await
    }
}

fn unchanged(text: String) -> String {
    text
}

#[tokio::test]
async fn reload_replaces_issuers() {
    let mut fixture = Fixture::start(unchanged).await;
    assert_eq!(fixture.list("/one").await.status, 200);
    assert_eq!(fixture.list("/two").await.code(), "invalid_token");

    fixture.write(&settings(&fixture.issuer.name("/two"), ""));
    assert_eq!(fixture.list("/two").await.code(), "invalid_token", "not reloaded yet");
    fixture.reload("settings reloaded");
    assert_eq!(fixture.list("/two").await.status, 200);
    // Cached tokens of a removed issuer are rejected too.
    assert_eq!(fixture.list("/one").await.code(), "invalid_token");
    let metrics = fixture.service.metrics().await;
    assert!(metrics.contains("usher_config_reloads_total{result=\"applied\"} 1"), "{metrics}");
    assert!(metrics.contains(&fixture.issuer.name("/two")), "{metrics}");
    assert!(!metrics.contains(&fixture.issuer.name("/one")), "{metrics}");
}

#[tokio::test]
async fn reload_replaces_roles_of_users() {
    let mut fixture = Fixture::start(unchanged).await;
    assert_eq!(fixture.list("/one").await.emails(), ["ann@acme.example"]);
    let token = fixture.issuer.token("/one", &fixture.key);
    let body = |role: &str| Some(json!({"email": format!("{role}@acme.example"), "role": role}));
    let response = fixture.service.call("POST", ACME, &token, body("helper")).await;
    assert_eq!(response.code(), "unknown_role");

    let roles = "[[roles]]\nname = \"helper\"\nmay = [\"read\"]\n";
    fixture.write(&settings(&fixture.issuer.name("/one"), roles));
    fixture.reload("settings reloaded");
    assert_eq!(fixture.list("/one").await.emails(), ["ann@acme.example", "bea@acme.example"]);
    let response = fixture.service.call("POST", ACME, &token, body("helper")).await;
    assert_eq!(response.status, 201, "{response:?}");
    let document = fixture.service.get("/openapi.json", "").await.body;
    let role_schema = &document["components"]["schemas"]["CreateTenantUser"]["properties"]["role"];
    assert_eq!(role_schema["enum"], json!(["owner", "member", "helper"]));

    // After the role is removed, users with only this role have no access.
    fixture.write(&settings(&fixture.issuer.name("/one"), ""));
    fixture.reload("settings reloaded");
    assert_eq!(fixture.list("/one").await.emails(), ["ann@acme.example"]);
}

#[tokio::test]
async fn reload_applies_the_log_filter() {
    let mut fixture = Fixture::start(unchanged).await;
    let extra = "[log]\nfilter = \"debug\"\n";
    fixture.write(&settings(&fixture.issuer.name("/one"), extra));
    fixture.reload("settings reloaded");
    fixture.service.get("/health/live", "").await;
    let line = fixture.service.wait_for_log("route=\"/health/live\"");
    assert!(line.contains("DEBUG"), "{line}");
}

#[tokio::test]
async fn invalid_file_is_rejected_and_logged() {
    let mut fixture = Fixture::start(unchanged).await;
    let valid = settings(&fixture.issuer.name("/two"), "");
    for (invalid, reported) in [
        (format!("{valid}\n[http]\nlisten = \"nowhere\"\n"), "duplicate key"),
        (valid.replace("interval_ms = 0", "interval_ms = \"0\""), "reload.interval_ms"),
        (valid.replace("name = \"member\"", "name = \"owner\""), "roles"),
        (valid.replace("[[auth.issuers]]", "[[auth.nobody]]"), "auth"),
        (valid.replace("tenants = \"all\"", "tenants = \"none\""), "auth.issuers[0].tenants"),
    ] {
        fixture.write(&invalid);
        let line = fixture.reload("settings not reloaded");
        assert!(line.contains("ERROR") && line.contains(reported), "{reported}: {line}");
        assert_eq!(fixture.list("/one").await.status, 200);
        assert_eq!(fixture.list("/two").await.code(), "invalid_token");
    }
    std::fs::remove_file(fixture.sandbox.path("etc/usher.toml")).unwrap();
    let line = fixture.reload("settings not reloaded");
    assert!(line.contains("usher.toml"), "{line}");
    let metrics = fixture.service.metrics().await;
    assert!(metrics.contains("usher_config_reloads_total{result=\"rejected\"} 6"), "{metrics}");
    assert!(metrics.contains("\nusher_config_last_reload_successful 0\n"), "{metrics}");

    fixture.write(&valid);
    fixture.reload("settings reloaded");
    assert_eq!(fixture.list("/two").await.status, 200);
    let metrics = fixture.service.metrics().await;
    assert!(metrics.contains("\nusher_config_last_reload_successful 1\n"), "{metrics}");
}

#[tokio::test]
async fn settings_needing_a_restart_are_logged() {
    let mut fixture = Fixture::start(unchanged).await;
    let text = settings(&fixture.issuer.name("/two"), "[limits]\nreads_per_minute = 7\n");
    fixture.write(&text.replace("workers = 1", "workers = 2"));
    let line = fixture.reload("changed settings need a restart");
    assert!(line.contains("WARN") && line.contains("http, limits\""), "{line}");
    // Settings that need no restart have changed.
    assert_eq!(fixture.list("/two").await.status, 200);
    let metrics = fixture.service.metrics().await;
    assert!(metrics.contains("\nusher_config_restart_needed 1\n"), "{metrics}");
    let again = fixture.reload("changed settings need a restart");
    assert!(again.contains("http, limits\""), "still needed: {again}");
    fixture.write(&settings(&fixture.issuer.name("/two"), ""));
    fixture.reload("settings reloaded");
    let metrics = fixture.service.metrics().await;
    assert!(metrics.contains("\nusher_config_restart_needed 0\n"), "{metrics}");
}

#[tokio::test]
async fn file_change_is_detected_and_error_logged_once() {
    let with_short_interval = |text: String| text.replace("interval_ms = 0", "interval_ms = 5");
    let mut fixture = Fixture::start(with_short_interval).await;
    fixture.write("not TOML");
    fixture.service.wait_for_log("settings not reloaded");
    // Kubernetes replaces a symbolic link, so that the same name refers to another file.
    let file = fixture.sandbox.path("etc/usher.toml");
    let target = fixture.sandbox.write(
        "volume/usher.toml",
        &with_short_interval(settings(&fixture.issuer.name("/two"), "")),
    );
    let link = fixture.sandbox.path("etc/link");
    std::os::unix::fs::symlink(target, &link).unwrap();
    // The seed path is relative to the file, and the seed is not reloaded.
    std::fs::rename(link, file).unwrap();
    fixture.service.wait_for_log("settings reloaded");
    assert_eq!(fixture.list("/two").await.status, 200);
    let output = fixture.service.stop();
    assert_eq!(output.stderr.matches("settings not reloaded").count(), 1);
    assert_eq!(output.stderr.matches("settings reloaded").count(), 1);
}

#[tokio::test]
async fn partially_written_file_is_eventually_loaded() {
    let with_short_interval = |text: String| text.replace("interval_ms = 0", "interval_ms = 1");
    let fixture = Fixture::start(with_short_interval).await;
    for round in 0..20 {
        let folder = if round % 2 == 0 { "/two" } else { "/one" };
        let text = with_short_interval(settings(&fixture.issuer.name(folder), ""));
        let (first, second) = text.split_at(text.len() / 2);
        let path = fixture.sandbox.path("etc/usher.toml");
        std::fs::write(&path, first).unwrap();
        // A reload at this point reads half of the file.
        tokio::task::yield_now().await;
        std::fs::write(&path, [first, second].concat()).unwrap();
        let list = async || fixture.list(folder).await.status;
        let status = poll_until(list, |status| *status == 200).await;
        assert_eq!(status, 200, "round {round}");
    }
}

/// Uses a FIFO, on which reading blocks as on a hanging file system.
#[tokio::test]
async fn hanging_settings_file_does_not_block_shutdown() {
    let with_short_interval = |text: String| text.replace("interval_ms = 0", "interval_ms = 1");
    let fixture = Fixture::start(with_short_interval).await;
    let pipe = fixture.sandbox.path("etc/pipe");
    let status = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(status.success());
    std::fs::rename(&pipe, fixture.sandbox.path("etc/usher.toml")).unwrap();
    assert_eq!(fixture.list("/one").await.status, 200);
    fixture.service.signal("HUP");
    assert_eq!(fixture.list("/one").await.status, 200);
    assert_eq!(fixture.service.stop().code, Some(0));
}

#[test]
fn sighup_in_development_mode_changes_nothing() {
    let mut service = Sandbox::new().start_dev();
    service.signal("HUP");
    let line = service.wait_for_log("settings not reloaded");
    assert!(line.contains("development mode has no settings file"), "{line}");
    assert_eq!(service.stop().code, Some(0));
}
