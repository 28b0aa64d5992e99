//! The service on Auth0, and the doctor: with a stand-in for Auth0 behind them.

use auth0_sim::{Client, Config, Sim};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Ended, Place, Service};

pub(crate) const SECRET: &str = "usher-secret";

/// A stand-in on a runtime of its own, since these tests wait for processes.
pub(crate) struct Behind {
    pub(crate) sim: Sim,
    runtime: Option<Runtime>,
}

impl Behind {
    fn start(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let sim = std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(Sim::start(config)).unwrap()).join().unwrap()
        });
        Self { sim, runtime: Some(runtime) }
    }

    pub(crate) fn usual() -> Self {
        Self::start(Config::default())
    }

    /// The settings, with this secret.
    pub(crate) fn settings(&self, secret: &str) -> String {
        format!(
            "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"{}\"\n\
             client_id = \"usher\"\n{secret}\n",
            self.sim.url(),
        )
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

fn doctor(place: &Place, settings: &str, more: &[&str]) -> Ended {
    let file = place.write("usher.toml", settings);
    let arguments = [&["doctor", "--config", &file], more].concat();
    place.run(&arguments)
}

/// The verdict on each check.
fn verdicts(ended: &Ended) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["ok"], json!(ended.code == Some(0)), "{report}");
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            assert!(finding["message"].as_str().unwrap().len() > 10, "{finding}");
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            (text("check"), text("verdict"))
        })
        .collect()
}

#[test]
fn doctor_accepts_a_valid_tenant() {
    let (place, behind) = (Place::new(), Behind::usual());
    // The secret as most keep it: in a file beside the settings, with a line end.
    place.write("secret", &format!("{SECRET}\n"));
    let settings = behind.settings("client_secret_file = \"secret\"");
    let ended = doctor(&place, &settings, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.ends_with("Usher can serve with these settings.\n"), "{ended:?}");
    let ended = doctor(&place, &settings, &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let problems = verdicts(&ended).into_iter().filter(|(_, verdict)| verdict == "problem");
    assert_eq!(problems.count(), 0, "{ended:?}");
}

#[test]
fn doctor_reports_problems_with_remedies() {
    let (place, behind) = (Place::new(), Behind::usual());
    let ended = doctor(&place, &behind.settings("client_secret = \"nonsense\""), &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stdout.contains("problem") && ended.stdout.contains("to do: "), "{ended:?}");
    assert!(!ended.stdout.contains("nonsense"), "{ended:?}");

    let mut scopes = Config::default().clients[0].scopes.clone();
    scopes.retain(|scope| scope != "delete:users");
    let clients = vec![Client { scopes, ..Config::default().clients[0].clone() }];
    let behind = Behind::start(Config { clients, ..Config::default() });
    let settings = behind.settings(&format!("client_secret = \"{SECRET}\""));
    let ended = doctor(&place, &settings, &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let problems: Vec<_> = verdicts(&ended)
        .into_iter()
        .filter(|(_, verdict)| verdict == "problem")
        .map(|(check, _)| check)
        .collect();
    assert_eq!(problems.len(), 1, "{ended:?}");
    assert!(ended.stdout.contains("delete:users"), "{ended:?}");
}

#[test]
fn doctor_reports_an_unreachable_auth0() {
    let place = Place::new();
    let silent = crate::support::Silent::start();
    let settings = format!(
        "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"http://{}\"\n\
         client_id = \"usher\"\nclient_secret = \"{SECRET}\"\n",
        silent.address(),
    );
    let ended = doctor(&place, &settings, &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let verdicts = verdicts(&ended);
    assert_eq!(verdicts[0].1, "problem", "{verdicts:?}");
    assert!(verdicts[1..].iter().any(|(_, verdict)| verdict == "skipped"), "{verdicts:?}");
}

#[test]
fn doctor_rejects_the_memory_adapter() {
    let ended = Place::new().run(&["doctor"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("usher: directory.adapter"), "{ended:?}");
}

/// Development mode, on the stand-in.
pub(crate) fn develop(place: &Place, domain: &str) -> std::process::Command {
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command
        .env("USHER__DIRECTORY__ADAPTER", "auth0")
        .env("USHER__DIRECTORY__AUTH0__DOMAIN", domain)
        .env("USHER__DIRECTORY__AUTH0__CLIENT_ID", "usher")
        .env("USHER__DIRECTORY__AUTH0__CLIENT_SECRET", SECRET);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn service_runs_against_simulated_auth0() {
    let (place, behind) = (Place::new(), Behind::usual());
    for line in include_str!("../../../auth0-sim/demo.jsonl").lines() {
        behind.sim.control().seed(serde_json::from_str(line).unwrap()).unwrap();
    }
    let service = Service::start(develop(&place, behind.sim.url()));
    let token = place.run(&["token", "--tenant", "acme"]).stdout;
    let token = token.trim();
    let answer = service.get("/api/acme/admin/users", token).await;
    let mut emails = answer.emails();
    emails.sort_unstable();
    let acme = ["adam@acme", "greta@globex", "olivia@acme", "robot@acme", "vera@acme"];
    assert_eq!(emails, acme.map(|name| format!("{name}.example")));

    let jane = json!({ "email": "jane@acme.example", "role": "viewer", "name": "Jane" });
    let answer = service.call("POST", "/api/acme/admin/users", token, Some(jane)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let stored = behind.sim.control().user(answer.body["id"].as_str().unwrap()).unwrap();
    assert_eq!(stored["app_metadata"]["usher"], json!({ "home": "acme", "service_user": false }));
    assert_eq!(stored["app_metadata"]["usher_tenant_acme"], json!({ "role": "viewer" }));
    assert_eq!((&stored["name"], &stored["email_verified"]), (&json!("Jane"), &json!(false)));

    let ready = service.get("/health/ready", token).await;
    assert_eq!(ready.status, 200, "{ready:?}");
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains("kept in memory"), "{ended:?}");
    for text in [SECRET, "jane@acme.example"] {
        assert!(!ended.stderr.contains(text), "{ended:?}");
    }
}

#[test]
fn development_mode_rejects_a_real_auth0_domain() {
    let ended = crate::support::end(develop(&Place::new(), "https://example.eu.auth0.com"));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("usher: directory.auth0.domain"), "{ended:?}");
}
