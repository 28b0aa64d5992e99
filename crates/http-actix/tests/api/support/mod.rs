//! Test support: a service for each test, its callers, and their answers.
//!
//! [`App::start`] runs a server on a free port over the adapter under test, with [`SEED_USERS`] and
//! four trusted issuers, one for each way in which a token states its tenants. The clock stands
//! still until a test advances it.

mod answer;
pub(crate) mod document;
mod gate;
pub(crate) mod metrics;
mod postgres;
mod store;
mod wire;

pub(crate) use answer::{Answer, Client};
pub(crate) use gate::Gate;
pub(crate) use store::Store;
pub(crate) use token_verifier::testing::{SigningKey, TokenClaims};
pub(crate) use wire::slow_reader;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use application::{Ports, Services};
use conformance::ManualClock;
use memory_adapter::MemoryKeySource;
use ports::{Clock, KeySource, PasswordCheck, UserDirectory};
use serde_json::json;
use tokio::sync::oneshot;
use usher_http::metrics::Metrics;
use usher_http::process::serve::Server;
use usher_http::process::wiring::{Backend, SettingsListener};
use usher_http::settings::{self, Settings};

/// The issuer template of the tenants' own tokens.
pub(crate) const TENANT_ISSUER: &str = "https://central-manager.{tenant}.pcm.example.com";
/// The issuer whose tokens list tenants in the claim `tenants`.
pub(crate) const CLAIM_ISSUER: &str = "https://claims.example.com/";
/// The issuer whose subjects' memberships count.
pub(crate) const MEMBER_ISSUER: &str = "https://login.example.com/";
/// The operators' issuer.
pub(crate) const OPERATOR_ISSUER: &str = "https://operators.example.com/";
/// The audience of all issuers.
pub(crate) const AUDIENCE: &str = "user-management";

/// All scopes and permissions.
pub(crate) const ALL_PERMISSIONS: [&str; 4] = [
    "tenant.access:read",
    "tenant.access:write",
    "VIEW_USERS_AND_GROUPS",
    "MODIFY_USERS_AND_GROUPS",
];

/// The users of every test, by id. Their home is the tenant in their e-mail address; `adam` is also
/// attached to globex, `gus` of globex also to acme.
pub(crate) const SEED_USERS: &str = r#"
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

/// The settings. Tests may append sections.
const SETTINGS: &str = r#"
[http]
listen = "127.0.0.1:0"
workers = 1
public_url = "https://usher.example.com"
shutdown_delay_ms = 0

[limits]
writes_per_minute = 1000000
password_checks_per_minute = 1000000
reads_per_minute = 0

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

/// The limits in [`SETTINGS`].
const DEFAULT_LIMITS: &str =
    "writes_per_minute = 1000000\npassword_checks_per_minute = 1000000\nreads_per_minute = 0\n";

/// Deviations from the default service.
#[derive(Debug, Default)]
pub(crate) struct AppOptions {
    /// Lines added to `[http]`.
    pub(crate) http: &'static str,
    /// The path of the public URL.
    pub(crate) public_path: &'static str,
    /// Replaces the limits, which no test reaches by default.
    pub(crate) limits: Option<&'static str>,
    /// Sections added to the settings.
    pub(crate) settings: &'static str,
    /// Seed lines added to [`SEED_USERS`].
    pub(crate) users: String,
    /// Replaces the directory of the adapter under test.
    pub(crate) directory: Option<Arc<dyn UserDirectory>>,
    /// Replaces the password check of the adapter under test.
    pub(crate) password_check: Option<Arc<dyn PasswordCheck>>,
    /// Holds the directory's changes and password checks.
    pub(crate) gate: Option<Arc<Gate>>,
    /// Replaces [`App::keys`] as the key source.
    pub(crate) keys: Option<Arc<dyn KeySource>>,
}

/// A running service.
#[derive(Debug)]
pub(crate) struct App {
    /// The address of the API listener.
    pub(crate) address: SocketAddr,
    /// The address of the admin listener, if separate.
    pub(crate) admin_address: Option<SocketAddr>,
    /// The keys of the issuers.
    pub(crate) keys: Arc<MemoryKeySource>,
    /// The clock of the service.
    pub(crate) clock: Arc<ManualClock>,
    http: reqwest::Client,
    /// Stops the service on drop.
    shutdown: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    /// The directory of the adapter under test.
    store: Store,
}

impl App {
    /// Starts a service with default options.
    pub(crate) async fn start() -> Self {
        Self::start_with(AppOptions::default()).await
    }

