//! Each finding of the doctor, against a tenant that has what it is about.

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
use auth0_adapter::doctor::{Finding, Verdict, examine};
use auth0_sim::{Client, Config, Connection, Fault, FaultKind, Sim, Tls, Usernames};
use conformance::ManualClock;
use ports::{Clock, SystemClock};

const SECRET: &str = "usher-secret";
const CONNECTION: &str = "Username-Password-Authentication";

fn config_for(sim: &Sim) -> Auth0Config {
    let domain = sim.url().parse().unwrap();
    Auth0Config::new(domain, "usher".into(), SECRET.into(), CONNECTION.into())
}

/// The findings about a tenant, as configured in a way.
async fn findings(config: Config, change: impl FnOnce(&mut Auth0Config)) -> Vec<Finding> {
    let sim = Sim::start(config).await.unwrap();
    of(&sim, change).await
}

async fn of(sim: &Sim, change: impl FnOnce(&mut Auth0Config)) -> Vec<Finding> {
    let mut config = config_for(sim);
    change(&mut config);
    let found = examine(&config, Arc::new(SystemClock)).await;
    let text = format!("{found:?}");
    assert!(!text.contains(SECRET) && !text.contains("eyJ"), "{text}");
    let checks: Vec<_> = found.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, ALL, "each check is told about once, in the same order");
    found
}

const ALL: [&str; 15] = [
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
    "password grant",
    "client addresses",
];

fn verdict(findings: &[Finding], check: &str) -> Verdict {
    findings.iter().find(|finding| finding.check == check).unwrap().verdict
}

fn message<'a>(findings: &'a [Finding], check: &str) -> &'a str {
    &findings.iter().find(|finding| finding.check == check).unwrap().message
}

/// The checks with a verdict.
fn with(findings: &[Finding], verdict: Verdict) -> Vec<&'static str> {
    findings.iter().filter(|f| f.verdict == verdict).map(|finding| finding.check).collect()
}

fn assert_each_problem_has_a_fix(findings: &[Finding]) {
    assert!(findings.iter().all(|f| f.verdict != Verdict::Problem || f.fix.is_some()));
}

#[tokio::test]
async fn a_tenant_that_is_ready_has_no_problem() {
    let sim = Sim::start(Config::default()).await.unwrap();
    let found = of(&sim, |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), [""; 0], "{found:#?}");
    assert_eq!(with(&found, Verdict::Warning), [""; 0], "{found:#?}");
    assert_eq!(with(&found, Verdict::Skipped), ["client addresses"]);
    assert!(message(&found, "password grant").contains("failed log-in"));
    let calls = sim.control().calls();
    assert!(calls.values().all(|count| *count == 1) && calls.len() == 4, "{calls:?}");
}

#[tokio::test]
async fn a_tenant_out_of_reach() {
    // Nobody listens there.
    let sim = Sim::start(Config::default()).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let found = of(&sim, |config| config.domain = url.parse().unwrap()).await;
    assert_eq!(with(&found, Verdict::Problem), ["reached"]);
    assert_eq!(with(&found, Verdict::Skipped).len(), 14);
    assert!(sim.control().calls().is_empty());
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn an_authority_that_is_not_trusted() {
    let config = Config { tls: Some(Tls::generate().unwrap()), ..Config::default() };
    let sim = Sim::start(config).await.unwrap();
    let found = of(&sim, |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), ["reached"]);
    assert!(found[0].fix.as_ref().unwrap().contains("certificate"), "{found:#?}");
    let pem = sim.ca_pem().unwrap().as_bytes().to_vec();
    let found = of(&sim, |config| config.ca_pem = Some(pem)).await;
    assert_eq!(verdict(&found, "reached"), Verdict::Ok, "{found:#?}");
}

#[tokio::test]
async fn a_file_that_holds_no_certificate() {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let found = findings(Config::default(), |config| config.ca_pem = Some(pem)).await;
    assert_eq!(with(&found, Verdict::Problem), ["reached"]);
}

