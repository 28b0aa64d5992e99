//! Where the programs of PostgreSQL are.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Debian's and Ubuntu's packages have one folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The supported major versions, the newest first.
const VERSIONS: [&str; 4] = ["18", "17", "16", "15"];

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The folder of the programs of one installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries(PathBuf);

impl Binaries {
    /// Finds the programs: in the folder that `USHER_POSTGRES_BIN` names, else those of the newest
    /// of Debian's packages, else those in `PATH`.
    #[expect(clippy::disallowed_methods, reason = "tests have no settings module")]
    pub(crate) fn find() -> Result<Self, Error> {
        let configured = env::var_os("USHER_POSTGRES_BIN").filter(|value| !value.is_empty());
        let path = env::var_os("PATH").unwrap_or_default();
        Self::find_in(configured.as_deref(), Path::new(DEBIAN), &path)
    }

    fn find_in(configured: Option<&OsStr>, debian: &Path, path: &OsStr) -> Result<Self, Error> {
        if let Some(folder) = configured.map(PathBuf::from) {
            return if is_complete(&folder) {
                Ok(Self(folder))
            } else {
                Err(Error::WrongFolder(folder))
            };
        }
        let packaged = VERSIONS.iter().map(|version| debian.join(version).join("bin"));
        let mut folders = packaged.chain(env::split_paths(path).filter(|path| path.is_absolute()));
        folders.find(|folder| is_complete(folder)).map(Self).ok_or(Error::NotInstalled)
    }

    /// Returns the path of a program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn is_complete(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Makes a folder with all programs and returns its path.
    fn install(folder: PathBuf) -> PathBuf {
        fs::create_dir_all(&folder).unwrap();
        for program in PROGRAMS {
            fs::write(folder.join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn newest_supported_package_is_found() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "16", "19"] {
            install(root.path().join(version).join("bin"));
        }
        // A client's package has no server.
        fs::create_dir_all(root.path().join("17/bin")).unwrap();
        let found = Binaries::find_in(None, root.path(), OsStr::new("")).unwrap();
        assert_eq!(found, Binaries(root.path().join("16/bin")));
    }

    #[test]
    fn path_is_searched_after_packages() {
        let root = tempfile::tempdir().unwrap();
        let in_path = install(root.path().join("local"));
        let path = env::join_paths([root.path(), &in_path]).unwrap();
        let found = Binaries::find_in(None, root.path(), &path).unwrap();
        assert_eq!(found, Binaries(in_path));
    }

    #[test]
    fn configured_folder_comes_first_and_must_be_complete() {
        let root = tempfile::tempdir().unwrap();
        install(root.path().join("16/bin"));
        let other = install(root.path().join("other"));
        let find = |folder: &Path| {
            Binaries::find_in(Some(folder.as_os_str()), root.path(), OsStr::new(""))
        };
        assert_eq!(find(&other).unwrap(), Binaries(other));
        let empty = root.path().join("empty");
        assert!(matches!(find(&empty), Err(Error::WrongFolder(folder)) if folder == empty));
    }

    #[test]
    fn missing_server_names_the_package_to_install() {
        let root = tempfile::tempdir().unwrap();
        let error = Binaries::find_in(None, root.path(), OsStr::new("")).unwrap_err();
        assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
    }
}
