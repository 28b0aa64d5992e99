//! Each finding of the doctor, against a tenant that causes it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

use std::sync::Arc;
use std::time::Duration;

use auth0_adapter::Auth0Config;
use auth0_adapter::doctor::{Finding, FindingStatus, examine};
use auth0_sim::{Client, Config, Connection, Fault, FaultKind, Sim, Tls, Usernames};
use conformance::ManualClock;
use domain::{AccountRules, AttachRule};
use ports::{Clock, SystemClock};

const SECRET: &str = "usher-secret";
const CONNECTION: &str = "Username-Password-Authentication";

fn config_for(sim: &Sim) -> Auth0Config {
    let domain = sim.url().parse().unwrap();
    Auth0Config::new(domain, "usher".into(), SECRET.into(), CONNECTION.into())
}

/// Returns the findings about a tenant with these settings.
async fn findings(config: Config, change: impl FnOnce(&mut Auth0Config)) -> Vec<Finding> {
    let sim = Sim::start(config).await.unwrap();
    findings_of(&sim, change).await
}

async fn findings_of(sim: &Sim, change: impl FnOnce(&mut Auth0Config)) -> Vec<Finding> {
    let mut config = config_for(sim);
    change(&mut config);
    let found = examine(&config, AccountRules::default(), Arc::new(SystemClock)).await;
    let text = format!("{found:?}");
    assert!(!text.contains(SECRET) && !text.contains("eyJ"), "{text}");
    let checks: Vec<_> = found.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, ALL, "each check has one finding, in order");
    found
}

const ALL: [&str; 18] = [
    "reached",
    "clock",
    "credentials",
    "scope read:users",
    "scope create:users",
    "scope update:users",
    "scope update:users_app_metadata",
    "scope delete:users",
    "scope read:users_app_metadata",
    "scope create:users_app_metadata",
    "connection",
    "usernames",
    "connection enabled",
    "sign-up",
    "memberships",
    "password grant",
    "client addresses",
    "attach rule",
];

fn status(findings: &[Finding], check: &str) -> FindingStatus {
    findings.iter().find(|finding| finding.check == check).unwrap().status
}

fn message<'a>(findings: &'a [Finding], check: &str) -> &'a str {
    &findings.iter().find(|finding| finding.check == check).unwrap().message
}

/// Returns the checks with this status.
fn checks_with(findings: &[Finding], status: FindingStatus) -> Vec<&'static str> {
    findings.iter().filter(|f| f.status == status).map(|finding| finding.check).collect()
}

fn assert_each_problem_has_a_fix(findings: &[Finding]) {
    assert!(findings.iter().all(|f| f.status != FindingStatus::Problem || f.fix.is_some()));
}

#[tokio::test]
async fn ready_tenant_has_no_problem() {
    let sim = Sim::start(Config::default()).await.unwrap();
    let found = findings_of(&sim, |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), [""; 0], "{found:#?}");
    assert_eq!(checks_with(&found, FindingStatus::Warning), [""; 0], "{found:#?}");
    assert_eq!(checks_with(&found, FindingStatus::Skipped), ["client addresses"]);
    assert!(message(&found, "password grant").contains("failed log-in"));
    let calls = sim.control().calls();
    assert!(calls.values().all(|count| *count == 1) && calls.len() == 5, "{calls:?}");
}

#[tokio::test]
async fn unreachable_tenant_is_a_problem() {
    // Nothing listens at this address.
    let sim = Sim::start(Config::default()).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let found = findings_of(&sim, |config| config.domain = url.parse().unwrap()).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["reached"]);
    assert_eq!(checks_with(&found, FindingStatus::Skipped).len(), 16);
    assert!(sim.control().calls().is_empty());
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn untrusted_certificate_is_a_problem() {
    let config = Config { tls: Some(Tls::generate().unwrap()), ..Config::default() };
    let sim = Sim::start(config).await.unwrap();
    let found = findings_of(&sim, |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["reached"]);
    assert!(found[0].fix.as_ref().unwrap().contains("certificate"), "{found:#?}");
    let pem = sim.ca_pem().unwrap().as_bytes().to_vec();
    let found = findings_of(&sim, |config| config.ca_pem = Some(pem)).await;
    assert_eq!(status(&found, "reached"), FindingStatus::Ok, "{found:#?}");
}

#[tokio::test]
async fn file_without_certificate_is_a_problem() {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let found = findings(Config::default(), |config| config.ca_pem = Some(pem)).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["reached"]);
}

#[tokio::test]
async fn other_server_or_unhealthy_auth0_is_found() {
    for kind in [
        FaultKind::Html { status: 200 },
        FaultKind::Html { status: 404 },
        FaultKind::Malformed,
        FaultKind::Status { status: 503, retry_after: None },
        FaultKind::Status { status: 429, retry_after: Some(1) },
    ] {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.control().add_fault(Fault { route: None, skip: 0, times: None, kind: kind.clone() });
        let found = findings_of(&sim, |_| {}).await;
        let passing = matches!(kind, FaultKind::Status { .. });
        let expected = if passing { FindingStatus::Warning } else { FindingStatus::Problem };
        assert_eq!(checks_with(&found, expected), ["reached"], "{kind:?}");
        assert_eq!(checks_with(&found, FindingStatus::Ok), ["clock", "attach rule"], "{kind:?}");
        assert_each_problem_has_a_fix(&found);
    }
}

