//! Whole runs of the binary, with secrets and people planted wherever there can be any: what it
//! logs at its most talkative and what it answers tell nothing of them.

mod calls;
mod hostile;
mod plant;
mod settings;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use auth0_sim::{Client, Connection, Fault, FaultKind, Sim};
use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::support::{Place, Service};
use calls::{Said, Tokens, call_everything, call_few, call_some};
use hostile::Hostile;
use plant::{
    CLIENT_ID, CLIENT_SECRET, OLAV, Person, Planted, ROSA, SEED_PASSWORD, UPSTREAM,
    assert_no_secret,
};

/// What only those inside know, and no answer tells.
const INSIDE: [&str; 16] = [
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

/// A run: the service, what stands behind it, and who calls.
struct Run {
    place: Place,
    issuer: Issuer,
    tokens: Tokens,
}

impl Run {
    async fn new() -> Self {
        let (issuer, key) = (Issuer::start().await, SigningKey::rsa("one"));
        for folder in ["/operators", "/acme", "/globex", "/members"] {
            issuer.publish(folder, &[&key]).await;
        }
        issuer.babble("/broken", UPSTREAM).await;
        let tokens = Tokens::of(&issuer, &key);
        Self { place: Place::new(), issuer, tokens }
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
            ("{tenant}", "\"issuer\""),
        ] {
            let issuer = self.issuer.name(&format!("/{folder}"));
            writeln!(text, "[[auth.issuers]]\nissuer = \"{issuer}\"").unwrap();
            writeln!(text, "audience = \"user-management\"\ntenants = {tenants}").unwrap();
        }
        text
    }

    fn start(&self, format: &str, directory: &str) -> Service {
        let file = self.place.write("etc/usher.toml", &self.settings(format, directory));
        self.place.serve(&["serve", "--config", &file])
    }

    /// Asserts that the answers, and what the service has said by its end, betray nothing.
    fn assert_tight(&self, format: &str, service: Service, answers: &[Said], expected: &[&str]) {
        let planted = Planted::with(&self.tokens.all());
        let mut outcomes = BTreeSet::new();
        let mut errors = String::new();
        for said in answers {
            outcomes.insert(said.outcome());
            assert_no_secret(&said.call, &said.text);
            if said.status >= 400 {
                errors.extend([said.text.as_str(), "\n"]);
                let lower = said.text.to_lowercase();
                for word in INSIDE {
                    assert!(!lower.contains(word), "{} tells {word}: {}", said.call, said.text);
                }
            }
        }
        planted.assert_absent("an error", &errors);
        for outcome in expected {
            assert!(outcomes.contains(*outcome), "no {outcome} among {outcomes:?}");
        }

        let ended = service.stop();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        planted.assert_absent("the standard output", &ended.stdout);
        planted.assert_absent("the log", &ended.stderr);
        for line in ended.stderr.lines() {
            if format == "json" {
                let event: Value = serde_json::from_str(line).unwrap();
                assert!(event["timestamp"].is_string(), "{line}");
            } else {
                assert!(line.starts_with("20") && !line.contains('\u{1b}'), "{line}");
            }
        }
        // It is talkative, so that its silence means something.
        assert!(ended.stderr.contains("DEBUG"), "{}", ended.stderr);
        let lines = ended.stderr.lines().filter(|line| line.contains("request_id")).count();
        assert!(lines >= answers.iter().filter(|said| said.status >= 400).count(), "{lines}");
    }
}

/// The settings of Auth0 at this address.
fn auth0_at(domain: &str) -> String {
    format!(
        "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"{domain}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\ntimeout_ms = 500\n"
    )
}

/// A line of the memory adapter's seed.
fn line(person: Person, tenants: &Value) -> Value {
    json!({
        "id": format!("auth0|{}", person.0), "email": person.email(),
        "username": person.username(), "firstName": person.first_name(),
        "lastName": person.last_name(), "name": person.name(), "password": SEED_PASSWORD,
        "homeTenant": "acme", "tenants": tenants,
    })
}

