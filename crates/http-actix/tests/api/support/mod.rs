//! A service of its own for each test, the actors who call it, and what they get.
//!
//! [`App::start`] runs a server on a free port over the adapter under test, with [`PEOPLE`] in it and
//! four trusted issuers, one for each way in which a token tells its tenants.
//! The clock stands still until a test moves it.

mod answer;
mod document;
mod keys;
pub(crate) mod store;
mod wire;

pub(crate) use answer::{Answer, Client};
pub(crate) use keys::{SigningKey, TokenClaims};
pub(crate) use store::Store;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use application::{Ports, Services};
use memory_adapter::MemoryKeySource;
use ports::contract::ManualClock;
use ports::{Clock, KeySource, PasswordCheck, UserDirectory};
use serde_json::json;
use tokio::sync::oneshot;
use usher_http::metrics::Metrics;
use usher_http::process::serve::Server;
use usher_http::process::wiring::{Backend, SettingsListener};
use usher_http::settings::{self, Settings};

/// The issuer of a tenant's own tokens, to be filled with its name.
pub(crate) const TENANT_ISSUER: &str = "https://central-manager.{tenant}.pcm.example.com";
/// The issuer whose tokens name their tenants in the claim `tenants`.
pub(crate) const CLAIM_ISSUER: &str = "https://claims.example.com/";
/// The issuer whose tokens cover what their subjects are members of.
pub(crate) const MEMBER_ISSUER: &str = "https://login.example.com/";
/// The issuer of the operators' tokens.
pub(crate) const OPERATOR_ISSUER: &str = "https://operators.example.com/";
/// The audience of all of them.
pub(crate) const AUDIENCE: &str = "user-management";

/// Every scope and permission there is.
pub(crate) const EVERYTHING: [&str; 4] = [
    "tenant.access:read",
    "tenant.access:write",
    "VIEW_USERS_AND_GROUPS",
    "MODIFY_USERS_AND_GROUPS",
];

/// Who is there when a test begins, by id. All at home in the tenant after the `@` of the e-mail
/// address; `adam` is also attached to globex, `gus` of globex also to acme.
pub(crate) const PEOPLE: &str = r#"
{"id":"auth0|olga","email":"olga@acme.example","username":"olga","firstName":"Olga","lastName":"Owner","name":"Olga O.","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-02T00:00:00Z","lastLogin":"2026-02-01T10:00:00.5Z","homeTenant":"acme","tenants":{"acme":"owner"}}
{"id":"auth0|adam","email":"adam@acme.example","username":"adam","firstName":"Adam","lastName":"Admin","name":"Adam A.","createdAt":"2026-01-02T00:00:00Z","password":"adams-password","homeTenant":"acme","tenants":{"acme":"admin","globex":"viewer"}}
{"id":"auth0|vera","email":"vera@acme.example","firstName":"Vera","lastName":"Viewer","createdAt":"2026-01-03T00:00:00Z","homeTenant":"acme","tenants":{"acme":"viewer"}}
{"id":"auth0|mia","email":"mia@acme.example","username":"mia","firstName":"Mia","lastName":"Member","createdAt":"2026-01-04T00:00:00Z","password":"mias-password","homeTenant":"acme","tenants":{"acme":"member"}}
{"id":"auth0|bob","email":"bob@acme.example","username":"bob","firstName":"Bob","lastName":"Blocked","createdAt":"2026-01-05T00:00:00Z","blocked":true,"password":"bobs-password","homeTenant":"acme","tenants":{"acme":"admin"}}
{"id":"auth0|gina","email":"gina@globex.example","username":"gina","firstName":"Gina","lastName":"Owner","createdAt":"2026-01-06T00:00:00Z","homeTenant":"globex","tenants":{"globex":"owner"}}
{"id":"auth0|gus","email":"gus@globex.example","username":"gus","firstName":"Gus","lastName":"Guest","name":"Gus G.","createdAt":"2026-01-07T00:00:00Z","password":"guss-password","homeTenant":"globex","tenants":{"globex":"admin","acme":"member"}}
{"id":"auth0|hal","email":"hal@nowhere.example","createdAt":"2026-01-08T00:00:00Z","tenants":{"acme":"member"}}
{"id":"auth0|ivy","email":"ivy@nowhere.example","createdAt":"2026-01-09T00:00:00Z"}
"#;

/// The last part of the settings, which a test may add to: more sections may follow it.
const SETTINGS: &str = r#"
[http]
listen = "127.0.0.1:0"
workers = 1
public_url = "https://usher.example.com"
shutdown_delay_ms = 0

[limits]
writes_per_minute = 1000000
password_checks_per_minute = 1000000

[[auth.issuers]]
issuer = "https://central-manager.{tenant}.pcm.example.com"
audience = "user-management"
algorithms = ["EdDSA", "RS256"]
tenants = "issuer"

[[auth.issuers]]
issuer = "https://claims.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "https://login.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "membership"

[[auth.issuers]]
issuer = "https://operators.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "all"
"#;

/// Those of [`SETTINGS`].
const LIMITS: &str = "writes_per_minute = 1000000\npassword_checks_per_minute = 1000000\n";

/// What a test wants to be otherwise than usual.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// Lines to add to `[http]`.
    pub(crate) http: &'static str,
    /// What `[limits]` holds instead of limits that no test reaches.
    pub(crate) limits: Option<&'static str>,
    /// Sections to add to the settings.
    pub(crate) settings: &'static str,
    /// Lines to add to the seed.
    pub(crate) people: String,
    /// Another directory than the memory adapter's.
    pub(crate) directory: Option<Arc<dyn UserDirectory>>,
    /// Another check of passwords than that of the adapter under test.
    pub(crate) passwords: Option<Arc<dyn PasswordCheck>>,
    /// Another source of keys than [`App::keys`].
    pub(crate) keys: Option<Arc<dyn KeySource>>,
}