#[tokio::test]
async fn something_that_is_no_auth0_or_is_not_well() {
    for kind in [
        FaultKind::Html { status: 200 },
        FaultKind::Html { status: 404 },
        FaultKind::Malformed,
        FaultKind::Status { status: 503, retry_after: None },
        FaultKind::Status { status: 429, retry_after: Some(1) },
    ] {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.control().fault(Fault { route: None, skip: 0, times: None, kind: kind.clone() });
        let found = of(&sim, |_| {}).await;
        let passing = matches!(kind, FaultKind::Status { .. });
        let expected = if passing { Verdict::Warning } else { Verdict::Problem };
        assert_eq!(with(&found, expected), ["reached"], "{kind:?}");
        assert_eq!(with(&found, Verdict::Ok), ["clock"], "{kind:?}");
        assert_each_problem_has_a_fix(&found);
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_answer() {
    let sim = Sim::start(Config::default()).await.unwrap();
    sim.control().fault(Fault { route: None, skip: 0, times: None, kind: FaultKind::Hang });
    let found = of(&sim, |config| config.timeout = Duration::from_millis(200)).await;
    assert_eq!(with(&found, Verdict::Problem), ["reached"]);
    assert!(message(&found, "reached").contains("in time"), "{found:#?}");
}

#[tokio::test]
async fn clocks_that_differ() {
    for (millis, expected) in [
        (0, Verdict::Ok),
        (20_000, Verdict::Warning),
        (-20_000, Verdict::Warning),
        (100_000, Verdict::Problem),
        (-100_000, Verdict::Problem),
    ] {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.control().update(|switches| switches.clock_skew_millis = millis);
        let found = of(&sim, |_| {}).await;
        assert_eq!(verdict(&found, "clock"), expected, "{millis}");
        assert_each_problem_has_a_fix(&found);
    }
    let sim = Sim::start(Config::default()).await.unwrap();
    let clock = Arc::new(ManualClock::new());
    assert!(clock.now() < SystemClock.now());
    let found = examine(&config_for(&sim), clock).await;
    assert_eq!(verdict(&found, "clock"), Verdict::Problem, "it is our clock that is compared");
}

#[tokio::test]
async fn credentials_that_do_not_work() {
    for old_form in [false, true] {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.control().update(|switches| switches.bad_secret_is_access_denied = old_form);
        let found = of(&sim, |config| config.client_secret = "wrong".into()).await;
        assert_eq!(with(&found, Verdict::Problem), ["credentials"]);
        assert!(message(&found, "credentials").contains("secret"), "{found:#?}");
        assert_eq!(verdict(&found, "password grant"), Verdict::Skipped);
        assert_eq!(sim.control().calls().len(), 2, "nothing else is tried");
    }
    let found = findings(Config::default(), |config| config.client_id = "nobody".into()).await;
    assert_eq!(with(&found, Verdict::Problem), ["credentials"]);
}

#[tokio::test]
async fn an_application_that_is_not_authorized() {
    let clients = vec![Client { scopes: Vec::new(), ..Client::default() }];
    let config = Config { clients, ..Config::default() };
    let found = findings(config, |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), ["credentials"]);
    assert!(message(&found, "credentials").contains("/api/v2/"), "{found:#?}");
    assert_eq!(verdict(&found, "scope read:users"), Verdict::Skipped);
    assert_eq!(verdict(&found, "password grant"), Verdict::Ok, "it does not depend on that");
    assert_each_problem_has_a_fix(&found);

    let found = findings(Config::default(), |config| {
        config.audience = "https://other.example/api/v2/".to_owned();
    })
    .await;
    assert!(message(&found, "credentials").contains("https://other.example/api/v2/"));
    assert_eq!(with(&found, Verdict::Problem), ["credentials"]);
}

#[tokio::test]
async fn grants_that_are_not_enabled() {
    let with_grant = |grant: &str| {
        let clients = vec![Client { grant_types: vec![grant.to_owned()], ..Client::default() }];
        Config { clients, ..Config::default() }
    };
    let found = findings(with_grant("client_credentials"), |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), ["password grant"]);
    assert_each_problem_has_a_fix(&found);
    let realm = "http://auth0.com/oauth/grant-type/password-realm";
    let found = findings(with_grant(realm), |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), ["credentials"]);
    assert!(message(&found, "credentials").contains("client_credentials"), "{found:#?}");
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn scopes_that_are_missing() {
    for check in ALL.iter().filter(|check| check.starts_with("scope ")) {
        let missing = check.trim_start_matches("scope ");
        let mut client = Client::default();
        client.scopes.retain(|scope| scope != missing);
        let config = Config { clients: vec![client], ..Config::default() };
        let found = findings(config, |_| {}).await;
        let is_hint = ["read:users_app_metadata", "create:users_app_metadata"].contains(&missing);
        let problems: &[&str] = if is_hint { &[] } else { &[check] };
        assert_eq!(with(&found, Verdict::Problem), problems);
        assert!(message(&found, check).contains("not granted") || !is_hint);
        assert_each_problem_has_a_fix(&found);
    }
}

