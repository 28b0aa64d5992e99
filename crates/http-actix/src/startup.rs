//! The running service.

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_cors::Cors;
use actix_web::dev::Server as ActixServer;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::future::{Either, join_all, select, try_join_all};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::api::Api;
use crate::auth::TokenVerifier;
use crate::code::Code;
use crate::edge::edge;
use crate::fault::Fault;
use crate::head_size::HeadLimits;
use crate::limits::{self, Limits};
use crate::links::{InvalidPublicUrl, PublicUrl};
use crate::metrics::Metrics;
use crate::settings::{HttpSettings, Settings};
use crate::wiring::Wired;
use crate::{connection, openapi, request_id, routes};

/// How long a stopping service waits for requests under way, in seconds.
const SHUTDOWN_TIMEOUT: u64 = 30;

/// A service that has its listeners and waits to be run.
#[derive(Debug)]
pub struct Server {
    api: Arc<Api>,
    http: HttpSettings,
    document: web::Bytes,
    listener: TcpListener,
    admin: Option<TcpListener>,
    address: SocketAddr,
}

impl Server {
    /// Takes the addresses of the settings. Port 0 takes any port; [`Server::address`] tells which.
    ///
    /// # Errors
    /// When an address cannot be had.
    pub fn bind(settings: Settings, wired: Wired) -> io::Result<Self> {
        let Settings { http, issuers, auth, limits, roles, directory, .. } = settings;
        let listener = take("http.listen", http.listen)?;
        let admin = http.admin_listen.map(|address| take("http.admin_listen", address));
        let admin = admin.transpose()?;
        let address = listener.local_addr()?;
        let public_url = match &http.public_url {
            Some(url) => url.clone(),
            None => reachable(address).map_err(io::Error::other)?,
        };
        let document = openapi::served(openapi::Configured {
            roles: &roles,
            least_password: directory.least_password(),
        })?;
        let api = Api {
            limits: Limits::new(limits, Arc::clone(&wired.clock)),
            verifier: TokenVerifier::new(issuers, wired.keys, wired.clock, auth),
            services: wired.services,
            roles,
            public_url,
            trusted_proxies: http.trusted_proxies.clone(),
            head: HeadLimits { uri: http.max_uri_bytes, headers: http.max_header_bytes },
            max_body_bytes: http.max_body_bytes,
            request_timeout: http.request_timeout,
            metrics: Metrics::new(),
        };
        let document = document.into();
        Ok(Self { api: Arc::new(api), http, document, listener, admin, address })
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
        &self.api.public_url
    }

    /// Serves until SIGTERM, SIGINT or SIGQUIT; at SIGTERM it finishes what is under way.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub async fn run(self) -> io::Result<()> {
        self.run_until(std::future::pending()).await
    }

    /// Like [`Server::run`], but also until `stop` is there, as if by SIGTERM.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { api, http, document, listener, admin, .. } = self;
        let wanted = if admin.is_some() { PUBLIC } else { ALL };
        let mut servers = vec![serve(Arc::clone(&api), &http, &document, listener, wanted)?];
        if let Some(admin) = admin {
            servers.push(serve(api, &http, &document, admin, ADMIN)?);
        }
        let handles: Vec<_> = servers.iter().map(ActixServer::handle).collect();
        let stopped = pin!(async {
            stop.await;
            join_all(handles.iter().map(|handle| handle.stop(true))).await;
        });
        match select(try_join_all(servers), stopped).await {
            Either::Left((served, _)) => served.map(drop),
            Either::Right(((), servers)) => servers.await.map(drop),
        }
    }
}

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
const PUBLIC: Wanted = |path| path != "/metrics";
const ADMIN: Wanted = |path| !path.starts_with("/api/");

fn serve(
    api: Arc<Api>,
    http: &HttpSettings,
    document: &web::Bytes,
    listener: TcpListener,
    wanted: Wanted,
) -> io::Result<ActixServer> {
    let document = document.clone();
    let origins = http.cors_origins.clone();
    let docs: fn(&mut web::ServiceConfig) = if http.docs { docs } else { |_| {} };
    let server = HttpServer::new(move || {
        let document = document.clone();
        App::new()
            .app_data(web::Data::from(Arc::clone(&api)))
            .configure(|config| routes::configure(config, wanted))
            .service(
                web::resource("/openapi.json")
                    .route(web::get().to(move || ready(openapi_json(document.clone()))))
                    .default_service(routes::only("GET".to_owned())),
            )
            .configure(docs)
            .default_service(web::to(nothing_here))
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(from_fn(edge))
    });
    let workers = match http.workers {
        0 => available_parallelism().map_or(1, NonZeroUsize::get),
        workers => workers,
    };
    let server = server
        .workers(workers)
        // Each worker counts its own.
        .max_connections(http.max_connections.div_ceil(workers))
        .client_request_timeout(http.header_timeout)
        .keep_alive(http.idle_timeout)
        .on_connect(connection::close_when_quiet(http.idle_timeout))
        .shutdown_timeout(SHUTDOWN_TIMEOUT);
    Ok(server.listen(listener)?.run())
}

fn openapi_json(document: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document)
}

/// The docs page, and the way to it.
fn docs(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/docs")
                .route(web::get().to(to_docs))
                .default_service(routes::only("GET".to_owned())),
        )
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn nothing_here() -> Result<String, Fault> {
    Err(Fault::new(Code::NotFound, "There is nothing at this path."))
}

/// Lets browser applications of exactly these origins call. They send a token, and no cookies.
fn cors(origins: &[String]) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let exposed = [
        header::LOCATION,
        header::LINK,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        limits::POLICY,
        limits::LEFT,
        HeaderName::from_static("deprecation"),
        HeaderName::from_static("sunset"),
        request_id::HEADER,
    ];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, request_id::HEADER])
        .expose_headers(exposed)
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
