//! What is left of a cluster: nothing, however it ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use postgres_testkit::{Options, dedicated, shared};

use crate::{folder, is_running, server_pid, wait_until};

/// Starts the binary and returns it with the folder of its cluster, or `None` without a server.
fn start_binary(arguments: &[&str]) -> Option<(Child, PathBuf)> {
    shared()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_postgres-testkit"));
    let mut binary = command.arg("run").args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(binary.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("url").unwrap().trim();
    Some((binary, folder(url)))
}

#[test]
fn dropped_cluster_is_gone() {
    let Some(cluster) = dedicated(Options::default()) else { return };
    let folder = folder(&cluster.url());
    let pid = server_pid(&folder);
    assert!(is_running(&pid));
    drop(cluster);
    assert!(!is_running(&pid) && !folder.exists());
}

#[test]
fn cluster_is_gone_after_a_crash_of_its_server() {
    let Some(mut cluster) = dedicated(Options::default()) else { return };
    let folder = folder(&cluster.url());
    let text = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let segment = text.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    let is_left = || {
        let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
        segments.lines().any(|line| line.split_whitespace().nth(1) == Some(&segment))
    };
    assert!(is_left());
    cluster.kill().unwrap();
    drop(cluster);
    assert!(!folder.exists());
    wait_until("the segment is removed", || !is_left());
}

#[test]
fn killed_process_leaves_nothing() {
    let Some((mut binary, folder)) = start_binary(&[]) else { return };
    let pid = server_pid(&folder);
    binary.kill().unwrap();
    binary.wait().unwrap();
    wait_until("the folder is removed", || !folder.exists());
    wait_until("the server ends", || !is_running(&pid));
}

#[test]
fn interrupted_binary_removes_its_cluster() {
    let Some((mut binary, folder)) = start_binary(&["--tls"]) else { return };
    assert!(folder.join("ca.pem").exists());
    let id = binary.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(binary.wait().unwrap().success());
    assert!(!folder.exists());
}

#[test]
fn folder_is_private_and_the_server_not_root() {
    let Some(cluster) = shared() else { return };
    let folder = folder(&cluster.url());
    let known = std::fs::metadata(&folder).unwrap();
    assert_eq!(known.permissions().mode() & 0o777, 0o700);
    assert_ne!(known.uid(), 0);
    let server = std::fs::metadata(format!("/proc/{}", server_pid(&folder))).unwrap();
    assert_eq!(server.uid(), known.uid());
}

#[test]
fn wrong_folder_of_programs_is_an_error() {
    // In a process of its own, because the environment is that of the process.
    let mut command = Command::new(env!("CARGO_BIN_EXE_postgres-testkit"));
    let output = command.arg("run").env("USHER_POSTGRES_BIN", "/nonexistent").output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("/nonexistent does not contain initdb"), "{error}");
}