#[tokio::test]
async fn silent_tenant_is_a_problem() {
    let sim = Sim::start(Config::default()).await.unwrap();
    sim.control().add_fault(Fault { route: None, skip: 0, times: None, kind: FaultKind::Hang });
    let found = findings_of(&sim, |config| config.timeout = Duration::from_millis(200)).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["reached"]);
    assert!(message(&found, "reached").contains("in time"), "{found:#?}");
}

#[tokio::test]
async fn clock_skew_is_found() {
    for (millis, expected) in [
        (0, FindingStatus::Ok),
        (20_000, FindingStatus::Warning),
        (-20_000, FindingStatus::Warning),
        (100_000, FindingStatus::Problem),
        (-100_000, FindingStatus::Problem),
    ] {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.control().update_switches(|switches| switches.clock_skew_millis = millis);
        let found = findings_of(&sim, |_| {}).await;
        assert_eq!(status(&found, "clock"), expected, "{millis}");
        assert_each_problem_has_a_fix(&found);
    }
    let sim = Sim::start(Config::default()).await.unwrap();
    let clock = Arc::new(ManualClock::new());
    assert!(clock.now() < SystemClock.now());
    let found = examine(&config_for(&sim), AccountRules::default(), clock).await;
    assert_eq!(status(&found, "clock"), FindingStatus::Problem, "it is our clock that is compared");
}

#[tokio::test]
async fn wrong_credentials_are_a_problem() {
    for old_form in [false, true] {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.control().update_switches(|switches| switches.bad_secret_is_access_denied = old_form);
        let found = findings_of(&sim, |config| config.client_secret = "wrong".into()).await;
        assert_eq!(checks_with(&found, FindingStatus::Problem), ["credentials"]);
        assert!(message(&found, "credentials").contains("secret"), "{found:#?}");
        assert_eq!(status(&found, "password grant"), FindingStatus::Skipped);
        assert_eq!(sim.control().calls().len(), 2, "nothing else is tried");
    }
    let found = findings(Config::default(), |config| config.client_id = "nobody".into()).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["credentials"]);
}

#[tokio::test]
async fn unauthorized_application_is_a_problem() {
    let clients = vec![Client { scopes: Vec::new(), ..Client::default() }];
    let config = Config { clients, ..Config::default() };
    let found = findings(config, |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["credentials"]);
    assert!(message(&found, "credentials").contains("/api/v2/"), "{found:#?}");
    assert_eq!(status(&found, "scope read:users"), FindingStatus::Skipped);
    assert_eq!(status(&found, "password grant"), FindingStatus::Ok, "it does not depend on that");
    assert_each_problem_has_a_fix(&found);

    let found = findings(Config::default(), |config| {
        config.audience = "https://other.example/api/v2/".to_owned();
    })
    .await;
    assert!(message(&found, "credentials").contains("https://other.example/api/v2/"));
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["credentials"]);
}

#[tokio::test]
async fn disabled_grants_are_a_problem() {
    let with_grant = |grant: &str| {
        let clients = vec![Client { grant_types: vec![grant.to_owned()], ..Client::default() }];
        Config { clients, ..Config::default() }
    };
    let found = findings(with_grant("client_credentials"), |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["password grant"]);
    assert_each_problem_has_a_fix(&found);
    let realm = "http://auth0.com/oauth/grant-type/password-realm";
    let found = findings(with_grant(realm), |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["credentials"]);
    assert!(message(&found, "credentials").contains("client_credentials"), "{found:#?}");
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn missing_scopes_are_a_problem() {
    for check in ALL.iter().filter(|check| check.starts_with("scope ")) {
        let missing = check.trim_start_matches("scope ");
        let mut client = Client::default();
        client.scopes.retain(|scope| scope != missing);
        let config = Config { clients: vec![client], ..Config::default() };
        let found = findings(config, |_| {}).await;
        let is_hint = ["read:users_app_metadata", "create:users_app_metadata"].contains(&missing);
        let problems: &[&str] = if is_hint { &[] } else { &[check] };
        assert_eq!(checks_with(&found, FindingStatus::Problem), problems);
        assert!(message(&found, check).contains("not granted") || !is_hint);
        assert_each_problem_has_a_fix(&found);
    }
}

#[tokio::test]
async fn connection_checks_need_the_scope() {
    let mut client = Client::default();
    client.scopes.retain(|scope| scope != "read:connections");
    let found = findings(Config { clients: vec![client], ..Config::default() }, |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), [""; 0]);
    let skipped = ["connection", "usernames", "connection enabled", "sign-up", "client addresses"];
    assert_eq!(checks_with(&found, FindingStatus::Skipped), skipped);
}

