//! The service and `usher doctor` with the stand-in for Auth0.

use auth0_sim::{Client, Config, Sim};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{ProcessOutput, Sandbox, Service};

pub(crate) const SECRET: &str = "usher-secret";

/// A stand-in with its own runtime, because these tests block on processes.
pub(crate) struct SimulatedAuth0 {
    pub(crate) sim: Sim,
    runtime: Option<Runtime>,
}

impl SimulatedAuth0 {
    fn start(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let sim = std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(Sim::start(config)).unwrap()).join().unwrap()
        });
        Self { sim, runtime: Some(runtime) }
    }

    pub(crate) fn start_default() -> Self {
        Self::start(Config::default())
    }

    /// Starts a stand-in with the demo users.
    pub(crate) fn start_with_demo_users() -> Self {
        let auth0 = Self::start_default();
        for line in include_str!("../../../auth0-sim/demo.jsonl").lines() {
            auth0.sim.control().seed(serde_json::from_str(line).unwrap()).unwrap();
        }
        auth0
    }

    /// Returns settings for the stand-in, with this line for the client secret.
    pub(crate) fn settings(&self, secret: &str) -> String {
        format!(
            "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"{}\"\n\
             client_id = \"usher\"\n{secret}\n",
            self.sim.url(),
        )
    }
}

impl Drop for SimulatedAuth0 {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

fn doctor(sandbox: &Sandbox, settings: &str, options: &[&str]) -> ProcessOutput {
    let file = sandbox.write("usher.toml", settings);
    let arguments = [&["doctor", "--config", &file], options].concat();
    sandbox.run(&arguments)
}

/// Returns the name and the verdict of each check in a JSON report.
fn verdicts(output: &ProcessOutput) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["ok"], json!(output.code == Some(0)), "{report}");
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
    let (sandbox, auth0) = (Sandbox::new(), SimulatedAuth0::start_default());
    // The secret file ends with a newline, as most do.
    sandbox.write("secret", &format!("{SECRET}\n"));
    let settings = auth0.settings("client_secret_file = \"secret\"");
    let output = doctor(&sandbox, &settings, &[]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    assert!(output.stdout.ends_with("Usher can serve with these settings.\n"), "{output:?}");
    let output = doctor(&sandbox, &settings, &["--json"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let problems = verdicts(&output).into_iter().filter(|(_, verdict)| verdict == "problem");
    assert_eq!(problems.count(), 0, "{output:?}");
}

#[test]
fn doctor_reports_problems_with_remedies() {
    let (sandbox, auth0) = (Sandbox::new(), SimulatedAuth0::start_default());
    let output = doctor(&sandbox, &auth0.settings("client_secret = \"nonsense\""), &[]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stdout.contains("problem") && output.stdout.contains("fix: "), "{output:?}");
    assert!(!output.stdout.contains("nonsense"), "{output:?}");

    let mut scopes = Config::default().clients[0].scopes.clone();
    scopes.retain(|scope| scope != "delete:users");
    let clients = vec![Client { scopes, ..Config::default().clients[0].clone() }];
    let auth0 = SimulatedAuth0::start(Config { clients, ..Config::default() });
    let settings = auth0.settings(&format!("client_secret = \"{SECRET}\""));
    let output = doctor(&sandbox, &settings, &["--json"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let problems: Vec<_> = verdicts(&output)
        .into_iter()
        .filter(|(_, verdict)| verdict == "problem")
        .map(|(check, _)| check)
        .collect();
    assert_eq!(problems.len(), 1, "{output:?}");
    assert!(output.stdout.contains("delete:users"), "{output:?}");
}

#[test]
fn doctor_reports_an_unreachable_auth0() {
    let sandbox = Sandbox::new();
    let closing_listener = crate::support::ClosingListener::start();
    let settings = format!(
        "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"http://{}\"\n\
         client_id = \"usher\"\nclient_secret = \"{SECRET}\"\n",
        closing_listener.address(),
    );
    let output = doctor(&sandbox, &settings, &["--json"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let verdicts = verdicts(&output);
    assert_eq!(verdicts[0].1, "problem", "{verdicts:?}");
    assert!(verdicts[1..].iter().any(|(_, verdict)| verdict == "skipped"), "{verdicts:?}");
}

#[test]
fn doctor_rejects_the_memory_adapter() {
    let output = Sandbox::new().run(&["doctor"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stderr.starts_with("usher: directory.adapter"), "{output:?}");
}

/// Returns the command that starts development mode with Auth0 at `domain`.
pub(crate) fn dev_command(sandbox: &Sandbox, domain: &str) -> std::process::Command {
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command
        .env("USHER__DIRECTORY__ADAPTER", "auth0")
        .env("USHER__DIRECTORY__AUTH0__DOMAIN", domain)
        .env("USHER__DIRECTORY__AUTH0__CLIENT_ID", "usher")
        .env("USHER__DIRECTORY__AUTH0__CLIENT_SECRET", SECRET);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn service_runs_against_simulated_auth0() {
    let (sandbox, auth0) = (Sandbox::new(), SimulatedAuth0::start_with_demo_users());
    let service = Service::start(dev_command(&sandbox, auth0.sim.url()));
    let token = sandbox.run(&["token", "--tenant", "acme"]).stdout;
    let token = token.trim();
    let response = service.get("/api/acme/admin/users", token).await;
    let mut emails = response.emails();
    emails.sort_unstable();
    let acme = ["adam@acme", "greta@globex", "olivia@acme", "robot@acme", "vera@acme"];
    assert_eq!(emails, acme.map(|name| format!("{name}.example")));

    let jane = json!({ "email": "jane@acme.example", "role": "viewer", "name": "Jane" });
    let response = service.call("POST", "/api/acme/admin/users", token, Some(jane)).await;
    assert_eq!(response.status, 201, "{response:?}");
    let stored = auth0.sim.control().user(response.body["id"].as_str().unwrap()).unwrap();
    assert_eq!(stored["app_metadata"]["usher"], json!({ "home": "acme", "service_user": false }));
    let membership = &stored["app_metadata"]["usher_tenant_acme"];
    assert_eq!(membership["role"], "viewer");
    assert!(membership["m"].as_str().unwrap().ends_with(" jane@acme.example"), "{membership}");
    assert_eq!((&stored["name"], &stored["email_verified"]), (&json!("Jane"), &json!(false)));

    let ready = service.get("/health/ready", token).await;
    assert_eq!(ready.status, 200, "{ready:?}");
    let output = service.stop();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!output.stdout.contains("stored in memory"), "{output:?}");
    for text in [SECRET, "jane@acme.example"] {
        assert!(!output.stderr.contains(text), "{output:?}");
    }
}

#[test]
fn development_mode_rejects_a_real_auth0_domain() {
    let output = crate::support::run_to_completion(dev_command(
        &Sandbox::new(),
        "https://example.eu.auth0.com",
    ));
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
    assert!(output.stderr.starts_with("usher: directory.auth0.domain"), "{output:?}");
}
