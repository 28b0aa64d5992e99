//! Where settings come from, and whether they are still what they were.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::raw::Raw;
use super::read::{Checked, beside, check_with_issuers, named_file, read_file};
use super::{InvalidSettings, Settings};

/// Where a running service has its settings from.
#[derive(Debug, Clone)]
pub enum Source {
    /// This file, or the one that `USHER_CONFIG` names, under the environment.
    File(Option<PathBuf>),
    /// What is compiled in for development mode: there is nothing to be read again.
    Development,
}

/// What settings were like when they were read.
#[derive(Debug)]
pub struct Loaded {
    /// The files that they were read from.
    pub(crate) files: Files,
    /// What cannot change while the service runs.
    pub(crate) frozen: Frozen,
}

/// Files, and what they hold, by digests: some of them hold secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files(Vec<(PathBuf, Option<[u8; 32]>)>);

/// The sections that cannot change while the service runs, as text to compare. Secrets are not in
/// it.
#[derive(Debug, Default)]
pub(crate) struct Frozen(Vec<(&'static str, String)>);

impl Source {
    /// Reads the settings.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn load(&self) -> Checked<(Settings, Loaded)> {
        let (files, read) = self.read();
        read.map(|(settings, frozen)| (settings, Loaded { files, frozen }))
    }

    /// As [`Source::load`]; the files are those that were read, as they were before, so that what
    /// changes in between shows at the next look.
    pub(crate) fn read(&self) -> (Files, Checked<(Settings, Frozen)>) {
        let mut files = Files::default();
        let Self::File(file) = self else {
            let reason = "development mode has no file of settings to read again";
            return (files, Err(InvalidSettings::Source(reason.to_owned())));
        };
        let file = file.clone().or_else(named_file);
        files.add(file.clone());
        let folder = file.as_deref().and_then(Path::parent);
        let read = read_file(file.as_deref()).and_then(|raw| {
            let secret = raw.directory.auth0.client_secret_file.as_deref();
            files.add(secret.map(|secret| beside(folder, secret)));
            let frozen = Frozen::of(&raw);
            Ok((check_with_issuers(raw, folder)?, frozen))
        });
        (files, read)
    }
}

impl Loaded {
    /// What is compiled in, and never changes.
    pub(crate) fn nothing() -> Self {
        Self { files: Files::default(), frozen: Frozen::default() }
    }
}

impl Files {
    fn add(&mut self, file: Option<PathBuf>) {
        self.0.extend(file.map(|path| {
            let held = held(&path).unwrap_or_default();
            (path, held)
        }));
    }

    /// The same files with what they hold now. It reads them, and so may wait.
    pub(crate) fn read_again(self) -> Self {
        let again = |(path, before): (PathBuf, _)| {
            let now = held(&path).unwrap_or(before);
            (path, now)
        };
        Self(self.0.into_iter().map(again).collect())
    }
}

const NOT_TO_BE_HAD: [io::ErrorKind; 4] = [
    io::ErrorKind::NotFound,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::NotADirectory,
    io::ErrorKind::IsADirectory,
];

/// What a file holds; nothing, if it is not there or not to be read. An error if that cannot be
/// told, as where there are no file descriptors left: that says nothing of the file.
fn held(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(digest(&SHA256, &bytes).as_ref().try_into().ok()),
        Err(error) if NOT_TO_BE_HAD.contains(&error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Frozen {
    pub(super) fn of(raw: &Raw) -> Self {
        let Raw {
            http,
            log,
            directory,
            auth,
            passwords,
            limits,
            overload,
            reload,
            traces,
            roles: _,
        } = raw;
        let auth = (
            (auth.leeway_ms, auth.max_token_lifetime_ms, auth.cached_tokens),
            (auth.key_cooldown_ms, auth.key_refresh_ms, auth.key_stale_ms),
        );
        Self(vec![
            ("http", format!("{http:?}")),
            ("log.format", log.format.clone()),
            ("directory", directory.without_secret()),
            ("auth", format!("{auth:?}")),
            ("passwords", format!("{passwords:?}")),
            ("limits", format!("{limits:?}")),
            ("overload", format!("{overload:?}")),
            ("reload", format!("{reload:?}")),
            ("traces", format!("{traces:?}")),
        ])
    }

    /// The sections that are not the same there.
    pub(crate) fn differing_from(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&other.0);
        pairs.filter(|(here, there)| here != there).map(|((name, _), _)| *name).collect()
    }
}
