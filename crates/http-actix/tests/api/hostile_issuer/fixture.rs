//! A service that trusts two issuers on loopback: a hostile and a healthy one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use serde_json::json;

use super::issuer::Issuer;
use crate::support::{ALL_PERMISSIONS, Answer, App, AppOptions, SigningKey};

/// A request that every valid token of the tenant acme may make.
pub(crate) const LIST_V0: &str = "/api/acme/admin/users";
/// The equivalent request of contract B.
pub(crate) const LIST_V1: &str = "/api/v1/users?filter[tenant]=acme";

/// Generous, for a machine that is busy with other tests.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Settings with placeholders for the names of the issuers and the port of the hostile one.
const SETTINGS: &str = r#"
[auth]
known_tenants = ["known"]

[[auth.issuers]]
issuer = "HOSTILE"
audience = "user-management"
algorithms = ["EdDSA", "RS256"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "HEALTHY"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "HOSTILE/tenants/{tenant}"
audience = "user-management"
algorithms = ["EdDSA", "RS256"]
tenants = "issuer"

[[auth.issuers]]
issuer = "http://{tenant}.localhost:PORT"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "issuer"
"#;

pub(crate) struct Fixture {
    pub(crate) app: App,
    pub(crate) hostile: Issuer,
    pub(crate) healthy: Issuer,
    cases: AtomicUsize,
}

/// A path of the hostile issuer that is an issuer of its own, with nothing cached yet.
pub(crate) struct Case {
    path: String,
    tenant: String,
}

/// Returns the default key source, built once because loading root certificates is slow.
fn source() -> OidcKeySource {
    static SOURCE: OnceLock<OidcKeySource> = OnceLock::new();
    SOURCE.get_or_init(|| OidcKeySource::new(OidcSettings::default())).clone()
}

/// A key source with a short timeout for one server only, since a busy machine delays the others.
#[derive(Debug)]
struct ShortTimeoutSource {
    issuer_prefix: String,
    short_timeout: OidcKeySource,
}

#[async_trait]
impl KeySource for ShortTimeoutSource {
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        if address.issuer.starts_with(&self.issuer_prefix) {
            self.short_timeout.fetch(address).await
        } else {
            source().fetch(address).await
        }
    }
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let (hostile, healthy) = (Issuer::start().await, Issuer::start().await);
        Self::build(hostile, healthy, Arc::new(source())).await
    }

    /// Starts a service with a short timeout for the hostile issuer.
    pub(crate) async fn start_with_short_timeout() -> Self {
        let (hostile, healthy) = (Issuer::start().await, Issuer::start().await);
        let timeout = Duration::from_millis(500);
        let settings = OidcSettings { timeout, ..OidcSettings::default() };
        let short_timeout = OidcKeySource::new(settings);
        let source = ShortTimeoutSource { issuer_prefix: hostile.name(), short_timeout };
        Self::build(hostile, healthy, Arc::new(source)).await
    }

    async fn build(hostile: Issuer, healthy: Issuer, source: Arc<dyn KeySource>) -> Self {
        hostile.publish(&[&SigningKey::shared()]);
        healthy.publish(&[&SigningKey::shared()]);
        let settings = SETTINGS
            .replace("HOSTILE", &hostile.name())
            .replace("HEALTHY", &healthy.name())
            .replace("PORT", &hostile.port().to_string());
        let wishes = AppOptions {
            settings: settings.leak(),
            http: "trusted_proxies = [\"127.0.0.1/32\"]",
            keys: Some(source),
            ..AppOptions::default()
        };
        Self { app: App::start_with(wishes).await, hostile, healthy, cases: AtomicUsize::default() }
    }

    /// Returns an unused path of the hostile issuer.
    pub(crate) fn new_case(&self) -> Case {
        let tenant = format!("case-{}", self.cases.fetch_add(1, Ordering::SeqCst));
        Case { path: format!("/tenants/{tenant}"), tenant }
    }

    /// Signs a token of the case's issuer.
    pub(crate) fn case_token(&self, case: &Case, key: &SigningKey) -> String {
        self.token_from(&format!("{}{}", self.hostile.name(), case.path), key)
    }

    /// Returns the outcome of listing the users of the case's tenant.
    pub(crate) async fn case_outcome(&self, case: &Case, token: &str) -> String {
        self.get(&format!("/api/{}/admin/users", case.tenant), token).await.outcome()
    }

    /// Asserts 503 in both contracts for a token of the case, without content from the issuer.
    pub(crate) async fn assert_case_unavailable(&self, case: &Case, description: &str) {
        let token = self.case_token(case, &SigningKey::shared());
        self.assert_unavailable(&token, description).await;
    }

    /// Returns the paths requested below the case's path.
    pub(crate) fn case_requests(&self, case: &Case) -> Vec<String> {
        let prefix = format!("{}/", case.path);
        let paths = self.hostile.requested_paths().into_iter();
        paths.filter_map(|path| Some(format!("/{}", path.strip_prefix(&prefix)?))).collect()
    }

    /// Signs a token of this issuer for acme.
    pub(crate) fn token_from(&self, issuer: &str, key: &SigningKey) -> String {
        let claims = self.app.claims(issuer).permissions(&ALL_PERMISSIONS);
        claims.with("tenants", json!(["acme"])).sign(key)
    }

    /// Signs a token of the hostile issuer with this key.
    pub(crate) fn token_signed_by(&self, key: &SigningKey) -> String {
        self.token_from(&self.hostile.name(), key)
    }

    /// Returns a valid token of the hostile issuer.
    pub(crate) fn token(&self) -> String {
        self.token_signed_by(&SigningKey::shared())
    }

    /// Sends a GET request and fails if the response takes too long.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let client = self.app.bearer(token);
        tokio::time::timeout(RESPONSE_TIMEOUT, client.get(path)).await.expect("a response in time")
    }

    pub(crate) async fn outcome(&self, token: &str) -> String {
        self.get(LIST_V0, token).await.outcome()
    }

    /// Asserts 503 in both contracts, without content from the issuer.
    pub(crate) async fn assert_unavailable(&self, token: &str, description: &str) {
        for path in [LIST_V0, LIST_V1] {
            let response = self.get(path, token).await;
            assert_eq!(response.outcome(), "503 keys_unavailable", "{description}");
            assert!(response.header("retry-after").is_some(), "{description}");
            assert_eq!(response.header("www-authenticate"), None, "{description}");
            assert!(!response.text.contains("127.0.0.1") && !response.text.contains("secret"));
        }
    }

    /// Asserts that the service is alive and serves the healthy issuer's callers with cached keys.
    pub(crate) async fn assert_other_callers_served(&self) {
        self.assert_healthy_issuer_served().await;
        assert_eq!(self.healthy.fetches(), 1, "fetches of the healthy issuer's keys");
    }

    /// Asserts the same, whatever the number of key fetches.
    pub(crate) async fn assert_healthy_issuer_served(&self) {
        let token = self.token_from(&self.healthy.name(), &SigningKey::shared());
        assert_eq!(self.outcome(&token).await, "200", "a caller of the healthy issuer");
        assert_eq!(self.app.anonymous().get("/health/live").await.status, 200);
    }

    /// Advances the clock past the longest back-off between fetches.
    pub(crate) fn advance_past_cooldown(&self) {
        self.app.clock.advance(Duration::from_secs(30));
    }
}
