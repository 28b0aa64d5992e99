//! The running service.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::dev::Server as ActixServer;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::Stream;
use futures_util::future::{Either, join, join_all, select, try_join_all};
use parking_lot::{Mutex, RwLock};
use tokio::time::timeout;

use crate::metrics::{InstrumentedKeySource, Route};
use crate::openapi::served::{self, DocumentSettings};
use crate::openapi::swagger_ui;
use crate::process::reload::Reloader;
use crate::process::shutdown::{ShutdownOutcome, wait_for_shutdown};
use crate::process::signals::{ShutdownSignal, Signals};
use crate::process::wiring::{Backend, SettingsListener};
use crate::protection::admission::Admission;
use crate::protection::head_size::HeadLimits;
use crate::protection::idle_connections;
use crate::protection::rate_limit::RateLimits;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::links::{InvalidPublicUrl, PublicUrl};
use crate::routes;
use crate::server::cors::cors;
use crate::server::lifecycle::request_lifecycle;
use crate::server::state::{AppState, InFlight, ReloadableState};
use crate::settings::{HttpSettings, Settings};
use token_verifier::TokenVerifier;

/// A service that has its listeners and waits to be run.
#[derive(Debug)]
pub struct Server {
    state: Arc<AppState>,
    http: HttpSettings,
    adopt: SettingsListener,
    look_every: Option<Duration>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    address: SocketAddr,
}

impl Server {
    /// Takes the addresses of the settings. Port 0 takes any port; [`Server::address`] tells which.
    ///
    /// # Errors
    /// When an address cannot be had.
    pub fn bind(settings: Settings, backend: Backend) -> io::Result<Self> {
        let Settings {
            http,
            issuers,
            auth,
            limits,
            overload,
            reload,
            traces,
            roles,
            directory,
            ..
        } = settings;
        let Backend { services, keys, clock, metrics, adopt } = backend;
        let listener = take("http.listen", http.listen)?;
        let admin = http.admin_listen.map(|address| take("http.admin_listen", address));
        let admin = admin.transpose()?;
        let address = listener.local_addr()?;
        let public_url = match &http.public_url {
            Some(url) => url.clone(),
            None => reachable(address).map_err(io::Error::other)?,
        };
        metrics.http.limits(overload.concurrent, overload.queued, http.max_connections);
        metrics.keys.configure(Arc::new(issuers.clone()));
        let keys = Arc::new(InstrumentedKeySource::new(keys, Arc::clone(&metrics.keys)));
        let verifier = TokenVerifier::new(issuers, keys, Arc::clone(&clock), auth)
            .with_counters(metrics.tokens.clone());
        let min_password_length = directory.min_password_length();
        let document = served::text(DocumentSettings { roles: &roles, min_password_length })?;
        let state = AppState {
            reloadable: RwLock::new(Arc::new(ReloadableState::new(verifier, roles, document))),
            limits: RateLimits::new(limits, clock),
            admission: Admission::new(overload, metrics.http.clone()),
            services,
            public_url,
            trusted_proxies: http.trusted_proxies.clone(),
            head: HeadLimits { uri: http.max_uri_bytes, headers: http.max_header_bytes },
            max_body_bytes: http.max_body_bytes,
            request_timeout: http.request_timeout,
            traced: traces.is_some(),
            metrics,
            in_flight: InFlight::default(),
            readiness: Mutex::default(),
        };
        let look_every = reload.interval;
        Ok(Self { state: Arc::new(state), http, adopt, look_every, listener, admin, address })
    }

    /// Where the service listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for those who run it, if that is apart.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Where clients reach it.
    pub fn public_url(&self) -> &PublicUrl {
        &self.state.public_url
    }

    /// Serves until it is told to stop by a signal, and reads the settings again when it should.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub(crate) async fn run(self, signals: Signals, reloading: Reloader) -> io::Result<()> {
        let (stop, reload) = signals.split();
        let (state, adopt, every) = (Arc::clone(&self.state), self.adopt.clone(), self.look_every);
        let reloads = pin!(reloading.run(state, adopt, every, reload));
        let served = pin!(self.serve_until(stop));
        match select(served, reloads).await {
            Either::Left((served, _)) => served,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Serves until `stop` is there, as if by SIGTERM.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let told = async {
            stop.await;
            ShutdownSignal::Graceful
        };
        self.serve_until(futures_util::stream::once(told)).await
    }

