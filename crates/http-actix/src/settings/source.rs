//! The source of the settings of a running service, and the detection of changes.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::convert::convert_with_issuers;
use super::error::{Errors, InvalidSettings, SettingsResult};
use super::frozen::FrozenSections;
use super::layers::{file_from_environment, read_file, resolve_path};
use super::model::Settings;

/// The source of the settings of a running service.
#[derive(Debug, Clone)]
pub enum Source {
    /// The given file, or the one that `USHER_CONFIG` names, under the environment.
    File(Option<PathBuf>),
    /// The compiled-in settings of development mode, which cannot be reloaded.
    Development,
}

/// The state of the settings at startup, with which a reload compares.
#[derive(Debug)]
pub struct Baseline {
    /// The files that the settings came from.
    pub(crate) files: FileDigests,
    /// The sections that cannot change at run time.
    pub(crate) frozen: FrozenSections,
}

/// Files with the digests of their contents; some files contain secrets. `None` stands for a
/// missing or unreadable file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileDigests(Vec<(PathBuf, Option<[u8; 32]>)>);

/// The settings of a source with their errors.
#[derive(Debug)]
pub struct Draft {
    /// Placeholders stand for invalid values.
    settings: Settings,
    baseline: Baseline,
    errors: Errors,
}

impl Draft {
    /// Returns the settings, of which some are placeholders if there are errors.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns whether the settings have no errors so far.
    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Adds errors that only the adapters find.
    pub(crate) fn add(&mut self, errors: Vec<InvalidSettings>) {
        for error in errors {
            self.errors.add(error);
        }
    }

    /// Returns the settings.
    ///
    /// # Errors
    /// All errors.
    pub fn finish(self) -> SettingsResult<(Settings, Baseline)> {
        let Self { settings, baseline, mut errors } = self;
        if baseline.files.is_empty() {
            errors.explain(InvalidSettings::NoFile);
        }
        errors.into_result((settings, baseline))
    }
}

impl Source {
    /// Loads the settings.
    ///
    /// # Errors
    /// When the settings are invalid; all errors.
    pub fn load(&self) -> SettingsResult<(Settings, Baseline)> {
        self.draft()?.finish()
    }

    /// Loads the settings, and collects their errors.
    ///
    /// # Errors
    /// When the settings file cannot be read or parsed.
    pub fn draft(&self) -> SettingsResult<Draft> {
        let (files, result) = self.read_draft();
        result.map(|(settings, frozen, errors)| Draft {
            settings,
            baseline: Baseline { files, frozen },
            errors,
        })
    }

    /// Loads the settings like [`Source::load`], and returns the files in any case. Each digest is
    /// taken before its file is read, so that the next check finds a change in between.
    pub(crate) fn read(&self) -> (FileDigests, SettingsResult<(Settings, FrozenSections)>) {
        let (files, result) = self.read_draft();
        let result =
            result.and_then(|(settings, frozen, errors)| errors.into_result((settings, frozen)));
        (files, result)
    }

    fn read_draft(&self) -> (FileDigests, SettingsResult<(Settings, FrozenSections, Errors)>) {
        let mut files = FileDigests::default();
        let Self::File(file) = self else {
            let reason = "development mode has no settings file to reload";
            return (files, Err(InvalidSettings::Source(reason.to_owned())));
        };
        let file = file.clone().or_else(file_from_environment);
        files.add(file.clone());
        let folder = file.as_deref().and_then(Path::parent);
        let mut errors = Errors::default();
        let result = read_file(file.as_deref(), &mut errors).map(|raw| {
            let secret_file = raw.directory.auth0.client_secret_file.as_deref();
            files.add(secret_file.map(|file| resolve_path(folder, file)));
            let frozen = FrozenSections::of(&raw);
            (convert_with_issuers(raw, folder, &mut errors), frozen)
        });
        (files, result.map(|(settings, frozen)| (settings, frozen, errors)))
    }
}

impl Baseline {
    /// Returns the baseline of compiled-in settings.
    pub(crate) fn empty() -> Self {
        Self { files: FileDigests::default(), frozen: FrozenSections::default() }
    }
}

impl FileDigests {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, file: Option<PathBuf>) {
        self.0.extend(file.map(|path| {
            let digest = digest_of(&path).unwrap_or_default();
            (path, digest)
        }));
    }

    /// Returns the same files with their current digests. Blocks on the file system.
    pub(crate) fn refreshed(self) -> Self {
        let refresh = |(path, before): (PathBuf, _)| {
            let now = digest_of(&path).unwrap_or(before);
            (path, now)
        };
        Self(self.0.into_iter().map(refresh).collect())
    }
}

/// Errors that say that the file itself is missing or unreadable.
const UNREADABLE: [io::ErrorKind; 4] = [
    io::ErrorKind::NotFound,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::NotADirectory,
    io::ErrorKind::IsADirectory,
];

/// Returns the digest of a file, or `None` if the file is missing or unreadable.
///
/// # Errors
/// For errors that say nothing about the file, such as too many open files.
fn digest_of(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(digest(&SHA256, &bytes).as_ref().try_into().ok()),
        Err(error) if UNREADABLE.contains(&error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}
