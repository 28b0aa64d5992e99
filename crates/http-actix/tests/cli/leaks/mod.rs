//! Runs of the binary with planted secrets and personal data: neither the log at level `trace` nor
//! error responses may contain them.

mod echo_server;
mod planted;
mod requests;
mod settings;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use auth0_sim::{Client, Connection, Fault, FaultKind, Sim};
use serde_json::{Value, json};
use token_verifier::testing::SigningKey;

use crate::issuer::Issuer;
use crate::support::{Sandbox, Service};
use echo_server::EchoServer;
use planted::{
    CLIENT_ID, CLIENT_SECRET, OLAV, PlantedTexts, PlantedUser, ROSA, SEED_PASSWORD, UPSTREAM,
    assert_no_secret,
};
use requests::{
    RecordedResponse, Tokens, send_all_requests, send_basic_requests, send_directory_requests,
};

/// Implementation details that no response may contain.
const INTERNAL_TERMS: [&str; 16] = [
    "src/",
    ".rs",
    "reqwest",
    "serde",
    "hyper",
    "tokio",
    "actix",
    "panic",
    "oauth",
    "127.0.0.1",
    "errorcode",
    "app_metadata",
    "username-password-authentication",
    "invalid type",
    "expected struct",
    "os error",
];

/// The sandbox, the issuer and the tokens of a run.
struct TestRun {
    sandbox: Sandbox,
    issuer: Issuer,
    tokens: Tokens,
}

impl TestRun {
    async fn new() -> Self {
        let (issuer, key) = (Issuer::start().await, SigningKey::rsa("one"));
        for folder in ["/operators", "/tenants/acme", "/tenants/globex", "/members"] {
            issuer.publish(folder, &[&key]).await;
        }
        issuer.serve_text("/broken", UPSTREAM).await;
        let tokens = Tokens::sign(&issuer, &key);
        Self { sandbox: Sandbox::new(), issuer, tokens }
    }

    fn settings(&self, format: &str, directory: &str) -> String {
        let mut text = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\nworkers = 1\nmax_body_bytes = 2000\n\
             request_timeout_ms = 2000\npublic_url = \"https://usher.example\"\n\
             [log]\nformat = \"{format}\"\nfilter = \"trace\"\n{directory}\n"
        );
        for (folder, tenants) in [
            ("operators", "\"all\""),
            ("members", "\"membership\""),
            ("broken", "\"all\""),
            ("tenants/{tenant}", "\"issuer\""),
        ] {
            let issuer = self.issuer.name(&format!("/{folder}"));
            writeln!(text, "[[auth.issuers]]\nissuer = \"{issuer}\"").unwrap();
            writeln!(text, "audience = \"user-management\"\ntenants = {tenants}").unwrap();
        }
        text
    }

    fn start(&self, format: &str, directory: &str) -> Service {
        let file = self.sandbox.write("etc/usher.toml", &self.settings(format, directory));
        self.sandbox.start(&["serve", "--config", &file])
    }

    /// Stops the service and asserts that responses and output contain no planted text.
    fn assert_no_leaks(
        &self,
        format: &str,
        service: Service,
        responses: &[RecordedResponse],
        expected: &[&str],
    ) {
        let planted = PlantedTexts::with(&self.tokens.all());
        let mut outcomes = BTreeSet::new();
        let mut errors = String::new();
        for response in responses {
            outcomes.insert(response.outcome());
            assert_no_secret(&response.call, &response.text);
            if response.status >= 400 {
                errors.extend([response.text.as_str(), "\n"]);
                let lower = response.text.to_lowercase();
                for word in INTERNAL_TERMS {
                    assert!(
                        !lower.contains(word),
                        "{} contains {word}: {}",
                        response.call,
                        response.text
                    );
                }
            }
        }
        planted.assert_absent("an error", &errors);
        for outcome in expected {
            assert!(outcomes.contains(*outcome), "no {outcome} among {outcomes:?}");
        }

        let output = service.stop();
        assert_eq!(output.code, Some(0), "{output:?}");
        planted.assert_absent("the standard output", &output.stdout);
        planted.assert_absent("the log", &output.stderr);
        for line in output.stderr.lines() {
            if format == "json" {
                let event: Value = serde_json::from_str(line).unwrap();
                assert!(event["timestamp"].is_string(), "{line}");
            } else {
                assert!(line.starts_with("20") && !line.contains('\u{1b}'), "{line}");
            }
        }
        // The log is verbose, so that the absence of planted text is meaningful.
        assert!(output.stderr.contains("DEBUG"), "{}", output.stderr);
        let lines = output.stderr.lines().filter(|line| line.contains("request_id")).count();
        assert!(
            lines >= responses.iter().filter(|response| response.status >= 400).count(),
            "{lines}"
        );
    }
}

