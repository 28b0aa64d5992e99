use std::collections::BTreeSet;
use std::path::Path;

use actix_web::http::{Method, StatusCode};
use conformance::ManualClock;
use ports::{
    CircuitState, KeySetLocation, KeySource, Quota, RequestOutcome, UpstreamObserver as _,
    UpstreamRequest,
};
use std::time::Duration;

use super::*;
use token_verifier::{Algorithm, TenantSource, TrustedIssuer, TrustedIssuers};

const ISSUER: &str = "https://issuer.example/";

fn metrics() -> (Metrics, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let metrics = Metrics::new(&(Arc::clone(&clock) as _));
    let issuer =
        TrustedIssuer::new(ISSUER, None, "a", &[Algorithm::Rs256], TenantSource::All).unwrap();
    metrics.keys.configure(Arc::new(TrustedIssuers::new(vec![issuer])));
    (metrics, clock)
}

/// Fetches the keys of an issuer, which has none.
async fn fetch(metrics: &Metrics, issuer: &str) {
    let source = Arc::new(key_source_of(issuer));
    let address =
        KeySetLocation { issuer: issuer.to_owned(), jwks_uri: None, private_network: false };
    let _ = InstrumentedKeySource::new(source, Arc::clone(&metrics.keys)).fetch(&address).await;
}

fn key_source_of(issuer: &str) -> ports::MockKeySource {
    let known = issuer == ISSUER;
    let mut source = ports::MockKeySource::new();
    source.expect_fetch().returning(move |_| {
        if known { Ok(Vec::new()) } else { Err(ports::KeySourceError::NotFound("gone".into())) }
    });
    source
}

fn request(kind: &'static str, attempt: u32, outcome: RequestOutcome) -> UpstreamRequest {
    UpstreamRequest { kind, attempt, outcome, took: Duration::from_millis(20) }
}

/// The names of all metrics of the text format.
fn served(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// What looks like the name of a metric of ours in a text, without the endings that the text format
/// adds.
fn documented(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| {
        (word.starts_with("usher_") || word.starts_with("process_")) && !word.ends_with('_')
    });
    ours.map(|word| {
        let endings = ["_total", "_bucket", "_sum", "_count"];
        let bare = endings.iter().find_map(|ending| word.strip_suffix(ending));
        bare.unwrap_or(word).to_owned()
    })
    .collect()
}

#[tokio::test]
async fn documented_metrics_match_the_served_ones() {
    let (metrics, _) = metrics();
    metrics.http.request(None, &Method::GET, StatusCode::OK, Duration::ZERO);
    metrics.upstream.record_request(request("read", 1, RequestOutcome::Status(200)));
    metrics.upstream.record_quota("read", Quota { limit: 10, remaining: 9 });
    metrics.upstream.set_waiting("read", 0);
    metrics.upstream.set_circuit("read", CircuitState::Closed);
    fetch(&metrics, ISSUER).await;
    let text = metrics.text().unwrap();
    let served = served(&text);
    for name in &served {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} says what it is");
    }

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let table: BTreeSet<String> = read("README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|line| documented(line.split(" | ").next().unwrap()))
        .collect();
    assert_eq!(table, served, "the table of docs/operations/README.md, and what is served");
    for file in ["alerts.yml", "grafana-dashboard.json"] {
        let unknown: Vec<_> = documented(&read(file)).difference(&served).cloned().collect();
        assert_eq!(unknown, Vec::<String>::new(), "{file}");
    }
}

