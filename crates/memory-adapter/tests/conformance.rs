//! The conformance suite on the memory adapter.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;

use async_trait::async_trait;
use conformance::{
    IssuerControl, KeySubject, ManualClock, PublishedKey, StoreControl, StoreEvent, StoredAccount,
    Subject, catalogue,
};
use domain::{RoleCatalogue, UserId};
use memory_adapter::{MemoryDirectory, MemoryKeySource};
use ports::{Clock, KeySetLocation, UserDirectory};
use serde_json::json;

conformance::directory_suite!(subject);
conformance::one_step_suite!(subject);
conformance::password_suite!(subject);
conformance::key_source_suite!(key_subject);

#[expect(clippy::unused_async, reason = "the suite awaits it")]
async fn subject() -> Subject {
    let clock = Arc::new(ManualClock::new());
    let directory = Arc::new(MemoryDirectory::new(catalogue(), clock.clone()));
    let store = Box::new(Store(Arc::clone(&directory), Arc::clone(&clock)));
    Subject { directory: directory.clone(), passwords: directory, clock, store }
}

#[derive(Debug)]
struct Store(Arc<MemoryDirectory>, Arc<ManualClock>);

#[async_trait]
impl StoreControl for Store {
    /// Inserts by a seed, the only way to store what no port can.
    async fn insert(&self, account: StoredAccount) -> UserId {
        let id = format!("planted|{}", account.email.split('@').next().unwrap());
        let roles = account.roles.iter().map(|(tenant, role)| (tenant.as_str(), role.as_str()));
        let line = json!({
            "id": id,
            "email": account.email,
            "username": account.username,
            "firstName": account.given_name,
            "lastName": account.family_name,
            "name": account.display_name,
            "blocked": account.blocked,
            "password": account.password,
            "homeTenant": account.home.as_ref().map(domain::TenantId::as_str),
            "tenants": roles.collect::<std::collections::BTreeMap<_, _>>(),
        });
        self.0.load_seed(line.to_string().as_bytes()).unwrap();
        id.parse().unwrap()
    }

    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
        Arc::new(self.0.under_catalogue(catalogue))
    }

    async fn happen(&self, id: &UserId, event: StoreEvent) {
        let now = self.1.now();
        let exists = self.0.edit(id, |user| match event {
            StoreEvent::EmailVerified => user.credentials.email_verified = true,
            StoreEvent::PasswordReset => user.credentials.last_password_reset = Some(now),
            StoreEvent::Blocked => user.blocked = true,
        });
        assert!(exists);
    }
}

#[expect(clippy::unused_async, reason = "the suite awaits it")]
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
        issuers: Box::new(Issuers(source)),
    }
}

#[derive(Debug)]
struct Issuers(Arc<MemoryKeySource>);

#[async_trait]
impl IssuerControl for Issuers {
    async fn publish(&self, address: &KeySetLocation, keys: Vec<PublishedKey>) {
        let usable = |key| match key {
            PublishedKey::ForSignatures(key) => Some(key),
            PublishedKey::ForEncryption(_) | PublishedKey::OfUnknownKind => None,
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
