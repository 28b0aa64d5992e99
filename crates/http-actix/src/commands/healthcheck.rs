//! `usher healthcheck`

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

use super::output::{CommandResult, ConfigFile, print, socket_address};
use crate::settings;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,
    /// Address of the service; defaults to the one in the settings
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = socket_address)]
    address: Option<SocketAddr>,
}

pub(super) fn run(options: &Options) -> CommandResult {
    let mut address = if let Some(address) = options.address {
        address
    } else {
        let http = settings::load_http(options.file.config.as_deref())?;
        http.admin_listen.unwrap_or(http.listen)
    };
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let status =
        request_status(address).map_err(|error| format!("the service at {address}: {error}"))?;
    if status != "200" {
        return Err(format!("the service at {address} is not ready: status {status}").into());
    }
    print("ready")?;
    Ok(())
}

/// Returns the status of a readiness request. One plain request needs no HTTP client.
fn request_status(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    // "HTTP/1.1 200"
    let head = String::from_utf8_lossy(&head).into_owned();
    Ok(head.split(' ').nth(1).unwrap_or_default().to_owned())
}
