//! The bare servers: actix-web handlers with the least that the same responses take.
//!
//! `memory` looks the token and the user up in maps and serialises the user. `pass-through` looks
//! the token up and forwards the request to Auth0. Neither has a log, metrics, limits, request ids,
//! timeouts or errors in the contract's form. Responses have only the header fields that actix-web
//! sets, `Content-Type` and, for a created user, `Location`.

mod forward;
mod store;
mod tokens;
mod users;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::auth0::Auth0;
use crate::process::{Server, free_address};
use crate::usher::PUBLIC_URL;
use forward::Upstream;
use store::Store;
use tokens::Tokens;

/// Starts a bare server with the users of a seed of the memory adapter.
pub(crate) fn start_memory(issuer: &Auth0, seed: &Path) -> Server {
    start(issuer, &[("seed", seed.to_string_lossy().into_owned())])
}

/// Starts a server that forwards to Auth0.
pub(crate) fn start_pass_through(issuer: &Auth0, auth0: &Auth0) -> Server {
    let ca = auth0.ca().unwrap().to_string_lossy().into_owned();
    let values =
        [("auth0", auth0.url().to_owned()), ("token", auth0.management_token()), ("ca", ca)];
    start(issuer, &values)
}

fn start(issuer: &Auth0, values: &[(&str, String)]) -> Server {
    let address = free_address();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["bare", "listen", &address.to_string(), "issuer", issuer.url()]);
    for (name, value) in values {
        command.args([name, value.as_str()]);
    }
    Server::start(command, address, "")
}

/// Serves until the process is killed. The arguments are names, each followed by its value.
pub(crate) fn serve(arguments: &[String]) {
    let values: BTreeMap<String, String> =
        arguments.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    actix_web::rt::System::new().block_on(async move {
        let tokens = Data::new(Tokens::fetch(&values["issuer"]).await);
        let routes: Box<dyn Fn(&mut ServiceConfig) + Send> = match values.get("seed") {
            Some(seed) => memory_routes(Store::load(&PathBuf::from(seed), PUBLIC_URL)),
            None => forwarding_routes(Upstream::new(
                &values["auth0"],
                &values["token"],
                &PathBuf::from(&values["ca"]),
            )),
        };
        let routes = std::sync::Arc::new(std::sync::Mutex::new(routes));
        let factory = move || {
            let routes = std::sync::Arc::clone(&routes);
            let configure = move |config: &mut ServiceConfig| (routes.lock().unwrap())(config);
            App::new().app_data(tokens.clone()).configure(configure)
        };
        let server = HttpServer::new(factory).workers(1).bind(values["listen"].as_str()).unwrap();
        server.run().await.unwrap();
    });
}

fn memory_routes(store: Store) -> Box<dyn Fn(&mut ServiceConfig) + Send> {
    let store = Data::new(store);
    Box::new(move |config| {
        config
            .app_data(store.clone())
            .route("/api/v1/users/{id}", web::get().to(users::get))
            .route("/api/v1/users", web::get().to(users::list))
            .route("/api/v1/users", web::post().to(users::create));
    })
}

fn forwarding_routes(upstream: Upstream) -> Box<dyn Fn(&mut ServiceConfig) + Send> {
    let upstream = Data::new(upstream);
    Box::new(move |config| {
        config
            .app_data(upstream.clone())
            .route("/api/v1/users/{id}", web::get().to(forward::get))
            .route("/api/v1/users", web::get().to(forward::list));
    })
}
