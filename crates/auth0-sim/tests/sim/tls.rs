//! The stand-in over TLS.

use std::sync::Arc;

use auth0_sim::{Config, Fault, FaultKind, Sim, SystemClock, Tls};

use crate::support::{plain_client, send};

async fn start() -> Sim {
    let tls = Some(Tls::generate().unwrap());
    Sim::start(Config { tls, clock: Arc::new(SystemClock), ..Config::default() }).await.unwrap()
}

#[tokio::test]
async fn trusting_client_connects_by_name_and_address() {
    let sim = start().await;
    assert!(sim.url().starts_with("https://127.0.0.1:"));
    let ca = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let client = plain_client().tls_certs_only([ca]).build().unwrap();
    for url in [sim.url().to_owned(), sim.url().replace("127.0.0.1", "localhost")] {
        let reply = send(client.get(format!("{url}/.well-known/jwks.json"))).await.unwrap();
        assert_eq!(reply.status, 200);
    }
}

#[tokio::test]
async fn client_without_authority_fails_handshake() {
    let sim = start().await;
    let other = Tls::generate().unwrap();
    let ca = reqwest::Certificate::from_pem(other.ca_pem().as_bytes()).unwrap();
    let client = plain_client().tls_certs_only([ca]).build().unwrap();
    assert!(send(client.get(sim.url())).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn faults_apply_over_tls() {
    let sim = start().await;
    let ca = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let client = plain_client().tls_certs_only([ca]).build().unwrap();
    for kind in [FaultKind::ResetBefore, FaultKind::Truncated] {
        sim.control().add_fault(Fault { route: None, skip: 0, times: Some(1), kind });
        let request = client.get(format!("{}/.well-known/jwks.json", sim.url()));
        assert!(send(request).await.is_err());
    }
}
