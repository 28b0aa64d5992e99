//! What all sections use, and where their results go.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::auth0::Auth0;
use crate::comparison::{Contestant, Series, compare};
use crate::http::Http;
use crate::load::{LoadGenerator, Request, Window};
use crate::options::Options;
use crate::process::Server;
use crate::report::results::{Results, Row};
use crate::usher::{self, Directory};

/// What all sections use, and where their results go.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) folder: TempDir,
    pub(crate) issuer: Auth0,
    /// A token seen before, once it has been used.
    pub(crate) token: String,
    pub(crate) http: Http,
    pub(crate) results: Results,
    load: LoadGenerator,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Auth0::start_issuer(&binary("auth0-sim"));
        Self {
            options: Options::from_env(),
            load: LoadGenerator::new(folder.path()),
            folder,
            token: issuer.token(0),
            issuer,
            http: Http::new(),
            results: Results::default(),
        }
    }

    /// Returns a path in the temporary folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn start_usher(&self, directory: Directory<'_>) -> Server {
        usher::start(&binary("usher"), self.folder.path(), &self.issuer, directory)
    }

    pub(crate) fn start_directory(&self, users: usize) -> Auth0 {
        Auth0::start_directory(&binary("auth0-sim"), self.folder.path(), users)
    }

    /// Compares servers and keeps the samples.
    pub(crate) fn compare(
        &mut self,
        workload: &str,
        contestants: &[Contestant<'_>],
        connections: u32,
        window: Window,
    ) -> Vec<Series> {
        let rounds = self.options.rounds;
        let series = compare(&self.load, rounds, workload, contestants, connections, window);
        self.results.series.extend(series.iter().cloned());
        series
    }

    /// Returns about how many requests the server answers in this time.
    pub(crate) fn requests_within(
        &self,
        seconds: f64,
        server: &Server,
        requests: &[Request],
        connections: u32,
    ) -> u32 {
        let window = Window::Requests(20);
        let sample = self.load.run(&server.url(), server, requests, connections, window);
        ((sample.requests_per_second * seconds) as u32).clamp(3, 10_000)
    }

    pub(crate) fn add_row(&mut self, row: Row) {
        println!("=> {}: {}", row.subject, row.result());
        self.results.rows.push(row);
    }
}

/// Returns a binary of the workspace, which is built beside this one.
fn binary(name: &str) -> PathBuf {
    let path = std::env::current_exe().unwrap().with_file_name(name);
    assert!(path.exists(), "{} is missing: cargo build --release", path.display());
    path
}

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