/// The same as Auth0 has it.
fn account(person: Person, tenants: &[(&str, &str)]) -> Value {
    let mut metadata = json!({"usher": {"home": "acme", "service_user": false}});
    for (tenant, role) in tenants {
        metadata[format!("usher_tenant_{tenant}")] = json!({"role": role});
    }
    json!({
        "user_id": format!("auth0|{}", person.0), "email": person.email(),
        "username": person.username(), "given_name": person.first_name(),
        "family_name": person.last_name(), "name": person.name(), "password": SEED_PASSWORD,
        "app_metadata": metadata,
    })
}

const USUAL: [&str; 18] = [
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
    let run = Run::new().await;
    let seed = [
        line(ROSA, &json!({"acme": "owner", "globex": "viewer"})),
        line(OLAV, &json!({"acme": "admin"})),
    ];
    run.place.write("etc/people.jsonl", &seed.map(|line| line.to_string()).join("\n"));
    let service = run.start("text", "[directory.memory]\nseed = \"people.jsonl\"\n");
    let answers = call_everything(&service, &run.tokens).await;
    run.assert_tight("text", service, &answers, &USUAL);
}

/// A stand-in for Auth0 with the planted people in it.
async fn behind() -> Sim {
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
    let (run, sim) = (Run::new().await, behind().await);
    let service = run.start("json", &auth0_at(sim.url()));
    let mut answers = call_everything(&service, &run.tokens).await;
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
        for route in FAULTY {
            let route = Some((*route).to_owned());
            sim.control().fault(Fault { route, skip: 0, times: Some(1), kind: kind.clone() });
        }
        answers.extend(call_few(&service, &run.tokens).await);
        sim.control().clear_faults();
    }
    // The token is not good any more, and then nothing works.
    sim.control().revoke_tokens();
    answers.extend(call_few(&service, &run.tokens).await);
    sim.control().fault(Fault { route: None, skip: 0, times: None, kind: FaultKind::Hang });
    answers.extend(call_few(&service, &run.tokens).await);
    let more = ["502 directory_error", "504 directory_timeout"];
    run.assert_tight("json", service, &answers, &[&USUAL[..], &more].concat());
}

/// The routes of Auth0 that the few calls need.
const FAULTY: &[&str] =
    &["GET /api/v2/users/{id}", "POST /api/v2/users", "POST /oauth/token password-realm"];

#[tokio::test(flavor = "multi_thread")]
async fn echoing_upstream_leaks_no_secrets() {
    for (gives_tokens, format) in [(true, "text"), (false, "json")] {
        let (run, hostile) = (Run::new().await, Hostile::start(gives_tokens).await);
        let directory = auth0_at(&hostile.url());
        let service = run.start(format, &directory);
        let mut answers = Vec::new();
        for _ in 0..2 {
            answers.extend(call_some(&service, &run.tokens).await);
        }
        run.assert_tight(format, service, &answers, &["502 directory_error"]);

        // The doctor speaks to people, and tells them no more.
        let planted = Planted::with(&run.tokens.all());
        let file = run.place.write("etc/doctor.toml", &run.settings(format, &directory));
        for arguments in
            [&["doctor", "--config", &file][..], &["doctor", "--json", "--config", &file]]
        {
            let ended = run.place.run(arguments);
            let said = format!("{}{}", ended.stdout, ended.stderr);
            assert!(said.contains("skipped"), "{said}");
            // Which application it is has to be said.
            planted.assert_absent("the doctor", &said.replace(CLIENT_ID, ""));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_prints_no_secrets() {
    let (run, sim) = (Run::new().await, behind().await);
    let planted = Planted::with(&[]);
    let good = auth0_at(sim.url());
    let bad = good.replace(CLIENT_SECRET, "Plant-Client-Secret-Wrong");
    for (directory, code) in [(good, 0), (bad, 1)] {
        let file = run.place.write("etc/usher.toml", &run.settings("text", &directory));
        let ended = run.place.run(&["doctor", "--config", &file]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        planted.assert_absent("the doctor", &said.replace(CLIENT_ID, ""));
    }
}