/// Returns the settings for Auth0 at this address.
fn auth0_settings(domain: &str) -> String {
    format!(
        "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"{domain}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\ntimeout_ms = 500\n"
    )
}

/// Returns a line of the memory adapter's seed.
fn seed_line(user: PlantedUser, tenants: &Value) -> Value {
    json!({
        "id": format!("auth0|{}", user.0), "email": user.email(),
        "username": user.username(), "firstName": user.first_name(),
        "lastName": user.last_name(), "name": user.name(), "password": SEED_PASSWORD,
        "homeTenant": "acme", "tenants": tenants,
    })
}

/// Returns the account in the format of Auth0.
fn account(user: PlantedUser, tenants: &[(&str, &str)]) -> Value {
    let mut metadata = json!({"usher": {"home": "acme", "service_user": false}});
    for (tenant, role) in tenants {
        metadata[format!("usher_tenant_{tenant}")] = json!({"role": role});
    }
    json!({
        "user_id": format!("auth0|{}", user.0), "email": user.email(),
        "username": user.username(), "given_name": user.first_name(),
        "family_name": user.last_name(), "name": user.name(), "password": SEED_PASSWORD,
        "app_metadata": metadata,
    })
}

const EXPECTED_OUTCOMES: [&str; 18] = [
    "200",
    "201",
    "204",
    "400 malformed_request",
    "400 unknown_parameter",
    "401 missing_token",
    "401 invalid_token",
    "403 tenant_forbidden",
    "403 insufficient_permission",
    "404 user_not_found",
    "405 method_not_allowed",
    "409 email_taken",
    "409 already_attached",
    "413 payload_too_large",
    "415 unsupported_media_type",
    "422 weak_password",
    "422 current_password_mismatch",
    "503 keys_unavailable",
];

#[tokio::test]
async fn memory_adapter_run_leaks_no_secrets() {
    let run = TestRun::new().await;
    let seed = [
        seed_line(ROSA, &json!({"acme": "owner", "globex": "viewer"})),
        seed_line(OLAV, &json!({"acme": "admin"})),
    ];
    run.sandbox.write("etc/users.jsonl", &seed.map(|seed_line| seed_line.to_string()).join("\n"));
    let service = run.start("text", "[directory.memory]\nseed = \"users.jsonl\"\n");
    let responses = send_all_requests(&service, &run.tokens).await;
    run.assert_no_leaks("text", service, &responses, &EXPECTED_OUTCOMES);
}

/// Starts the stand-in for Auth0 with the planted users.
async fn start_auth0_sim() -> Sim {
    let client =
        Client { id: CLIENT_ID.to_owned(), secret: CLIENT_SECRET.to_owned(), ..Client::default() };
    let sim = Sim::start(auth0_sim::Config {
        clients: vec![client],
        connections: vec![Connection { min_length: Some(8), ..Connection::default() }],
        ..auth0_sim::Config::default()
    })
    .await
    .unwrap();
    let control = sim.control();
    control.seed(account(ROSA, &[("acme", "owner"), ("globex", "viewer")])).unwrap();
    control.seed(account(OLAV, &[("acme", "admin")])).unwrap();
    sim
}

