//! The HTTP server: its listeners, and the application behind them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::dev::Server as ActixServer;
use actix_web::middleware::Condition;
use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::Stream;
use futures_util::future::{Either, join, join_all, select, try_join_all};
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
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
use crate::protection::list_memory::ListMemory;
use crate::protection::rate_limit::RateLimits;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::links::{InvalidPublicUrl, PublicUrl};
use crate::routes;
use crate::server::cors::cors;
use crate::server::lifecycle::RequestLifecycle;
use crate::server::request_limits::RequestLimits;
use crate::server::state::{AppState, InFlight, ReloadableState};
use crate::settings::{HttpSettings, Settings};
use telemetry::{SampleRatio, TraceSampler};
use token_verifier::TokenVerifier;

/// A server that is bound to its addresses but not yet running.
#[derive(Debug)]
pub struct Server {
    state: Arc<AppState>,
    http: HttpSettings,
    settings_listener: SettingsListener,
    reload_interval: Option<Duration>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    address: SocketAddr,
}

impl Server {
    /// Binds the addresses of the settings. For port 0, [`Server::address`] returns the actual port.
    ///
    /// # Errors
    /// When an address cannot be bound.
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
        let Backend { services, keys, clock, metrics, settings_listener } = backend;
        let listener = bind("http.listen", http.listen)?;
        let admin = http.admin_listen.map(|address| bind("http.admin_listen", address));
        let admin = admin.transpose()?;
        let address = listener.local_addr()?;
        let public_url = match &http.public_url {
            Some(url) => url.clone(),
            None => local_url(address).map_err(io::Error::other)?,
        };
        metrics.http.limits(overload.concurrent, overload.queued, http.max_connections);
        metrics.keys.configure(Arc::new(issuers.clone()));
        let keys = Arc::new(InstrumentedKeySource::new(keys, Arc::clone(&metrics.keys)));
        let verifier = TokenVerifier::new(issuers, keys, Arc::clone(&clock), auth)
            .with_counters(metrics.tokens.clone());
        let min_password_length = directory.min_password_length();
        let document = served::document(DocumentSettings {
            roles: Arc::clone(&roles),
            min_password_length,
            server: http.public_url.clone(),
        });
        // The wiring has checked the ratio.
        let sample_ratio =
            traces.and_then(|traces| SampleRatio::try_from(traces.sample_ratio).ok());
        let sampler = sample_ratio.map(TraceSampler::new);
        let state = AppState {
            reloadable: RwLock::new(Arc::new(ReloadableState::new(verifier, roles, document))),
            limits: RateLimits::new(limits, clock),
            admission: Admission::new(overload, metrics.http.clone()),
            list_memory: ListMemory::new(overload.list_memory(), metrics.http.clone()),
            services,
            public_url,
            is_public_url_configured: http.public_url.is_some(),
            trusted_proxies: http.trusted_proxies.clone(),
            head: HeadLimits { uri: http.max_uri_bytes, headers: http.max_header_bytes },
            max_body_bytes: http.max_body_bytes,
            request_timeout: http.request_timeout,
            sampler,
            templates: routes::templates(),
            runtime: OnceLock::new(),
            metrics,
            in_flight: InFlight::default(),
            readiness: Mutex::default(),
        };
        Ok(Self {
            state: Arc::new(state),
            http,
            settings_listener,
            reload_interval: reload.interval,
            listener,
            admin,
            address,
        })
    }

    /// Returns the address of the public listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the listener for health checks and metrics, if it is separate.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Returns the base URL for clients.
    pub fn public_url(&self) -> &PublicUrl {
        &self.state.public_url
    }

    /// Serves until a signal stops the service, and reloads the settings meanwhile.
    ///
    /// # Errors
    /// When a listener fails.
    pub(crate) async fn run(self, signals: Signals, reloader: Reloader) -> io::Result<()> {
        let (stop, reload) = signals.split();
        let (state, listener) = (Arc::clone(&self.state), self.settings_listener.clone());
        let reloads = pin!(reloader.run(state, listener, self.reload_interval, reload));
        let served = pin!(self.serve_until(stop));
        match select(served, reloads).await {
            Either::Left((served, _)) => served,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Serves until `stop` completes, which acts like SIGTERM.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let signal = async {
            stop.await;
            ShutdownSignal::Graceful
        };
        self.serve_until(futures_util::stream::once(signal)).await
    }

    /// Serves until the first signal; the second one drops the requests in flight.
    async fn serve_until(self, stop: impl Stream<Item = ShutdownSignal>) -> io::Result<()> {
        let Self { state, http, listener, admin, .. } = self;
        // The server runs once.
        let _ = state.runtime.set(Handle::current());
        let paths = if admin.is_some() { PUBLIC } else { ALL };
        let public = serve(Arc::clone(&state), &http, listener, paths, workers(&http))?;
        let admin = admin
            .map(|admin| serve(Arc::clone(&state), &http, admin, ADMIN, ADMIN_WORKERS))
            .transpose()?;
        let handles: Vec<_> =
            [&public].into_iter().chain(&admin).map(ActixServer::handle).collect();
        let handle = public.handle();
        let servers = try_join_all([public].into_iter().chain(admin));
        let shutdown = pin!(wait_for_shutdown(&state, &http, handle, stop));
        let servers = match select(servers, shutdown).await {
            Either::Left((served, shutdown)) => {
                // They may have ended because of a signal, which the shutdown logs.
                if state.in_flight.is_stopping() {
                    shutdown.await;
                }
                return served.map(drop);
            }
            Either::Right((ShutdownOutcome::Drained, servers)) => servers,
            // Dropping the servers aborts them; during a graceful stop they ignore further
            // commands. The aborted requests still get their log lines.
            Either::Right((ShutdownOutcome::Aborted, servers)) => {
                drop(servers);
                let _ = timeout(ABORT_TIMEOUT, state.in_flight.wait_until_idle()).await;
                return Ok(());
            }
        };
        // Stops the listener for health checks.
        let stops = join_all(handles.iter().map(|handle| handle.stop(false)));
        // The servers handle commands only while they are polled.
        let (_, served) = join(stops, servers).await;
        served.map(drop)
    }
}

