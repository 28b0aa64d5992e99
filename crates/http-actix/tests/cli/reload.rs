//! Settings that are read again while the service runs.

use serde_json::json;

use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::support::{Answer, Place, Service};

const PEOPLE: &str = r#"
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

/// Settings with this issuer, read again only when told so, with this in the other sections.
fn settings(issuer: &str, more: &str) -> String {
    format!(
        r#"
[http]
listen = "127.0.0.1:0"
workers = 1
[directory.memory]
seed = "people.jsonl"
[reload]
interval_ms = 0
[[auth.issuers]]
issuer = "{issuer}"
audience = "user-management"
tenants = "all"
{ROLES}
{more}
"#
    )
}

struct World {
    place: Place,
    issuer: Issuer,
    key: SigningKey,
    service: Service,
}

impl World {
    /// A service whose issuer is the folder `/one`, of two that there are.
    async fn start(change: impl Fn(String) -> String) -> Self {
        let (place, issuer, key) = (Place::new(), Issuer::start().await, SigningKey::rsa("one"));
        issuer.publish("/one", &[&key]).await;
        issuer.publish("/two", &[&key]).await;
        place.write("etc/people.jsonl", PEOPLE);
        let text = change(settings(&issuer.name("/one"), ""));
        let file = place.write("etc/usher.toml", &text);
        let service = place.serve(&["serve", "--config", &file]);
        Self { place, issuer, key, service }
    }

    fn write(&self, text: &str) {
        // As editors do it, so that nobody reads half of it.
        let aside = self.place.write("etc/aside.toml", text);
        std::fs::rename(aside, self.place.path("etc/usher.toml")).unwrap();
    }

    /// Reads the settings again, and waits until the log says what came of it.
    fn reload(&mut self, said: &str) -> String {
        self.service.signal("HUP");
        self.service.wait_for_log(said)
    }

    async fn list(&self, folder: &str) -> Answer {
        self.service.get(ACME, &self.issuer.token(folder, &self.key)).await
    }

    async fn metrics(&self) -> String {
        let answer = self.service.get("/metrics", "").await;
        answer.body.as_str().unwrap().to_owned()
    }
}

fn unchanged(text: String) -> String {
    text
}

#[tokio::test]
async fn reload_replaces_issuers() {
    let mut world = World::start(unchanged).await;
    assert_eq!(world.list("/one").await.status, 200);
    assert_eq!(world.list("/two").await.code(), "invalid_token");

    world.write(&settings(&world.issuer.name("/two"), ""));
    assert_eq!(world.list("/two").await.code(), "invalid_token", "nobody has said so");
    world.reload("the settings were reloaded");
    assert_eq!(world.list("/two").await.status, 200);
    // Also a token that was verified a moment ago.
    assert_eq!(world.list("/one").await.code(), "invalid_token");
    let metrics = world.metrics().await;
    assert!(metrics.contains("usher_config_reloads_total{result=\"applied\"} 1"), "{metrics}");
    assert!(metrics.contains(&world.issuer.name("/two")), "{metrics}");
    assert!(!metrics.contains(&world.issuer.name("/one")), "{metrics}");
}