#[tokio::test]
async fn upstream_calls_are_counted_by_kind_and_outcome() {
    let (metrics, _) = metrics();
    metrics.upstream.record_request(request("read", 1, RequestOutcome::Status(429)));
    metrics.upstream.record_request(request("read", 2, RequestOutcome::Status(200)));
    metrics.upstream.record_request(request("search", 1, RequestOutcome::TimedOut));
    metrics.upstream.record_quota("read", Quota { limit: 40, remaining: 7 });
    metrics.upstream.set_waiting("read", 3);
    metrics.upstream.set_circuit("search", CircuitState::Closed);
    metrics.upstream.set_circuit("search", CircuitState::Open);
    let text = metrics.text().unwrap();
    for series in [
        "usher_upstream_calls_total{kind=\"read\",outcome=\"429\"} 1",
        "usher_upstream_calls_total{kind=\"read\",outcome=\"200\"} 1",
        "usher_upstream_calls_total{kind=\"search\",outcome=\"timed_out\"} 1",
        "usher_upstream_call_duration_seconds_count{kind=\"read\"} 2",
        "usher_upstream_retries_total{kind=\"read\"} 1",
        "usher_upstream_retries_total{kind=\"search\"} 0",
        "usher_upstream_rate_limited_total{kind=\"read\"} 1",
        "usher_upstream_rate_limited_total{kind=\"search\"} 0",
        "usher_upstream_rate_limit{kind=\"read\"} 40",
        "usher_upstream_rate_limit_remaining{kind=\"read\"} 7",
        "usher_upstream_waiting{kind=\"read\"} 3",
        "usher_upstream_circuit{kind=\"search\",state=\"closed\"} 0",
        "usher_upstream_circuit{kind=\"search\",state=\"half_open\"} 0",
        "usher_upstream_circuit{kind=\"search\",state=\"open\"} 1",
    ] {
        assert!(text.contains(&format!("\n{series}\n")), "{series}: {text}");
    }
}

#[tokio::test]
async fn fetch_for_an_invented_tenant_is_no_failure() {
    let (metrics, _) = metrics();
    let template = "https://{tenant}.issuer.example/";
    let issuer =
        |name, tenants| TrustedIssuer::new(name, None, "a", &[Algorithm::Rs256], tenants).unwrap();
    let fixed = "https://fixed.example/";
    let issuers = TrustedIssuers::new(vec![
        issuer(template, TenantSource::Issuer),
        issuer(fixed, TenantSource::All),
    ]);
    let known = std::collections::BTreeSet::from(["acme".parse().unwrap()]);
    metrics.keys.configure(Arc::new(issuers.with_known_tenants(known)));
    for issuer in ["https://invented.issuer.example/", "https://acme.issuer.example/", fixed] {
        fetch(&metrics, issuer).await;
    }
    let text = metrics.text().unwrap();
    for (issuer, result, count) in [
        (template, "not_found", 1),
        (template, "failed", 1),
        (template, "fetched", 0),
        (fixed, "not_found", 0),
        (fixed, "failed", 1),
    ] {
        let series =
            format!("usher_jwks_fetches_total{{issuer=\"{issuer}\",result=\"{result}\"}} {count}");
        assert!(text.contains(&format!("\n{series}\n")), "{series}: {text}");
    }
}

#[tokio::test]
async fn key_sets_age_under_their_configured_name() {
    let (metrics, clock) = metrics();
    // Keys that were never fetched age too, so that an alert can fire.
    clock.advance(Duration::from_secs(7));
    let age = |seconds| format!("\nusher_jwks_age_seconds{{issuer=\"{ISSUER}\"}} {seconds}\n");
    assert!(metrics.text().unwrap().contains(&age(7)));
    fetch(&metrics, ISSUER).await;
    clock.advance(Duration::from_secs(90));
    fetch(&metrics, "https://unconfigured.example/").await;
    let text = metrics.text().unwrap();
    for series in [
        format!("usher_jwks_fetches_total{{issuer=\"{ISSUER}\",result=\"fetched\"}} 1"),
        format!("usher_jwks_fetches_total{{issuer=\"{ISSUER}\",result=\"failed\"}} 0"),
        format!("usher_jwks_age_seconds{{issuer=\"{ISSUER}\"}} 90"),
    ] {
        assert!(text.contains(&format!("\n{series}\n")), "{series}: {text}");
    }
    assert!(!text.contains("unconfigured"), "{text}");
    // The series of an issuer are removed with its configuration.
    metrics.keys.configure(Arc::new(TrustedIssuers::new(Vec::new())));
    assert!(!metrics.text().unwrap().contains(ISSUER));
}
