//! A service that trusts two issuers on loopback: one that a test turns bad, and one that is good.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{KeySetAddress, KeySource, KeySourceError, PublicKey};
use serde_json::json;

use crate::issuer::Issuer;
use crate::support::{ALL_PERMISSIONS, Answer, App, AppOptions, SigningKey};

/// A call that every good token of the tenant acme may make.
pub(crate) const LIST: &str = "/api/acme/admin/users";
/// The same by the other contract.
pub(crate) const USERS: &str = "/api/v1/users?filter[tenant]=acme";

/// More than any answer may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// `BAD`, `GOOD` and `PORT` stand for the two issuers and the port of the first.
const SETTINGS: &str = r#"
[[auth.issuers]]
issuer = "BAD"
audience = "user-management"
algorithms = ["EdDSA", "RS256"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "GOOD"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "BAD/tenants/{tenant}"
audience = "user-management"
algorithms = ["EdDSA", "RS256"]
tenants = "issuer"

[[auth.issuers]]
issuer = "http://{tenant}.localhost:PORT"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "issuer"
"#;

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) bad: Issuer,
    pub(crate) good: Issuer,
    cases: AtomicUsize,
}

/// One of the bad issuer's folders: an issuer of its own, of which nothing is known yet.
pub(crate) struct Case {
    folder: String,
    tenant: String,
}

/// The source of keys as it is by default, made once: reading the machine's root certificates
/// takes its time.
fn source() -> OidcKeySource {
    static SOURCE: OnceLock<OidcKeySource> = OnceLock::new();
    SOURCE.get_or_init(|| OidcKeySource::new(OidcSettings::default()).unwrap()).clone()
}

/// A source that soon loses its patience with one server, and not with others, since a machine may
/// be busy.
#[derive(Debug)]
struct Impatient {
    with: String,
    impatient: OidcKeySource,
}

#[async_trait]
impl KeySource for Impatient {
    async fn fetch(&self, address: &KeySetAddress) -> Result<Vec<PublicKey>, KeySourceError> {
        if address.issuer.starts_with(&self.with) {
            self.impatient.fetch(address).await
        } else {
            source().fetch(address).await
        }
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        let (bad, good) = (Issuer::start().await, Issuer::start().await);
        Self::with(bad, good, Arc::new(source())).await
    }

    /// One where the bad issuer must answer soon.
    pub(crate) async fn start_impatient() -> Self {
        let (bad, good) = (Issuer::start().await, Issuer::start().await);
        let timeout = Duration::from_millis(200);
        let settings = OidcSettings { timeout, ..OidcSettings::default() };
        let impatient = OidcKeySource::new(settings).unwrap();
        let source = Impatient { with: bad.name(), impatient };
        Self::with(bad, good, Arc::new(source)).await
    }

    async fn with(bad: Issuer, good: Issuer, source: Arc<dyn KeySource>) -> Self {
        bad.publish(&[&SigningKey::shared()]);
        good.publish(&[&SigningKey::shared()]);
        let settings = SETTINGS
            .replace("BAD", &bad.name())
            .replace("GOOD", &good.name())
            .replace("PORT", &bad.port().to_string());
        let options =
            AppOptions { settings: settings.leak(), keys: Some(source), ..AppOptions::default() };
        Self { app: App::start_with(options).await, bad, good, cases: AtomicUsize::default() }
    }

    /// The next of the bad issuer's folders.
    pub(crate) fn case(&self) -> Case {
        let tenant = format!("case-{}", self.cases.fetch_add(1, Ordering::SeqCst));
        Case { folder: format!("/tenants/{tenant}"), tenant }
    }

    /// A token of the case, by this key.
    pub(crate) fn token_in(&self, case: &Case, key: &SigningKey) -> String {
        self.token_of(&format!("{}{}", self.bad.name(), case.folder), key)
    }

    /// What the case's own tenant gets with this token.
    pub(crate) async fn outcome_in(&self, case: &Case, token: &str) -> String {
        self.get(&format!("/api/{}/admin/users", case.tenant), token).await.outcome()
    }

    /// Asserts that the case's keys cannot be had, twice and in the form of both contracts, and
    /// that nothing of what the issuer said is repeated.
    pub(crate) async fn assert_unavailable_in(&self, case: &Case, why: &str) {
        let token = self.token_in(case, &SigningKey::shared());
        self.assert_unavailable(&token, why).await;
    }

    /// What the case was asked for.
    pub(crate) fn asked_in(&self, case: &Case) -> Vec<String> {
        let folder = format!("{}/", case.folder);
        let asked = self.bad.asked().into_iter();
        asked.filter_map(|path| Some(format!("/{}", path.strip_prefix(&folder)?))).collect()
    }

    /// A token of this issuer for acme, by this key.
    pub(crate) fn token_of(&self, issuer: &str, key: &SigningKey) -> String {
        let claims = self.app.claims(issuer).permissions(&ALL_PERMISSIONS);
        claims.with("tenants", json!(["acme"])).sign(key)
    }

    /// A token of the bad issuer, by this key.
    pub(crate) fn token_by(&self, key: &SigningKey) -> String {
        self.token_of(&self.bad.name(), key)
    }

    /// A good token of the bad issuer.
    pub(crate) fn token(&self) -> String {
        self.token_by(&SigningKey::shared())
    }

    /// A call with this token, which has an answer before patience is lost.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let client = self.app.bearer(token);
        tokio::time::timeout(PATIENCE, client.get(path)).await.expect("an answer in time")
    }

    pub(crate) async fn outcome(&self, token: &str) -> String {
        self.get(LIST, token).await.outcome()
    }

    /// Asserts that the keys of the bad issuer cannot be had, in the form of both contracts, and
    /// that nothing of what it said is repeated.
    pub(crate) async fn assert_unavailable(&self, token: &str, why: &str) {
        for path in [LIST, USERS] {
            let answer = self.get(path, token).await;
            assert_eq!(answer.outcome(), "503 keys_unavailable", "{why}");
            assert!(answer.header("retry-after").is_some(), "{why}");
            assert_eq!(answer.header("www-authenticate"), None, "{why}");
            assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains("secret"));
        }
    }

    /// Asserts that the service is alive and that the callers of the good issuer notice nothing.
    pub(crate) async fn assert_others_served(&self) {
        self.assert_good_served().await;
        assert_eq!(self.good.fetches(), 1, "fetches of the good issuer's keys");
    }

    /// Likewise, however often the good issuer may have been asked by now.
    pub(crate) async fn assert_good_served(&self) {
        let token = self.token_of(&self.good.name(), &SigningKey::shared());
        assert_eq!(self.outcome(&token).await, "200", "a caller of the good issuer");
        assert_eq!(self.app.anonymous().get("/health/live").await.status, 200);
    }

    /// Lets the longest pause between fetches go by.
    pub(crate) fn pass_cooldown(&self) {
        self.app.clock.advance(Duration::from_secs(30));
    }
}
