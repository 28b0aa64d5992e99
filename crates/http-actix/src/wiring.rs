//! The one place that chooses adapters.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

use application::{Ports, Services};
use memory_adapter::{MemoryDirectory, MemoryKeySource, SeedError};
use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{Clock, KeySource, PublicKey, SystemClock};
use thiserror::Error;

use crate::dev;
use crate::settings::{DirectorySettings, Settings};

/// What stands behind the service.
#[derive(Debug)]
pub struct Wired {
    /// The use cases, over their ports.
    pub services: Services,
    /// Where the keys of token issuers come from.
    pub keys: Arc<dyn KeySource>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Why there is nothing to stand behind the service.
#[derive(Debug, Error)]
pub enum WiringError {
    /// The seed cannot be opened.
    #[error("directory.memory.seed: {path} cannot be read")]
    SeedFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The seed cannot be used.
    #[error("directory.memory.seed")]
    Seed(#[source] SeedError),
    /// No HTTP client for key sets.
    #[error("the HTTP client cannot be made")]
    Client(#[source] oidc_adapter::ClientError),
}

/// What the settings ask for.
///
/// # Errors
/// When the seed cannot be used.
pub fn wire(settings: &Settings) -> Result<Wired, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let directory = directory(settings, &clock, b"")?;
    let keys = OidcKeySource::new(OidcSettings::default()).map_err(WiringError::Client)?;
    Ok(over(settings, directory, Arc::new(keys), clock))
}

/// The demo tenants in memory, unless the settings name a seed, and one issuer whose key is at
/// hand.
///
/// # Errors
/// When the demo seed cannot be used.
pub fn wire_dev(settings: &Settings, key: PublicKey) -> Result<Wired, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let directory = directory(settings, &clock, dev::SEED.as_bytes())?;
    let keys = MemoryKeySource::new();
    keys.publish(dev::ISSUER, vec![key]);
    Ok(over(settings, directory, Arc::new(keys), clock))
}

/// The directory with the people of the seed that the settings name, or else of `otherwise`.
fn directory(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    otherwise: &[u8],
) -> Result<MemoryDirectory, WiringError> {
    let DirectorySettings::Memory { seed } = &settings.directory;
    let directory = MemoryDirectory::new(Arc::clone(&settings.roles), Arc::clone(clock));
    let loaded = match seed {
        Some(path) => {
            let file = File::open(path)
                .map_err(|source| WiringError::SeedFile { path: path.clone(), source })?;
            directory.load_seed(BufReader::new(file))
        }
        None => directory.load_seed(otherwise),
    };
    loaded.map_err(WiringError::Seed)?;
    Ok(directory)
}

fn over(
    settings: &Settings,
    directory: MemoryDirectory,
    keys: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
) -> Wired {
    let directory = Arc::new(directory);
    let ports = Ports {
        directory: Arc::clone(&directory) as _,
        password_check: directory,
        clock: Arc::clone(&clock),
    };
    Wired { services: Services::new(ports, settings.attempts), keys, clock }
}
