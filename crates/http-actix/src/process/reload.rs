//! Reload of the settings at run time.
//!
//! SIGHUP or a changed file triggers a reload. If the settings are valid, the next request uses the
//! new issuers, roles, log filter and Auth0 client secret; other changes need a restart, which is
//! logged. If the settings are invalid, nothing changes, and the error is logged.
//!
//! Files are compared by content, not by modification time: Kubernetes volumes replace them
//! through symbolic links, and editors write new files.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::openapi::served::{self, DocumentSettings};
use crate::process::wiring::SettingsListener;
use crate::server::state::{AppState, ReloadableState};
use crate::settings::{Baseline, FileDigests, FrozenSections, Settings, Source};
use ports::error_chain;
use telemetry::LogFilter;

/// Reloads the settings from their source.
#[derive(Debug)]
pub(crate) struct Reloader {
    source: Source,
    /// The files of the last reload, even if it failed.
    files: FileDigests,
    frozen: FrozenSections,
    filter: LogFilter,
}

/// The parts of the service that a reload changes.
#[derive(Debug)]
struct Target {
    state: Arc<AppState>,
    listener: SettingsListener,
}

impl Reloader {
    /// Creates a reloader of settings that were loaded at startup.
    pub(crate) fn new(source: Source, baseline: Baseline, filter: LogFilter) -> Self {
        Self { source, files: baseline.files, frozen: baseline.frozen, filter }
    }

    /// Reloads on each item of `requests`, and when a file has changed. Never returns.
    pub(crate) async fn run(
        mut self,
        state: Arc<AppState>,
        listener: SettingsListener,
        interval: Option<Duration>,
        requests: impl Stream<Item = ()>,
    ) -> Infallible {
        let target = Target { state, listener };
        let mut requests = pin!(requests.chain(futures_util::stream::pending()));
        let mut polls = pin!(polls(interval));
        loop {
            match select(requests.next(), polls.next()).await {
                Either::Left(_) => self.reload(&target).await,
                Either::Right(_) => {
                    if self.has_changed().await {
                        self.reload(&target).await;
                    }
                }
            }
        }
    }

    async fn has_changed(&self) -> bool {
        let files = self.files.clone();
        on_own_thread(move || files.refreshed()).await.is_some_and(|files| files != self.files)
    }

    async fn reload(&mut self, target: &Target) {
        let source = self.source.clone();
        let Some((files, result)) = on_own_thread(move || source.read()).await else { return };
        // Set for invalid settings too, so that the same invalid file is reported only once.
        self.files = files;
        let metrics = &target.state.metrics.reloads;
        match result {
            Ok((settings, frozen)) => {
                self.apply(target, settings).await;
                metrics.applied.inc();
                metrics.last_successful.set(1);
                metrics.last_success.set(target.state.metrics.now().as_unix_seconds());
                tracing::info!("settings reloaded");
                let sections = self.frozen.differing_from(&frozen);
                metrics.restart_needed.set(i64::from(!sections.is_empty()));
                if !sections.is_empty() {
                    let sections = sections.join(", ");
                    tracing::warn!(sections, "changed settings need a restart");
                }
            }
            Err(error) => {
                metrics.rejected.inc();
                metrics.last_successful.set(0);
                let error = error_chain(&error);
                tracing::error!(error, "settings not reloaded");
            }
        }
    }

    /// Puts the new settings in force. This cannot fail, so that settings are never applied in part.
    async fn apply(&self, target: &Target, mut settings: Settings) {
        let Target { state, listener } = target;
        let roles = Arc::clone(&state.reloadable().roles);
        if settings.roles.has_same_definitions(&roles) {
            // The directory has resolved the roles of all accounts in this catalogue.
            settings.roles = roles;
        }
        let settings = Arc::new(settings);
        let applied = {
            let (listener, settings) = (listener.clone(), Arc::clone(&settings));
            on_own_thread(move || listener.apply(&settings)).await
        };
        // Without a thread, signals have to wait.
        applied.unwrap_or_else(|| listener.apply(&settings));
        let verifier = state.reloadable().verifier.with_issuers(settings.issuers.clone());
        let min_password_length = settings.directory.min_password_length();
        let document = served::document(DocumentSettings {
            roles: Arc::clone(&settings.roles),
            min_password_length,
            // Not that of the new settings, which takes effect after a restart.
            server: state.is_public_url_configured.then(|| state.public_url.clone()),
        });
        let reloadable = ReloadableState::new(verifier, Arc::clone(&settings.roles), document);
        state.set_reloadable(reloadable);
        state.metrics.keys.configure(Arc::new(settings.issuers.clone()));
        self.filter.set(&settings.log.filter);
    }
}

/// Runs blocking work on its own thread: when a file system hangs, or the directory has many
/// accounts, signals and the shutdown must not wait for it.
async fn on_own_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("settings".to_owned());
    thread.spawn(move || drop(sender.send(work()))).ok()?;
    receiver.await.ok()
}

/// Yields when the files must be checked for changes.
fn polls(period: Option<Duration>) -> impl Stream<Item = ()> {
    let interval = period.map(|period| {
        let mut interval = interval(period);
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
