//! Clusters for tests, which are skipped where no server is installed.

use std::env;
use std::error::Error as _;
use std::io::{self, Write as _};
use std::sync::{Once, OnceLock};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::options::Options;

static SHARED: OnceLock<Result<Option<Cluster>, String>> = OnceLock::new();
static NOTICE: Once = Once::new();

/// Returns the cluster of this test binary, which the first call starts, or `None` if no server is
/// installed: then the test must return. One line on stderr names the package to install.
///
/// # Panics
///
/// If the server cannot be started, or if `USHER_REQUIRE_POSTGRES` is `1` and none is installed.
pub fn shared() -> Option<&'static Cluster> {
    match SHARED.get_or_init(|| start(Options::default())) {
        Ok(cluster) => cluster.as_ref(),
        Err(message) => fail(message),
    }
}

/// Returns a cluster for one test, which stops the server or needs other options, or `None` as
/// [`shared`] does.
///
/// # Panics
///
/// As [`shared`] does.
pub fn dedicated(options: Options) -> Option<Cluster> {
    start(options).unwrap_or_else(|message| fail(&message))
}

#[expect(clippy::panic, reason = "a test that needs the server fails without it")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}

fn start(options: Options) -> Result<Option<Cluster>, String> {
    or_skip(Cluster::start(options), is_required())
}

/// Turns a missing server into `None`, unless it is required.
fn or_skip<T>(started: Result<T, Error>, is_required: bool) -> Result<Option<T>, String> {
    match started {
        Ok(cluster) => Ok(Some(cluster)),
        Err(error @ Error::NotInstalled) if !is_required => {
            // Written past the capture of the test harness, which hides what passing tests print.
            NOTICE.call_once(|| {
                let _ = writeln!(io::stderr(), "tests on PostgreSQL are skipped: {error}");
            });
            Ok(None)
        }
        Err(error) => Err(with_sources(&error)),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings module")]
fn is_required() -> bool {
    env::var("USHER_REQUIRE_POSTGRES").is_ok_and(|value| value == "1")
}

fn with_sources(error: &Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_server_skips_tests_unless_required() {
        let missing = || Err::<(), _>(Error::NotInstalled);
        assert_eq!(or_skip(missing(), false), Ok(None));
        let message = or_skip(missing(), true).unwrap_err();
        assert!(message.contains("apt-get install postgresql"), "{message}");
    }

    #[test]
    fn failure_of_an_installed_server_is_not_skipped() {
        let failed = Err::<(), _>(Error::io("starting postgres")(io::Error::other("broken")));
        assert_eq!(or_skip(failed, false), Err("starting postgres failed: broken".to_owned()));
    }
}