    /// Serves until the first word to stop; at the second, what is under way is dropped.
    async fn serve_until(self, stop: impl Stream<Item = ShutdownSignal>) -> io::Result<()> {
        let Self { state, http, listener, admin, .. } = self;
        let wanted = if admin.is_some() { PUBLIC } else { ALL };
        let public = serve(Arc::clone(&state), &http, listener, wanted, workers(&http))?;
        let admin = admin
            .map(|admin| serve(Arc::clone(&state), &http, admin, ADMIN, OF_ADMIN))
            .transpose()?;
        let handles: Vec<_> =
            [&public].into_iter().chain(&admin).map(ActixServer::handle).collect();
        let handle = public.handle();
        let servers = try_join_all([public].into_iter().chain(admin));
        let stopped = pin!(wait_for_shutdown(&state, &http, handle, stop));
        let servers = match select(servers, stopped).await {
            Either::Left((served, stopped)) => {
                // They may have ended because they were told to, and that is to be said.
                if state.in_flight.is_stopping() {
                    stopped.await;
                }
                return served.map(drop);
            }
            Either::Right((ShutdownOutcome::Drained, servers)) => servers,
            // Dropped as they are, they end at once; while a stop is under way they hear no other
            // word. What they were at has its lines in the log before the log goes.
            Either::Right((ShutdownOutcome::Aborted, servers)) => {
                drop(servers);
                let _ = timeout(LAST_WORDS, state.in_flight.wait_until_idle()).await;
                return Ok(());
            }
        };
        // The one for health, if there is one.
        let stops = join_all(handles.iter().map(|handle| handle.stop(false)));
        // They hear it only while they are waited for.
        let (_, served) = join(stops, servers).await;
        served.map(drop)
    }
}

/// How long requests that are cut off may take to be gone.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn take(key: &str, address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| io::Error::new(error.kind(), format!("{key}: {address}: {error}")))
}

/// The address of a service that listens here, as a client on the same machine would write it.
fn reachable(mut listen: SocketAddr) -> Result<PublicUrl, InvalidPublicUrl> {
    if listen.ip().is_unspecified() {
        listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{listen}").parse()
}

/// Which paths a listener serves.
type Wanted = fn(&str) -> bool;
const ALL: Wanted = |_| true;
const PUBLIC: Wanted = |path| !ADMIN(path);
const ADMIN: Wanted = |path| path.starts_with("/health/") || path == "/metrics";

/// Threads of the listener for health and metrics: it answers also when all others are busy.
const OF_ADMIN: usize = 1;

fn workers(http: &HttpSettings) -> usize {
    match http.workers {
        0 => available_parallelism().map_or(1, NonZeroUsize::get),
        workers => workers,
    }
}

fn serve(
    state: Arc<AppState>,
    http: &HttpSettings,
    listener: TcpListener,
    wanted: Wanted,
    workers: usize,
) -> io::Result<ActixServer> {
    let origins = http.cors_origins.clone();
    let document: fn(&mut web::ServiceConfig) =
        if wanted("/openapi.json") { document } else { |_| {} };
    let docs: fn(&mut web::ServiceConfig) =
        if http.docs && wanted("/docs/") { swagger_ui::configure } else { |_| {} };
    let connections = state.metrics.http.connections.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&state)))
            .configure(|config| routes::configure(config, wanted))
            .configure(document)
            .configure(docs)
            .default_service(web::to(nothing_here))
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(from_fn(request_lifecycle))
    });
    let server = server
        .workers(workers)
        // Each worker counts its own.
        .max_connections(http.max_connections.div_ceil(workers))
        .client_request_timeout(http.header_timeout)
        .keep_alive(http.idle_timeout)
        .on_connect(idle_connections::close_idle_connections(http.idle_timeout, connections))
        // Signals are for all listeners together, and stop them one after the other.
        .disable_signals()
        // Only a bound behind ours, which is exact.
        .shutdown_timeout(http.shutdown_timeout.as_secs() + 5);
    Ok(server.listen(listener)?.run())
}

fn document(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/openapi.json")
            .app_data(Route::new("/openapi.json"))
            .route(web::get().to(openapi_json))
            .default_service(routes::method_not_allowed("GET".to_owned())),
    );
}

async fn openapi_json(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(state.reloadable().document.clone())
}

async fn nothing_here() -> Result<String, ApiError> {
    Err(ApiError::new(ErrorCode::NotFound, "No resource exists at this path."))
}
