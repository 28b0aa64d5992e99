//! Every clause of the contract suite, on the maps.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;

use async_trait::async_trait;
use conformance::{
    Backstage, KeyBackstage, KeySubject, ManualClock, Planted, Published, Subject, catalogue,
};
use domain::{RoleCatalogue, UserId};
use memory_adapter::{MemoryDirectory, MemoryKeySource};
use ports::{KeySetLocation, UserDirectory};
use serde_json::json;

conformance::directory_suite!(subject);
conformance::one_step_suite!(subject);
conformance::password_suite!(subject);
conformance::key_source_suite!(key_subject);

async fn subject() -> Subject {
    let clock = Arc::new(ManualClock::new());
    let directory = Arc::new(MemoryDirectory::new(catalogue(), clock.clone()));
    let backstage = Box::new(Behind(Arc::clone(&directory)));
    Subject { directory: directory.clone(), passwords: directory, clock, backstage }
}

#[derive(Debug)]
struct Behind(Arc<MemoryDirectory>);

#[async_trait]
impl Backstage for Behind {
    /// By the seed, which is the one way to put in what no port can.
    async fn plant(&self, planted: Planted) -> UserId {
        let id = format!("planted|{}", planted.email.split('@').next().unwrap());
        let roles = planted.roles.iter().map(|(tenant, role)| (tenant.as_str(), role.as_str()));
        let line = json!({
            "id": id,
            "email": planted.email,
            "username": planted.username,
            "firstName": planted.given_name,
            "lastName": planted.family_name,
            "name": planted.display_name,
            "blocked": planted.blocked,
            "password": planted.password,
            "homeTenant": planted.home.as_ref().map(domain::TenantId::as_str),
            "tenants": roles.collect::<std::collections::BTreeMap<_, _>>(),
        });
        self.0.load_seed(line.to_string().as_bytes()).unwrap();
        id.parse().unwrap()
    }

    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
        Arc::new(self.0.under_catalogue(catalogue))
    }
}

async fn key_subject() -> KeySubject {
    let source = Arc::new(MemoryKeySource::new());
    let address = |tenant| KeySetLocation {
        issuer: format!("https://{tenant}.example.com"),
        jwks_uri: None,
        private_network: false,
    };
    KeySubject {
        source: source.clone(),
        acme: address("acme"),
        globex: address("globex"),
        backstage: Box::new(Issuers(source)),
    }
}

#[derive(Debug)]
struct Issuers(Arc<MemoryKeySource>);

#[async_trait]
impl KeyBackstage for Issuers {
    async fn publish(&self, address: &KeySetLocation, keys: Vec<Published>) {
        let usable = |key| match key {
            Published::ForSignatures(key) => Some(key),
            Published::ForEncryption(_) | Published::OfUnknownKind => None,
        };
        self.0.publish(&address.issuer, keys.into_iter().filter_map(usable).collect());
    }

    async fn set_failing(&self, address: &KeySetLocation, failing: bool) {
        self.0.set_failing(&address.issuer, failing);
    }

    async fn fetches(&self, address: &KeySetLocation) -> u64 {
        self.0.fetches(&address.issuer)
    }
}
