//! The folder of a cluster.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::account::Account;
use crate::error::Error;

/// The longest temporary directory in which the path of the socket fits into the 107 bytes that it
/// may have: `/usher-pg-` with six characters, `/.s.PGSQL.` with five digits, and some reserve.
const MAX_PATH: usize = 70;

/// Creates the folder with mode 0700, as a property of the user that runs the server.
pub(crate) fn create() -> Result<(TempDir, Account), Error> {
    let build = |parent: &Path| {
        let mode = fs::Permissions::from_mode(0o700);
        tempfile::Builder::new().prefix("usher-pg-").permissions(mode).tempdir_in(parent)
    };
    let folder = build(&parent(&env::temp_dir())).map_err(Error::io("creating the folder"))?;
    let account = Account::for_owner_of(folder.path()).map_err(Error::io("reading the owner"))?;
    let folder = if account.is_other() && !is_open_to_all(folder.path()) {
        build(Path::new("/tmp")).map_err(Error::io("creating the folder"))?
    } else {
        folder
    };
    account.give(folder.path()).map_err(Error::io("changing the owner of the folder"))?;
    Ok((folder, account))
}

fn parent(temporary: &Path) -> PathBuf {
    let fits = temporary.is_absolute() && temporary.as_os_str().as_bytes().len() <= MAX_PATH;
    if fits { temporary.to_owned() } else { PathBuf::from("/tmp") }
}

/// Whether every user can enter the folders above, and remove a folder of its own from the last.
fn is_open_to_all(folder: &Path) -> bool {
    let mode = |path: &Path| fs::metadata(path).map_or(0, |known| known.permissions().mode());
    let writable = folder.parent().is_some_and(|parent| mode(parent) & 0o3 == 0o3);
    writable && folder.ancestors().skip(1).all(|ancestor| mode(ancestor) & 0o1 == 0o1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_temporary_directory_is_not_used() {
        assert_eq!(parent(Path::new("/var/tmp")), Path::new("/var/tmp"));
        assert_eq!(parent(&Path::new("/var").join("x".repeat(80))), Path::new("/tmp"));
        assert_eq!(parent(Path::new("tmp")), Path::new("/tmp"));
    }

    #[test]
    fn folder_in_a_private_directory_is_not_open() {
        let private = tempfile::tempdir().unwrap();
        assert!(!is_open_to_all(&private.path().join("folder")));
        let mode = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(private.path(), mode).unwrap();
        let open_above = is_open_to_all(private.path());
        assert_eq!(is_open_to_all(&private.path().join("folder")), open_above);
    }
}
