//! The binary.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use crate::support::{plain_client, send};

/// A running binary, which is killed on drop.
struct RunningBinary(Child);

impl Drop for RunningBinary {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth0-sim"));
    command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the binary and returns the four lines that it prints, as names and values.
fn start(command: &mut Command) -> (RunningBinary, Vec<(String, String)>) {
    let mut running = RunningBinary(command.spawn().unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines().take(4);
    let lines = lines
        .map(|line| {
            let line = line.unwrap();
            let (name, value) = line.split_once("  ").unwrap();
            (name.to_owned(), value.trim().to_owned())
        })
        .collect();
    (running, lines)
}

fn temporary_file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()))
}

#[tokio::test]
async fn binary_prints_its_address_and_serves() {
    let seed = temporary_file("seed.jsonl");
    let mut file = std::fs::File::create(&seed).unwrap();
    writeln!(file, r#"{{"user_id":"auth0|jane","email":"jane@acme.example","password":"pw"}}"#)
        .unwrap();
    writeln!(file).unwrap();
    let (running, lines) = start(command().arg("--seed").arg(&seed));
    let [url, id, secret, _] = lines.try_into().unwrap();
    assert_eq!(id, ("client id".to_owned(), "usher".to_owned()));
    assert_eq!(secret, ("client secret".to_owned(), "usher-secret".to_owned()));
    let client = plain_client().build().unwrap();
    let reply = send(client.get(format!("{}/__sim/users/auth0%7Cjane", url.1))).await.unwrap();
    assert_eq!(reply.json()["email"], "jane@acme.example");
    assert!(!reply.text.contains("\"password\""));
    drop(running);
}

#[tokio::test]
async fn binary_writes_tls_authority_to_file() {
    let file = temporary_file("ca.pem");
    let (running, lines) = start(command().arg("--tls").arg("--ca-out").arg(&file));
    let ca = reqwest::Certificate::from_pem(&std::fs::read(&file).unwrap()).unwrap();
    let client = plain_client().tls_certs_only([ca]).build().unwrap();
    let reply = send(client.get(format!("{}/__sim/health", lines[0].1))).await.unwrap();
    assert_eq!(reply.status, 200);
    drop(running);
}

#[cfg(unix)]
#[test]
fn binary_exits_cleanly_on_signal() {
    for signal in ["TERM", "INT"] {
        let (mut running, _) = start(&mut command());
        let id = running.0.id().to_string();
        let status = Command::new("kill").args([format!("-{signal}"), id]).status().unwrap();
        assert!(status.success());
        assert!(running.0.wait().unwrap().success());
    }
}

#[test]
fn invalid_seed_error_names_its_line() {
    let seed = temporary_file("bad.jsonl");
    std::fs::write(&seed, "{\"email\":\"a@b.example\"}\n{\"email\":\n").unwrap();
    let output = command().arg("--seed").arg(&seed).output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("line 2"), "{message}");
}
