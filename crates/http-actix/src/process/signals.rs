//! What the system tells the process.

use std::io;

use futures_util::Stream;

/// The word to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownSignal {
    /// By whoever runs the service, and a balancer before it: SIGTERM. Time is given to turn away.
    Graceful,
    /// By somebody who sits before it: SIGINT, SIGQUIT.
    Promptly,
}

#[cfg(unix)]
mod unix {
    use futures_util::StreamExt as _;
    use futures_util::stream::{poll_fn, select_all};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{ShutdownSignal, Stream, io};

    /// The signals that mean something to the service, from now on.
    #[derive(Debug)]
    pub(crate) struct Signals {
        stop: [(Signal, ShutdownSignal); 3],
        reload: Signal,
    }

    impl Signals {
        /// Takes them over from the system, which would end the process.
        ///
        /// # Errors
        /// When the system does not let go of them.
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self {
                reload: signal(SignalKind::hangup())?,
                stop: [
                    (signal(SignalKind::interrupt())?, ShutdownSignal::Promptly),
                    (signal(SignalKind::quit())?, ShutdownSignal::Promptly),
                    (signal(SignalKind::terminate())?, ShutdownSignal::Graceful),
                ],
            })
        }

        /// Those that say to stop, and SIGHUP, which says to read the settings again.
        pub(crate) fn split(self) -> (impl Stream<Item = ShutdownSignal>, impl Stream<Item = ()>) {
            let stop = self.stop.into_iter().map(|(signal, stop)| each(signal).map(move |()| stop));
            (select_all(stop), each(self.reload))
        }
    }

    fn each(mut signal: Signal) -> impl Stream<Item = ()> + Unpin {
        poll_fn(move |context| signal.poll_recv(context))
    }
}

#[cfg(unix)]
pub(crate) use unix::Signals;

#[cfg(not(unix))]
mod other {
    use super::{ShutdownSignal, Stream, io};

    /// Ctrl-C.
    #[derive(Debug)]
    pub(crate) struct Signals;

    impl Signals {
        /// # Errors
        /// Never.
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Ctrl-C says to stop; nothing says to read the settings again.
        pub(crate) fn split(self) -> (impl Stream<Item = ShutdownSignal>, impl Stream<Item = ()>) {
            let stop = futures_util::stream::unfold((), |()| async {
                tokio::signal::ctrl_c().await.ok().map(|()| (ShutdownSignal::Promptly, ()))
            });
            (stop, futures_util::stream::pending())
        }
    }
}

#[cfg(not(unix))]
pub(crate) use other::Signals;
