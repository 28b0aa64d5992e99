//! Settings that are read again while the service runs.
//!
//! At SIGHUP, and when the contents of a file have changed, the settings are read as at the start.
//! If they can be used, issuers, roles, the filter of the log and Auth0's client secret are those
//! of the file from the next request on; what else has changed waits for a restart, and the log
//! says so. If they cannot be used, nothing changes, and the log says that.
//!
//! Files are compared by what they hold, and not by their times: the volumes of Kubernetes swap
//! them behind links, and editors write them anew.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::process::wiring::SettingsListener;
use crate::server::state::{AppState, ReloadableState};
use crate::settings::{Baseline, FileDigests, FrozenSections, InvalidSettings, Settings, Source};
use crate::telemetry::Filter;
use ports::error_chain;

/// Where settings come from, and what they were.
#[derive(Debug)]
pub(crate) struct Reloader {
    source: Source,
    /// What was read last, whether or not it could be used.
    files: FileDigests,
    frozen: FrozenSections,
    filter: Filter,
}

/// What has to be done when the settings have been read again.
#[derive(Debug)]
struct Target {
    state: Arc<AppState>,
    adopt: SettingsListener,
}

impl Reloader {
    /// The settings of this source, at startup.
    pub(crate) fn new(source: Source, baseline: Baseline, filter: Filter) -> Self {
        Self { source, files: baseline.files, frozen: baseline.frozen, filter }
    }

    /// Reads them again whenever `told` says so, or a file has changed. It does not end.
    pub(crate) async fn run(
        mut self,
        state: Arc<AppState>,
        adopt: SettingsListener,
        every: Option<Duration>,
        told: impl Stream<Item = ()>,
    ) -> Infallible {
        let target = Target { state, adopt };
        let mut told = pin!(told.chain(futures_util::stream::pending()));
        let mut looks = pin!(looks(every));
        loop {
            match select(told.next(), looks.next()).await {
                Either::Left(_) => self.read(&target).await,
                Either::Right(_) => {
                    if self.has_changed().await {
                        self.read(&target).await;
                    }
                }
            }
        }
    }

    async fn has_changed(&self) -> bool {
        let files = self.files.clone();
        aside(move || files.refreshed()).await.is_some_and(|now| now != self.files)
    }

    async fn read(&mut self, target: &Target) {
        let source = self.source.clone();
        let Some((files, read)) = aside(move || source.read()).await else { return };
        // Of what could not be used too: the same bad file is not worth a word at each look, and
        // whatever comes after it, a file that was not there as well, is something new.
        self.files = files;
        let metrics = &target.state.metrics.reloads;
        let applied = read.and_then(|(settings, frozen)| {
            self.apply(target, settings)?;
            Ok(frozen)
        });
        match applied {
            Ok(frozen) => {
                metrics.applied.inc();
                metrics.last_successful.set(1);
                metrics.last_success.set(target.state.metrics.now().as_unix_seconds());
                tracing::info!("the settings were reloaded");
                let sections = self.frozen.differing_from(&frozen);
                metrics.restart_needed.set(i64::from(!sections.is_empty()));
                if !sections.is_empty() {
                    let sections = sections.join(", ");
                    tracing::warn!(sections, "these settings changed and need a restart");
                }
            }
            Err(error) => {
                metrics.rejected.inc();
                metrics.last_successful.set(0);
                let error = error_chain(&error);
                tracing::error!(error, "the settings were not reloaded");
            }
        }
    }

    /// Makes the new settings count.
    fn apply(&self, target: &Target, settings: Settings) -> Result<(), InvalidSettings> {
        let Target { state, adopt } = target;
        let verifier = state.reloadable().verifier.with_issuers(settings.issuers.clone());
        let min_password_length = settings.directory.min_password_length();
        let live = ReloadableState::new(verifier, Arc::clone(&settings.roles), min_password_length)
            .map_err(|error| InvalidSettings::value("roles", error))?;
        // Nothing from here on fails.
        adopt.settings(&settings);
        state.set_reloadable(live);
        state.metrics.keys.configure(Arc::new(settings.issuers));
        self.filter.set(&settings.log.filter);
        Ok(())
    }
}

/// Reads files where nobody waits for it but the caller: a file system may hang, and neither a
/// signal nor the end of the process must wait for that.
async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, is_done) = oneshot::channel();
    let thread = std::thread::Builder::new().name("settings".to_owned());
    thread.spawn(move || drop(done.send(read()))).ok()?;
    is_done.await.ok()
}

/// When to look whether a file has changed.
fn looks(every: Option<Duration>) -> impl Stream<Item = ()> {
    let interval = every.map(|every| {
        let mut interval = interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    });
    futures_util::stream::unfold(interval, |interval| async {
        match interval {
            Some(mut interval) => {
                Interval::tick(&mut interval).await;
                Some(((), Some(interval)))
            }
            None => std::future::pending().await,
        }
    })
}
