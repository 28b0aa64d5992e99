//! Signals that the service handles.

use std::io;

use futures_util::Stream;

/// Signals that stop the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownSignal {
    /// SIGTERM, from a supervisor: the service first reports not ready, so that load balancers stop
    /// sending requests.
    Graceful,
    /// SIGINT and SIGQUIT, from a terminal: the listener closes without a delay.
    Immediate,
}

#[cfg(unix)]
mod unix {
    use futures_util::StreamExt as _;
    use futures_util::stream::{poll_fn, select_all};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{ShutdownSignal, Stream, io};

    /// The handlers of the signals.
    #[derive(Debug)]
    pub(crate) struct Signals {
        stop: [(Signal, ShutdownSignal); 3],
        reload: Signal,
    }

    impl Signals {
        /// Installs the handlers; without them, the signals end the process.
        ///
        /// # Errors
        /// When a handler cannot be installed.
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self {
                reload: signal(SignalKind::hangup())?,
                stop: [
                    (signal(SignalKind::interrupt())?, ShutdownSignal::Immediate),
                    (signal(SignalKind::quit())?, ShutdownSignal::Immediate),
                    (signal(SignalKind::terminate())?, ShutdownSignal::Graceful),
                ],
            })
        }

        /// Returns the signals that stop the service, and SIGHUP, which reloads the settings.
        pub(crate) fn split(self) -> (impl Stream<Item = ShutdownSignal>, impl Stream<Item = ()>) {
            let stop =
                self.stop.into_iter().map(|(signal, stop)| stream(signal).map(move |()| stop));
            (select_all(stop), stream(self.reload))
        }
    }

    fn stream(mut signal: Signal) -> impl Stream<Item = ()> + Unpin {
        poll_fn(move |context| signal.poll_recv(context))
    }
}

#[cfg(unix)]
pub(crate) use unix::Signals;

#[cfg(not(unix))]
mod other {
    use super::{ShutdownSignal, Stream, io};

    /// The handler of Ctrl-C.
    #[derive(Debug)]
    pub(crate) struct Signals;

    impl Signals {
        /// Creates the handler.
        ///
        /// # Errors
        /// Never.
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Returns Ctrl-C, which stops the service, and an empty stream, because no signal reloads.
        pub(crate) fn split(self) -> (impl Stream<Item = ShutdownSignal>, impl Stream<Item = ()>) {
            let stop = futures_util::stream::unfold((), |()| async {
                tokio::signal::ctrl_c().await.ok().map(|()| (ShutdownSignal::Immediate, ()))
            });
            (stop, futures_util::stream::pending())
        }
    }
}

#[cfg(not(unix))]
pub(crate) use other::Signals;