#[tokio::test]
async fn connections_that_may_not_be_read() {
    let mut client = Client::default();
    client.scopes.retain(|scope| scope != "read:connections");
    let found = findings(Config { clients: vec![client], ..Config::default() }, |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), [""; 0]);
    let skipped = ["connection", "usernames", "connection enabled", "client addresses"];
    assert_eq!(with(&found, Verdict::Skipped), skipped);
}

#[tokio::test]
async fn a_connection_that_is_not_there() {
    let found = findings(Config::default(), |config| config.connection = "others".into()).await;
    assert_eq!(with(&found, Verdict::Problem), ["connection", "password grant"]);
    assert_eq!(verdict(&found, "usernames"), Verdict::Skipped);
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn a_connection_that_is_not_enabled() {
    let connection = Connection { enabled_clients: Some(Vec::new()), ..Connection::default() };
    let config = Config { connections: vec![connection], ..Config::default() };
    let found = findings(config, |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), ["connection enabled", "password grant"]);
    assert_each_problem_has_a_fix(&found);
}

#[tokio::test]
async fn usernames_as_the_connection_has_them() {
    for (usernames, expected, says) in [
        (Usernames::None, Verdict::Warning, "not kept"),
        (Usernames::Optional, Verdict::Ok, "takes usernames"),
        (Usernames::Required, Verdict::Warning, "makes one up"),
    ] {
        let connection = Connection { usernames, ..Connection::default() };
        let config = Config { connections: vec![connection], ..Config::default() };
        let found = findings(config, |_| {}).await;
        assert_eq!(verdict(&found, "usernames"), expected, "{usernames:?}");
        assert!(message(&found, "usernames").contains(says), "{found:#?}");
    }
}

#[tokio::test]
async fn attack_protection_that_stops_everybody() {
    let mut config = Config::default();
    config.switches.suspicious_ip_threshold = Some(0);
    let found = findings(config, |_| {}).await;
    assert_eq!(verdict(&found, "password grant"), Verdict::Warning, "{found:#?}");
}

#[tokio::test]
async fn what_is_not_well_at_the_moment_is_no_fault_of_the_settings() {
    for (route, check) in [
        ("POST /oauth/token client_credentials", "credentials"),
        ("GET /api/v2/connections", "connection"),
        ("POST /oauth/token password-realm", "password grant"),
    ] {
        for status in [429, 500, 503] {
            let sim = Sim::start(Config::default()).await.unwrap();
            let kind = FaultKind::Status { status, retry_after: Some(1) };
            let route = Some(route.to_owned());
            sim.control().fault(Fault { route, skip: 0, times: None, kind });
            let found = of(&sim, |_| {}).await;
            assert_eq!(with(&found, Verdict::Warning), [check], "{status} {found:#?}");
            assert_eq!(with(&found, Verdict::Problem), [""; 0], "{status}");
        }
    }
}

#[tokio::test]
async fn connections_that_turn_out_not_to_be_readable() {
    let sim = Sim::start(Config::default()).await.unwrap();
    let kind = FaultKind::Status { status: 403, retry_after: None };
    let route = Some("GET /api/v2/connections".to_owned());
    sim.control().fault(Fault { route, skip: 0, times: None, kind });
    let found = of(&sim, |_| {}).await;
    assert_eq!(with(&found, Verdict::Problem), [""; 0]);
    let skipped = ["connection", "usernames", "connection enabled", "client addresses"];
    assert_eq!(with(&found, Verdict::Skipped), skipped);
}