    /// Starts a service with these options.
    pub(crate) async fn start_with(options: AppOptions) -> Self {
        let settings = read_settings(&options);
        let clock = Arc::new(ManualClock::new());
        let users = format!("{SEED_USERS}{}", options.users);
        let store = Store::seeded(&users, &settings.roles, &clock).await;
        let keys = Arc::new(MemoryKeySource::new());
        for issuer in [CLAIM_ISSUER, MEMBER_ISSUER, OPERATOR_ISSUER] {
            keys.publish(issuer, vec![SigningKey::shared().public()]);
        }
        for tenant in ["acme", "globex", "initech"] {
            let issuer = TENANT_ISSUER.replace("{tenant}", tenant);
            keys.publish(&issuer, vec![SigningKey::shared().public()]);
        }

        let mut ports = Ports {
            directory: options.directory.unwrap_or_else(|| Arc::clone(&store.directory)),
            password_check: options.password_check.unwrap_or_else(|| Arc::clone(&store.passwords)),
            clock: Arc::clone(&clock) as _,
        };
        if let Some(gate) = options.gate {
            ports = gate.guard(ports);
        }
        let wired = Backend {
            services: Services::new(ports, settings.attempts, settings.accounts),
            keys: options.keys.unwrap_or_else(|| Arc::clone(&keys) as _),
            metrics: Metrics::new(&(Arc::clone(&clock) as _)),
            settings_listener: SettingsListener::noop(),
            clock: Arc::clone(&clock) as _,
        };
        let server = Server::bind(settings, wired).unwrap();
        let (address, admin_address) = (server.address(), server.admin_address());
        let (shutdown, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let run = move || actix_web::rt::System::new().block_on(server.run_until(stopped));
        let server = std::thread::spawn(run);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { address, admin_address, keys, clock, http, shutdown, server, store }
    }

    /// Stops the service as SIGTERM does, and returns its thread, which ends with it.
    pub(crate) fn stop(self) -> JoinHandle<std::io::Result<()>> {
        drop(self.shutdown);
        self.server
    }

    /// Returns the control of the Auth0 stand-in, if the adapter under test uses it.
    pub(crate) fn auth0(&self) -> Option<&auth0_sim::Control> {
        self.store.auth0()
    }

    /// Returns a client without a token.
    pub(crate) fn anonymous(&self) -> Client<'_> {
        Client::new(self, None)
    }

    /// Returns a client with this token.
    pub(crate) fn bearer(&self, token: impl Into<String>) -> Client<'_> {
        Client::new(self, Some(token.into()))
    }

    /// Returns a client of one tenant, with all permissions and without a known role.
    pub(crate) fn tenant(&self, tenant: &str) -> Client<'_> {
        self.tenant_with(tenant, &ALL_PERMISSIONS)
    }

    /// Returns a client of one tenant, with these permissions.
    pub(crate) fn tenant_with(&self, tenant: &str, permissions: &[&str]) -> Client<'_> {
        let issuer = TENANT_ISSUER.replace("{tenant}", tenant);
        self.bearer(self.claims(&issuer).permissions(permissions).sign(&SigningKey::shared()))
    }

    /// Returns a client of the tenants in its claim, with all permissions.
    pub(crate) fn tenants(&self, tenants: &[&str]) -> Client<'_> {
        let claims = self.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
        self.bearer(claims.with("tenants", json!(tenants)).sign(&SigningKey::shared()))
    }

    /// Returns the client of a seed user, such as `adam`, with all permissions; its roles count.
    pub(crate) fn member(&self, name: &str) -> Client<'_> {
        self.member_with(name, &ALL_PERMISSIONS)
    }

    /// Returns the client of a seed user, with these permissions.
    pub(crate) fn member_with(&self, name: &str, permissions: &[&str]) -> Client<'_> {
        let claims = self.claims(MEMBER_ISSUER).permissions(permissions);
        let subject = format!("auth0|{name}");
        self.bearer(claims.with("sub", json!(subject)).sign(&SigningKey::shared()))
    }

    /// Returns an operator with all permissions.
    pub(crate) fn operator(&self) -> Client<'_> {
        self.operator_with(&ALL_PERMISSIONS)
    }

    /// Returns an operator with these permissions.
    pub(crate) fn operator_with(&self, permissions: &[&str]) -> Client<'_> {
        let claims = self.claims(OPERATOR_ISSUER).permissions(permissions);
        self.bearer(claims.sign(&SigningKey::shared()))
    }

    /// Returns the claims of a valid token of this issuer.
    pub(crate) fn claims(&self, issuer: &str) -> TokenClaims {
        TokenClaims::new(issuer, AUDIENCE, self.clock.now().as_unix_seconds())
    }
}

fn read_settings(options: &AppOptions) -> Settings {
    let mut text = SETTINGS.replace("[http]", &format!("[http]\n{}", options.http));
    let public_url = "https://usher.example.com";
    text = text.replace(public_url, &format!("{public_url}{}", options.public_path));
    if let Some(limits) = options.limits {
        text = text.replace(DEFAULT_LIMITS, limits);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{text}\n{}", options.settings).unwrap();
    settings::load(Some(file.path())).unwrap()
}