/// A running service.
#[derive(Debug)]
pub(crate) struct App {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where it listens for those who run it, if apart.
    pub(crate) admin_address: Option<SocketAddr>,
    /// The keys of its issuers.
    pub(crate) keys: Arc<MemoryKeySource>,
    /// Its clock.
    pub(crate) clock: Arc<ManualClock>,
    http: reqwest::Client,
    /// Stops the service when it is dropped.
    _running: oneshot::Sender<()>,
    /// What stands behind it, unless a test wished for something else.
    store: Store,
}

impl App {
    /// A service as usual.
    pub(crate) async fn start() -> Self {
        Self::start_with(Wishes::default()).await
    }

    /// A service otherwise than usual.
    pub(crate) async fn start_with(wishes: Wishes) -> Self {
        let settings = read_settings(&wishes);
        let clock = Arc::new(ManualClock::new());
        let people = format!("{PEOPLE}{}", wishes.people);
        let store = Store::with(&people, &settings.roles, &clock).await;
        let keys = Arc::new(MemoryKeySource::new());
        for issuer in [CLAIM_ISSUER, MEMBER_ISSUER, OPERATOR_ISSUER] {
            keys.publish(issuer, vec![SigningKey::usual().public()]);
        }
        for tenant in ["acme", "globex", "initech"] {
            let issuer = TENANT_ISSUER.replace("{tenant}", tenant);
            keys.publish(&issuer, vec![SigningKey::usual().public()]);
        }

        let ports = Ports {
            directory: wishes.directory.unwrap_or_else(|| Arc::clone(&store.directory)),
            password_check: wishes.passwords.unwrap_or_else(|| Arc::clone(&store.passwords)),
            clock: Arc::clone(&clock) as _,
        };
        let wired = Backend {
            services: Services::new(ports, settings.attempts),
            keys: wishes.keys.unwrap_or_else(|| Arc::clone(&keys) as _),
            metrics: Metrics::new(&(Arc::clone(&clock) as _)),
            adopt: SettingsListener::nothing(),
            clock: Arc::clone(&clock) as _,
        };
        let server = Server::bind(settings, wired).unwrap();
        let (address, admin_address) = (server.address(), server.admin_address());
        let (running, ended) = oneshot::channel();
        let ended = async { drop(ended.await) };
        let run = move || actix_web::rt::System::new().block_on(server.run_until(ended));
        std::thread::spawn(run);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { address, admin_address, keys, clock, http, _running: running, store }
    }

    /// Looks inside the stand-in for Auth0, if that is the adapter under test.
    pub(crate) fn auth0(&self) -> Option<&auth0_sim::Control> {
        self.store.auth0()
    }

    /// Somebody without a token.
    pub(crate) fn anonymous(&self) -> Client<'_> {
        Client::new(self, None)
    }

    /// Somebody with this token.
    pub(crate) fn bearer(&self, token: impl Into<String>) -> Client<'_> {
        Client::new(self, Some(token.into()))
    }

    /// A program of one tenant, with every permission; its own role is unknown.
    pub(crate) fn tenant(&self, tenant: &str) -> Client<'_> {
        self.tenant_with(tenant, &EVERYTHING)
    }

    /// A program of one tenant, with these scopes and permissions.
    pub(crate) fn tenant_with(&self, tenant: &str, permissions: &[&str]) -> Client<'_> {
        let issuer = TENANT_ISSUER.replace("{tenant}", tenant);
        self.bearer(self.claims(&issuer).permissions(permissions).sign(&SigningKey::usual()))
    }

    /// A program of these tenants, named by a claim, with every permission.
    pub(crate) fn tenants(&self, tenants: &[&str]) -> Client<'_> {
        let claims = self.claims(CLAIM_ISSUER).permissions(&EVERYTHING);
        self.bearer(claims.with("tenants", json!(tenants)).sign(&SigningKey::usual()))
    }

    /// One of [`PEOPLE`], such as `adam`, whose own roles count, with every permission.
    pub(crate) fn member(&self, name: &str) -> Client<'_> {
        self.member_with(name, &EVERYTHING)
    }

    /// One of [`PEOPLE`], with these scopes and permissions.
    pub(crate) fn member_with(&self, name: &str, permissions: &[&str]) -> Client<'_> {
        let claims = self.claims(MEMBER_ISSUER).permissions(permissions);
        let subject = format!("auth0|{name}");
        self.bearer(claims.with("sub", json!(subject)).sign(&SigningKey::usual()))
    }

    /// An operator, with every permission.
    pub(crate) fn operator(&self) -> Client<'_> {
        self.operator_with(&EVERYTHING)
    }

    /// An operator, with these scopes and permissions.
    pub(crate) fn operator_with(&self, permissions: &[&str]) -> Client<'_> {
        let claims = self.claims(OPERATOR_ISSUER).permissions(permissions);
        self.bearer(claims.sign(&SigningKey::usual()))
    }

    /// The claims of a good token of this issuer, to be changed and signed.
    pub(crate) fn claims(&self, issuer: &str) -> TokenClaims {
        TokenClaims::new(issuer, AUDIENCE, self.clock.now().as_unix_seconds())
    }
}

fn read_settings(wishes: &Wishes) -> Settings {
    let mut text = SETTINGS.replace("[http]", &format!("[http]\n{}", wishes.http));
    if let Some(limits) = wishes.limits {
        text = text.replace(LIMITS, limits);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{text}\n{}", wishes.settings).unwrap();
    settings::load(Some(file.path())).unwrap()
}