#[tokio::test]
async fn reload_replaces_roles_of_users() {
    let mut world = World::start(unchanged).await;
    assert_eq!(world.list("/one").await.emails(), ["ann@acme.example"]);
    let token = world.issuer.token("/one", &world.key);
    let body = |role: &str| Some(json!({"email": format!("{role}@acme.example"), "role": role}));
    let answer = world.service.call("POST", ACME, &token, body("helper")).await;
    assert_eq!(answer.code(), "unknown_role");

    let roles = "[[roles]]\nname = \"helper\"\nmay = [\"read\"]\n";
    world.write(&settings(&world.issuer.name("/one"), roles));
    world.reload("the settings were reloaded");
    assert_eq!(world.list("/one").await.emails(), ["ann@acme.example", "bea@acme.example"]);
    let answer = world.service.call("POST", ACME, &token, body("helper")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let document = world.service.get("/openapi.json", "").await.body;
    let known = &document["components"]["schemas"]["CreateTenantUser"]["properties"]["role"];
    assert_eq!(known["enum"], json!(["owner", "member", "helper"]));

    // And taken away again: who had it alone has no access any more.
    world.write(&settings(&world.issuer.name("/one"), ""));
    world.reload("the settings were reloaded");
    assert_eq!(world.list("/one").await.emails(), ["ann@acme.example"]);
}

#[tokio::test]
async fn reload_applies_the_log_filter() {
    let mut world = World::start(unchanged).await;
    let more = "[log]\nfilter = \"debug\"\n";
    world.write(&settings(&world.issuer.name("/one"), more));
    world.reload("the settings were reloaded");
    world.service.get("/health/live", "").await;
    let line = world.service.wait_for_log("route=\"/health/live\"");
    assert!(line.contains("DEBUG"), "{line}");
}

#[tokio::test]
async fn invalid_file_is_rejected_and_logged() {
    let mut world = World::start(unchanged).await;
    let good = settings(&world.issuer.name("/two"), "");
    for (bad, named) in [
        (format!("{good}\n[http]\nlisten = \"nowhere\"\n"), "duplicate key"),
        (good.replace("interval_ms = 0", "interval_ms = \"0\""), "reload.interval_ms"),
        (good.replace("name = \"member\"", "name = \"owner\""), "roles"),
        (good.replace("[[auth.issuers]]", "[[auth.nobody]]"), "auth"),
        (good.replace("tenants = \"all\"", "tenants = \"none\""), "auth.issuers[0].tenants"),
    ] {
        world.write(&bad);
        let line = world.reload("the settings were not reloaded");
        assert!(line.contains("ERROR") && line.contains(named), "{named}: {line}");
        assert_eq!(world.list("/one").await.status, 200);
        assert_eq!(world.list("/two").await.code(), "invalid_token");
    }
    std::fs::remove_file(world.place.path("etc/usher.toml")).unwrap();
    let line = world.reload("the settings were not reloaded");
    assert!(line.contains("usher.toml"), "{line}");
    let metrics = world.metrics().await;
    assert!(metrics.contains("usher_config_reloads_total{result=\"rejected\"} 6"), "{metrics}");
    assert!(metrics.contains("\nusher_config_last_reload_successful 0\n"), "{metrics}");

    world.write(&good);
    world.reload("the settings were reloaded");
    assert_eq!(world.list("/two").await.status, 200);
    let metrics = world.metrics().await;
    assert!(metrics.contains("\nusher_config_last_reload_successful 1\n"), "{metrics}");
}

#[tokio::test]
async fn settings_needing_a_restart_are_logged() {
    let mut world = World::start(unchanged).await;
    let text = settings(&world.issuer.name("/two"), "[limits]\nreads_per_minute = 7\n");
    world.write(&text.replace("workers = 1", "workers = 2"));
    let line = world.reload("these settings changed and need a restart");
    assert!(line.contains("WARN") && line.contains("http, limits\""), "{line}");
    // What does not need one has changed all the same.
    assert_eq!(world.list("/two").await.status, 200);
    let metrics = world.metrics().await;
    assert!(metrics.contains("\nusher_config_restart_needed 1\n"), "{metrics}");
    let again = world.reload("these settings changed and need a restart");
    assert!(again.contains("http, limits\""), "it is still so: {again}");
    world.write(&settings(&world.issuer.name("/two"), ""));
    world.reload("the settings were reloaded");
    let metrics = world.metrics().await;
    assert!(metrics.contains("\nusher_config_restart_needed 0\n"), "{metrics}");
}

#[tokio::test]
async fn file_change_is_detected_and_error_logged_once() {
    let often = |text: String| text.replace("interval_ms = 0", "interval_ms = 5");
    let mut world = World::start(often).await;
    world.write("this is no TOML");
    world.service.wait_for_log("the settings were not reloaded");
    // Kubernetes swaps a link to the folder; what is read by the same name is another file.
    let file = world.place.path("etc/usher.toml");
    let elsewhere =
        world.place.write("volume/usher.toml", &often(settings(&world.issuer.name("/two"), "")));
    let link = world.place.path("etc/link");
    std::os::unix::fs::symlink(elsewhere, &link).unwrap();
    // The seed is named beside the file, and is not read again.
    std::fs::rename(link, file).unwrap();
    world.service.wait_for_log("the settings were reloaded");
    assert_eq!(world.list("/two").await.status, 200);
    let ended = world.service.stop();
    assert_eq!(ended.stderr.matches("the settings were not reloaded").count(), 1);
    assert_eq!(ended.stderr.matches("the settings were reloaded").count(), 1);
}

#[tokio::test]
async fn partially_written_file_is_eventually_loaded() {
    let often = |text: String| text.replace("interval_ms = 0", "interval_ms = 1");
    let world = World::start(often).await;
    for round in 0..20 {
        let folder = if round % 2 == 0 { "/two" } else { "/one" };
        let text = often(settings(&world.issuer.name(folder), ""));
        let (first, second) = text.split_at(text.len() / 2);
        let path = world.place.path("etc/usher.toml");
        std::fs::write(&path, first).unwrap();
        // Whoever looks now reads half of it.
        tokio::task::yield_now().await;
        std::fs::write(&path, [first, second].concat()).unwrap();
        let mut status = world.list(folder).await.status;
        for _ in 0..10_000 {
            if status == 200 {
                break;
            }
            status = world.list(folder).await.status;
        }
        assert_eq!(status, 200, "round {round}");
    }
}

/// A file whose reading never ends, as on a file system that hangs.
#[tokio::test]
async fn hanging_settings_file_does_not_block_shutdown() {
    let often = |text: String| text.replace("interval_ms = 0", "interval_ms = 1");
    let world = World::start(often).await;
    let pipe = world.place.path("etc/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    std::fs::rename(&pipe, world.place.path("etc/usher.toml")).unwrap();
    assert_eq!(world.list("/one").await.status, 200);
    world.service.signal("HUP");
    assert_eq!(world.list("/one").await.status, 200);
    assert_eq!(world.service.stop().code, Some(0));
}

#[test]
fn sighup_in_development_mode_changes_nothing() {
    let mut service = Place::new().develop();
    service.signal("HUP");
    let line = service.wait_for_log("the settings were not reloaded");
    assert!(line.contains("development mode has no file"), "{line}");
    assert_eq!(service.stop().code, Some(0));
}
