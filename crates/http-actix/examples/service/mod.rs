//! Starts the release binary `usher` with the stand-in for Auth0.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use auth0_sim::{Config, Sim};

/// Starts the stand-in with the demo users.
pub(crate) async fn start_auth0_sim() -> Sim {
    let sim = Sim::start(Config::default()).await.unwrap();
    for line in include_str!("../../../auth0-sim/demo.jsonl").lines() {
        sim.control().seed(serde_json::from_str(line).unwrap()).unwrap();
    }
    sim
}

/// A running service, which is killed on drop.
pub(crate) struct Usher {
    pub(crate) process: Child,
    pub(crate) url: String,
}

impl Drop for Usher {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Usher {
    /// Starts the service in development mode with additional environment variables.
    pub(crate) fn start(folder: &Path, domain: &str, variables: &[(&str, String)]) -> Self {
        let mut process = command(folder)
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .env("USHER__DIRECTORY__ADAPTER", "auth0")
            .env("USHER__DIRECTORY__AUTH0__DOMAIN", domain)
            .env("USHER__DIRECTORY__AUTH0__CLIENT_ID", "usher")
            .env("USHER__DIRECTORY__AUTH0__CLIENT_SECRET", "usher-secret")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("target/release/usher, built by `cargo build --release`");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { process, url }
    }
}

/// Returns a token with all permissions in this tenant.
pub(crate) fn dev_token(folder: &Path, tenant: &str) -> String {
    let output = command(folder).args(["token", "--tenant", tenant]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn command(folder: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program.parent().unwrap().parent().unwrap().join("usher"));
    command.env("XDG_STATE_HOME", folder);
    command
}