/// The time for aborted requests to be dropped and logged.
const ABORT_TIMEOUT: Duration = Duration::from_secs(1);

fn bind(key: &str, address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| io::Error::new(error.kind(), format!("{key}: {address}: {error}")))
}

/// Returns the base URL of a listener for clients on the same machine.
fn local_url(mut listen: SocketAddr) -> Result<PublicUrl, InvalidPublicUrl> {
    if listen.ip().is_unspecified() {
        listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{listen}").parse()
}

/// Selects the paths that a listener serves.
type PathFilter = fn(&str) -> bool;
const ALL: PathFilter = |_| true;
const PUBLIC: PathFilter = |path| !ADMIN(path);
const ADMIN: PathFilter = |path| path.starts_with("/health/") || path == "/metrics";

/// The number of threads of the listener for health checks and metrics, which answers even when
/// all other threads are busy.
const ADMIN_WORKERS: usize = 1;

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
    paths: PathFilter,
    workers: usize,
) -> io::Result<ActixServer> {
    let origins = http.cors_origins.clone();
    let document: fn(&mut web::ServiceConfig) =
        if paths("/openapi.json") { configure_document } else { |_| {} };
    let docs: fn(&mut web::ServiceConfig) =
        if http.docs && paths("/docs/") { swagger_ui::configure } else { |_| {} };
    let connections = state.metrics.http.connections.clone();
    let server = HttpServer::new(move || {
        let data = web::Data::from(Arc::clone(&state));
        App::new()
            .app_data(data.clone())
            .configure(document)
            .configure(docs)
            .default_service(web::to(not_found))
            .wrap(RequestLimits::new(state.head, routes::router(paths)))
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(RequestLifecycle::new(data))
    });
    let server = server
        .workers(workers)
        // A body of several chunks would wait for the client's delayed acknowledgement, 40 ms.
        .tcp_nodelay(true)
        // The framework counts connections for each worker.
        .max_connections(http.max_connections.div_ceil(workers))
        .client_request_timeout(http.header_timeout)
        .keep_alive(http.idle_timeout)
        .on_connect(idle_connections::close_idle_connections(http.idle_timeout, connections))
        // The framework would stop all listeners on a signal at once.
        .disable_signals()
        // An upper bound; `wait_for_shutdown` enforces the exact timeout.
        .shutdown_timeout(http.shutdown_timeout.as_secs() + 5);
    Ok(server.listen(listener)?.run())
}

fn configure_document(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/openapi.json")
            .app_data(Route::new("/openapi.json"))
            .route(routes::get_or_head().to(openapi_json))
            .default_service(routes::method_not_allowed("GET, HEAD".to_owned())),
    );
}

async fn openapi_json(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let document = state.reloadable().document.get().map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(document))
}

async fn not_found() -> Result<String, ApiError> {
    Err(ApiError::new(ErrorCode::NotFound, "No resource exists at this path."))
}