#[tokio::test]
async fn unknown_connection_is_a_problem() {
    let found = findings(Config::default(), |config| config.connection = "others".into()).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), ["connection", "password grant"]);
    assert_eq!(status(&found, "usernames"), FindingStatus::Skipped);
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn disabled_connection_is_a_problem() {
    let connection = Connection { enabled_clients: Some(Vec::new()), ..Connection::default() };
    let config = Config { connections: vec![connection], ..Config::default() };
    let found = findings(config, |_| {}).await;
    assert_eq!(
        checks_with(&found, FindingStatus::Problem),
        ["connection enabled", "password grant"]
    );
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn username_setting_of_the_connection_is_reported() {
    for (usernames, expected, says) in [
        (Usernames::None, FindingStatus::Warning, "are dropped"),
        (Usernames::Optional, FindingStatus::Ok, "supports usernames"),
        (Usernames::Required, FindingStatus::Warning, "hidden placeholder"),
    ] {
        let connection = Connection { usernames, ..Connection::default() };
        let config = Config { connections: vec![connection], ..Config::default() };
        let found = findings(config, |_| {}).await;
        assert_eq!(status(&found, "usernames"), expected, "{usernames:?}");
        assert!(message(&found, "usernames").contains(says), "{found:#?}");
    }
}

#[tokio::test]
async fn active_attack_protection_is_a_warning() {
    let mut config = Config::default();
    config.switches.suspicious_ip_threshold = Some(0);
    let found = findings(config, |_| {}).await;
    assert_eq!(status(&found, "password grant"), FindingStatus::Warning, "{found:#?}");
}

#[tokio::test]
async fn passing_failure_is_only_a_warning() {
    for (route, check) in [
        ("POST /oauth/token client_credentials", "credentials"),
        ("GET /api/v2/connections", "connection"),
        ("POST /oauth/token password-realm", "password grant"),
    ] {
        for status in [429, 500, 503] {
            let sim = Sim::start(Config::default()).await.unwrap();
            let kind = FaultKind::Status { status, retry_after: Some(1) };
            let route = Some(route.to_owned());
            sim.control().add_fault(Fault { route, skip: 0, times: None, kind });
            let found = findings_of(&sim, |_| {}).await;
            assert_eq!(checks_with(&found, FindingStatus::Warning), [check], "{status} {found:#?}");
            assert_eq!(checks_with(&found, FindingStatus::Problem), [""; 0], "{status}");
        }
    }
}

#[tokio::test]
async fn forbidden_connection_read_is_skipped() {
    let sim = Sim::start(Config::default()).await.unwrap();
    let kind = FaultKind::Status { status: 403, retry_after: None };
    let route = Some("GET /api/v2/connections".to_owned());
    sim.control().add_fault(Fault { route, skip: 0, times: None, kind });
    let found = findings_of(&sim, |_| {}).await;
    assert_eq!(checks_with(&found, FindingStatus::Problem), [""; 0]);
    let skipped = ["connection", "usernames", "connection enabled", "sign-up", "client addresses"];
    assert_eq!(checks_with(&found, FindingStatus::Skipped), skipped);
}

#[tokio::test]
async fn open_sign_up_is_a_warning_where_no_proof_is_needed() {
    for (disable_signup, attach, expected) in [
        (false, AttachRule::Verified, FindingStatus::Ok),
        (false, AttachRule::Any, FindingStatus::Warning),
        (true, AttachRule::Any, FindingStatus::Ok),
    ] {
        let connection = Connection { disable_signup, ..Connection::default() };
        let config = Config { connections: vec![connection], ..Config::default() };
        let sim = Sim::start(config).await.unwrap();
        let rules = AccountRules { attach, ..AccountRules::default() };
        let found = examine(&config_for(&sim), rules, Arc::new(SystemClock)).await;
        assert_eq!(status(&found, "sign-up"), expected);
        assert_eq!(message(&found, "sign-up").contains("Anyone can"), !disable_signup);
        let rule =
            if attach == AttachRule::Any { FindingStatus::Warning } else { FindingStatus::Ok };
        assert_eq!(status(&found, "attach rule"), rule);
    }
}

#[tokio::test]
async fn memberships_without_an_id_are_counted() {
    let sim = Sim::start(Config::default()).await.unwrap();
    let found = findings_of(&sim, |_| {}).await;
    assert_eq!(status(&found, "memberships"), FindingStatus::Ok);
    let account = serde_json::json!({
        "email": "ada@example.com",
        "app_metadata": {
            "usher_tenant_acme": { "role": "owner", "name": "Ada" },
            "usher_tenant_globex": { "role": "retired" },
            "usher_tenant_initech": {
                "role": "owner",
                "m": "1a 2026-01-02T03:04:05.678Z ada@example.com",
            },
        },
    });
    sim.control().seed(account).unwrap();
    let found = findings_of(&sim, |_| {}).await;
    assert_eq!(status(&found, "memberships"), FindingStatus::Warning);
    assert!(message(&found, "memberships").starts_with("2 memberships of 1 accounts"));
}