#[tokio::test(flavor = "multi_thread")]
async fn auth0_run_leaks_no_secrets() {
    let (run, sim) = (TestRun::new().await, start_auth0_sim().await);
    let service = run.start("json", &auth0_settings(sim.url()));
    let mut responses = send_all_requests(&service, &run.tokens).await;
    for kind in [
        FaultKind::Status { status: 429, retry_after: Some(1) },
        FaultKind::Status { status: 500, retry_after: None },
        FaultKind::Status { status: 400, retry_after: None },
        FaultKind::Status { status: 403, retry_after: None },
        FaultKind::ResetBefore,
        FaultKind::ResetAfter,
        FaultKind::Malformed,
        FaultKind::Truncated,
        FaultKind::Html { status: 403 },
        FaultKind::EmptyBody,
        FaultKind::HangAfter,
    ] {
        for route in FAULTY_ROUTES {
            let route = Some((*route).to_owned());
            sim.control().add_fault(Fault { route, skip: 0, times: Some(1), kind: kind.clone() });
        }
        responses.extend(send_basic_requests(&service, &run.tokens).await);
        sim.control().clear_faults();
    }
    // First the token is revoked, then every call hangs.
    sim.control().revoke_tokens();
    responses.extend(send_basic_requests(&service, &run.tokens).await);
    sim.control().add_fault(Fault { route: None, skip: 0, times: None, kind: FaultKind::Hang });
    responses.extend(send_basic_requests(&service, &run.tokens).await);
    let more = ["502 directory_error", "504 directory_timeout"];
    run.assert_no_leaks("json", service, &responses, &[&EXPECTED_OUTCOMES[..], &more].concat());
}

/// The routes of Auth0 that the basic requests use.
const FAULTY_ROUTES: &[&str] =
    &["GET /api/v2/users/{id}", "POST /api/v2/users", "POST /oauth/token password-realm"];

#[tokio::test(flavor = "multi_thread")]
async fn echoing_upstream_leaks_no_secrets() {
    for (issues_tokens, format) in [(true, "text"), (false, "json")] {
        let (run, echo_server) = (TestRun::new().await, EchoServer::start(issues_tokens).await);
        let directory = auth0_settings(&echo_server.url());
        let service = run.start(format, &directory);
        let mut responses = Vec::new();
        for _ in 0..2 {
            responses.extend(send_directory_requests(&service, &run.tokens).await);
        }
        run.assert_no_leaks(format, service, &responses, &["502 directory_error"]);

        // The output of the doctor must not contain planted text either.
        let planted = PlantedTexts::with(&run.tokens.all());
        let file = run.sandbox.write("etc/doctor.toml", &run.settings(format, &directory));
        for arguments in
            [&["doctor", "--config", &file][..], &["doctor", "--json", "--config", &file]]
        {
            let output = run.sandbox.run(arguments);
            let response = format!("{}{}", output.stdout, output.stderr);
            assert!(response.contains("skipped"), "{response}");
            // The client id is not secret and is printed.
            planted.assert_absent("the doctor", &response.replace(CLIENT_ID, ""));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_prints_no_secrets() {
    let (run, sim) = (TestRun::new().await, start_auth0_sim().await);
    let planted = PlantedTexts::with(&[]);
    let valid = auth0_settings(sim.url());
    let invalid = valid.replace(CLIENT_SECRET, "Plant-Client-Secret-Wrong");
    for (directory, code) in [(valid, 0), (invalid, 1)] {
        let file = run.sandbox.write("etc/usher.toml", &run.settings("text", &directory));
        let output = run.sandbox.run(&["doctor", "--config", &file]);
        assert_eq!(output.code, Some(code), "{output:?}");
        let response = format!("{}{}", output.stdout, output.stderr);
        planted.assert_absent("the doctor", &response.replace(CLIENT_ID, ""));
    }
}
