//! The router of the operations: the innermost middleware.
//!
//! It resolves path and method of a request once and calls the handler; the framework would try one
//! regular expression after another. Other paths, such as those of the documentation page, are left
//! to the framework.

use std::fmt;
use std::rc::Rc;

use actix_web::Error;
use actix_web::dev::{Service, ServiceFactory as _, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::Method;
use actix_web::{Route, dev};
use futures_util::future::LocalBoxFuture;

use crate::server::path_table::{PathTable, PathTemplate};
use crate::server::request_context::{MatchedPath, RequestContext};

/// The operations of one path.
pub(crate) struct PathOperations {
    /// The path.
    pub(crate) template: PathTemplate,
    /// Whether the operations verify a current password.
    pub(crate) checks_password: bool,
    /// The handlers of the path's methods.
    pub(crate) handlers: Vec<(Method, Rc<Route>)>,
    /// The handler of all other methods.
    pub(crate) other: Route,
}

impl fmt::Debug for PathOperations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathOperations({})", self.template.as_str())
    }
}

/// The middleware that calls the handlers of operations.
#[derive(Debug)]
pub(crate) struct Router(Vec<PathOperations>);

impl Router {
    /// Creates the router of these paths.
    pub(crate) fn new(paths: Vec<PathOperations>) -> Self {
        Self(paths)
    }
}

type Outcome = Result<ServiceResponse, Error>;
type Handling = LocalBoxFuture<'static, Outcome>;
type Handler = <Route as dev::ServiceFactory<ServiceRequest>>::Service;

struct PathHandlers {
    matched: Rc<MatchedPath>,
    handlers: Vec<(Method, Handler)>,
    other: Handler,
}

/// The service of [`Router`].
pub(crate) struct RouterService<S> {
    paths: PathTable<PathHandlers>,
    next: S,
}

impl<S> fmt::Debug for RouterService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouterService({:?})", self.paths)
    }
}

impl<S> Transform<S, ServiceRequest> for Router
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Handling>
        + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = RouterService<S>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<RouterService<S>, ()>>;

    fn new_transform(&self, next: S) -> Self::Future {
        let services: Vec<_> = self
            .0
            .iter()
            .map(|path| {
                let service =
                    |(method, route): &(Method, Rc<Route>)| (method.clone(), route.new_service(()));
                let handlers: Vec<_> = path.handlers.iter().map(service).collect();
                let matched = MatchedPath::new(&path.template, path.checks_password);
                (path.template.clone(), Rc::new(matched), handlers, path.other.new_service(()))
            })
            .collect();
        Box::pin(async move {
            let mut paths = Vec::new();
            for (template, matched, pending, other) in services {
                let mut handlers = Vec::new();
                for (method, handler) in pending {
                    handlers.push((method, handler.await?));
                }
                paths.push((template, PathHandlers { matched, handlers, other: other.await? }));
            }
            Ok(RouterService { paths: paths.into_iter().collect(), next })
        })
    }
}

impl<S> Service<ServiceRequest> for RouterService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Handling>,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Handling;

    dev::forward_ready!(next);

    fn call(&self, request: ServiceRequest) -> Handling {
        // The path without the escapes that the framework decodes.
        let Some((path, segments)) = self.paths.find(request.match_info().as_str()) else {
            return self.next.call(request);
        };
        if let Some(context) = RequestContext::of(request.request()) {
            context.set_matched(&path.matched, &segments);
        }
        let handler = path.handlers.iter().find(|(method, _)| method == request.method());
        handler.map_or(&path.other, |(_, handler)| handler).call(request)
    }
}
