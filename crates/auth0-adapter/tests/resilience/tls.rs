//! TLS: whom the adapter trusts.

use std::sync::Arc;

use auth0_adapter::{Auth0Config, Auth0Directory};
use auth0_sim::{Config, Sim, Tls};
use conformance::{ManualClock, catalogue};
use ports::UserDirectory;

use crate::support::{SECRET, name};

async fn directory(trusted: bool) -> (Sim, Auth0Directory) {
    let config = Config { tls: Some(Tls::generate().unwrap()), ..Config::default() };
    let sim = Sim::start(config).await.unwrap();
    let mut config = Auth0Config::new(
        sim.url().parse().unwrap(),
        "usher".to_owned(),
        SECRET.into(),
        "Username-Password-Authentication".to_owned(),
    );
    config.ca_pem = trusted.then(|| sim.ca_pem().unwrap().as_bytes().to_vec());
    let clock = Arc::new(ManualClock::new());
    (sim, Auth0Directory::new(config, catalogue(), clock, crate::support::tasks()).unwrap())
}

#[tokio::test]
async fn an_authority_that_was_named_is_trusted() {
    let (_sim, directory) = directory(true).await;
    assert_eq!(name(&directory.check_ready().await), "ok");
}

#[tokio::test]
async fn another_one_is_not_and_learns_nothing() {
    let (sim, directory) = directory(false).await;
    assert_eq!(name(&directory.check_ready().await), "unavailable");
    assert!(sim.control().calls().is_empty());
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_at_the_start() {
    let mut config =
        Auth0Config::new("acme.eu.auth0.com".parse().unwrap(), "a".into(), "b".into(), "c".into());
    config.ca_pem = Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into());
    assert!(
        Auth0Directory::new(
            config,
            catalogue(),
            Arc::new(ManualClock::new()),
            crate::support::tasks()
        )
        .is_err()
    );
}
