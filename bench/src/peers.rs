//! The gateways to compare with: Express and `FastAPI`, each with Auth0's packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::auth0::{AUDIENCE, Auth0, CLIENT_ID, CLIENT_SECRET, TENANT_CLAIM};
use crate::context::root;
use crate::process::{Server, free_address};
use crate::usher::PUBLIC_URL;

/// Starts the gateway with Express: one process of Node, as in production. The error says what is
/// missing.
pub(crate) fn start_express(issuer: &Auth0, auth0: &Auth0) -> Result<Server, String> {
    let files = ["package.json", "package-lock.json", "gateway.mjs"];
    let folder = install("express", files, |folder| {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        run(npm.current_dir(folder), "npm ci, which needs Node 20.19 and npm's registry")
    })?;
    let address = free_address();
    let mut node = Command::new("node");
    node.arg("gateway.mjs")
        .current_dir(folder)
        .env("NODE_ENV", "production")
        .env("NODE_EXTRA_CA_CERTS", auth0.ca().unwrap())
        .env("PORT", address.port().to_string())
        .envs(variables(issuer, auth0));
    Ok(Server::start(node, address, ""))
}

/// Starts the gateway with `FastAPI`: one process of Uvicorn with uvloop and httptools, without an
/// access log. The error says what is missing.
pub(crate) fn start_fastapi(issuer: &Auth0, auth0: &Auth0) -> Result<Server, String> {
    let files = ["requirements.in", "requirements.txt", "gateway.py"];
    let folder = install("fastapi", files, |folder| {
        let needs = "pip install, which needs Python 3.11 with venv, and PyPI";
        run(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(folder), needs)?;
        let mut pip = Command::new(folder.join("venv/bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        run(pip.args(["-r", "requirements.txt"]).current_dir(folder), needs)
    })?;
    let address = free_address();
    let mut uvicorn = Command::new(folder.join("venv/bin/uvicorn"));
    uvicorn
        .args(["gateway:app", "--no-access-log", "--log-level", "warning", "--port"])
        .arg(address.port().to_string())
        .current_dir(folder)
        .env("SSL_CERT_FILE", auth0.ca().unwrap())
        .envs(variables(issuer, auth0));
    Ok(Server::start(uvicorn, address, ""))
}

fn variables(issuer: &Auth0, auth0: &Auth0) -> [(&'static str, String); 8] {
    [
        ("ISSUER_URL", issuer.url().to_owned()),
        ("AUTH0_DOMAIN", auth0.url().trim_start_matches("https://").to_owned()),
        ("AUTH0_CLIENT_ID", CLIENT_ID.to_owned()),
        ("AUTH0_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("AUDIENCE", AUDIENCE.to_owned()),
        ("TENANT_CLAIM", TENANT_CLAIM.to_owned()),
        ("PUBLIC_URL", PUBLIC_URL.to_owned()),
        ("NO_PROXY", "127.0.0.1".to_owned()),
    ]
}

/// Copies the files of a gateway to `target/bench` and installs its packages there, unless an
/// earlier run has installed the same.
fn install(
    name: &str,
    files: [&str; 3],
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let source = root().join("bench").join(name);
    let folder = root().join("target/bench").join(name);
    let versions = fs::read(source.join(files[1])).unwrap();
    let stamp = folder.join("installed");
    fs::create_dir_all(&folder).unwrap();
    for file in files {
        fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    if fs::read(&stamp).is_ok_and(|installed| installed == versions) {
        return Ok(folder);
    }
    println!("  installing the packages of {name}");
    let _ = fs::remove_file(&stamp);
    install(&folder)?;
    fs::write(&stamp, versions).unwrap();
    Ok(folder)
}

fn run(command: &mut Command, needs: &str) -> Result<(), String> {
    let failed = || format!("not possible: {needs}");
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    if status.map_err(|_| failed())?.success() { Ok(()) } else { Err(failed()) }
}
