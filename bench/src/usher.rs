//! Usher itself, as the release binary.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::auth0::{AUDIENCE, Auth0, CLIENT_ID, CLIENT_SECRET, TENANT_CLAIM};
use crate::process::{Server, free_address};

/// The base of links, which the other servers use too.
pub(crate) const PUBLIC_URL: &str = "https://users.example";

/// Where Usher keeps its users.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Directory<'a> {
    /// In memory, with a seed or without users.
    Memory(Option<&'a Path>),
    /// In the stand-in for Auth0.
    Auth0(&'a Auth0),
}

/// Starts Usher with one worker and without limits of callers. Settings and state go to `folder`.
pub(crate) fn start(
    binary: &Path,
    folder: &Path,
    issuer: &Auth0,
    directory: Directory<'_>,
) -> Server {
    let address = free_address();
    let file = folder.join(format!("usher-{}.toml", address.port()));
    let directory = match directory {
        Directory::Memory(None) => String::new(),
        Directory::Memory(Some(seed)) => format!("[directory.memory]\nseed = '{}'", seed.display()),
        Directory::Auth0(auth0) => format!(
            "[directory]\nadapter = \"auth0\"\n[directory.auth0]\ndomain = \"{}\"\n\
             client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\nca_file = '{}'",
            auth0.url(),
            auth0.ca().unwrap().display()
        ),
    };
    let settings = format!(
        "[http]\nlisten = \"{address}\"\npublic_url = \"{PUBLIC_URL}\"\nworkers = 1\n\
         [limits]\nwrites_per_minute = 0\npassword_checks_per_minute = 0\nreads_per_minute = 0\n\
         {directory}\n\
         [[auth.issuers]]\nissuer = \"{}/\"\naudience = \"{AUDIENCE}\"\n\
         tenants = {{ claim = \"{TENANT_CLAIM}\" }}\n",
        issuer.url()
    );
    fs::write(&file, settings).unwrap();
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("USHER") {
            command.env_remove(name);
        }
    }
    command.args(["serve", "--config"]).arg(&file);
    Server::start(command, address, "/health/ready")
}
