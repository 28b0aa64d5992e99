//! The middleware that ends a request early: because of its head, when its time is over, or when it
//! panics.
//!
//! It must be inside CORS, so that browser applications can read these errors too.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use futures_util::future::LocalBoxFuture;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::protection::head_size::HeadLimits;
use crate::response::api_error::{ApiError, directory_timeout};
use crate::server::request_context::RequestContext;

/// The middleware with the limits of every request, around another one.
#[derive(Debug)]
pub(crate) struct RequestLimits<M> {
    head: HeadLimits,
    inner: M,
}

impl<M> RequestLimits<M> {
    /// Puts these limits around a middleware, whose responses must be movable.
    pub(crate) fn new(head: HeadLimits, inner: M) -> Self {
        Self { head, inner }
    }
}

impl<S, B, M> Transform<S, ServiceRequest> for RequestLimits<M>
where
    S: Service<ServiceRequest>,
    M: Transform<S, ServiceRequest, Response = ServiceResponse<B>, Error = Error, InitError = ()>,
    M::Future: 'static,
    <M::Transform as Service<ServiceRequest>>::Future: Unpin,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = RequestLimitsService<M::Transform>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let (head, next) = (self.head, self.inner.new_transform(service));
        Box::pin(async move { Ok(RequestLimitsService { head, next: next.await? }) })
    }
}

/// The service of [`RequestLimits`].
#[derive(Debug)]
pub(crate) struct RequestLimitsService<S> {
    head: HeadLimits,
    next: S,
}

impl<S, B> Service<ServiceRequest> for RequestLimitsService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: Unpin,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = LimitedHandling<S::Future>;

    forward_ready!(next);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let context = match self.head.check(&request) {
            Ok(()) => RequestContext::require(request.request()),
            Err(api_error) => Err(api_error),
        };
        match context {
            Ok(context) => LimitedHandling::Handled {
                deadline: context.deadline(),
                handling: self.next.call(request),
                timer: None,
            },
            Err(api_error) => LimitedHandling::Refused(Some(api_error)),
        }
    }
}

/// The response of the inner service, or the error about what ended the request early.
#[derive(Debug)]
pub(crate) enum LimitedHandling<F> {
    /// The request is refused.
    Refused(Option<ApiError>),
    /// The request is handled.
    Handled {
        /// The response of the inner service.
        handling: F,
        /// The moment at which the time of the request is over.
        deadline: Instant,
        /// The timer, if the inner service waits for something.
        timer: Option<Pin<Box<Sleep>>>,
    },
}

impl<F, T> Future for LimitedHandling<F>
where
    F: Future<Output = Result<T, Error>> + Unpin,
{
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Refused(api_error) => {
                let api_error = api_error.take();
                let api_error = api_error
                    .unwrap_or_else(|| ApiError::internal("a refused request was polled again"));
                Poll::Ready(Err(api_error.into()))
            }
            Self::Handled { handling, deadline, timer } => {
                match catch_unwind(AssertUnwindSafe(|| Pin::new(handling).poll(context))) {
                    Ok(Poll::Ready(outcome)) => return Poll::Ready(outcome),
                    Ok(Poll::Pending) => {}
                    // The panic hook logs the panic.
                    Err(_panic) => {
                        return Poll::Ready(Err(ApiError::internal("a handler panicked").into()));
                    }
                }
                // Most requests to the directory in memory end without waiting, and need no timer.
                let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(*deadline)));
                timer.as_mut().poll(context).map(|()| {
                    let elapsed = "the request exceeded its timeout";
                    Err(directory_timeout().with_cause(elapsed).into())
                })
            }
        }
    }
}
