//! Raw HTTP requests, for what an HTTP client would not send.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use socket2::{Domain, Socket, Type};

use super::{Answer, App};

impl App {
    /// Sends these bytes on a new connection, and reads one response.
    pub(crate) fn exchange(&self, request: &[u8]) -> Answer {
        exchange(self.address, request)
    }

    /// Like [`App::exchange`], on the admin listener.
    pub(crate) fn exchange_as_admin(&self, request: &[u8]) -> Answer {
        exchange(self.admin_address.unwrap(), request)
    }

    /// Returns a request head with `Connection: close`.
    pub(crate) fn head(&self, request_line: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        let host = self.address.to_string();
        let all = [&[("Host", host.as_str()), ("Connection", "close")], headers].concat();
        let lines: Vec<_> =
            all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{request_line} HTTP/1.1\r\n{}\r\n", lines.concat()).into_bytes()
    }
}

/// Connects with a receive buffer of minimal size.
pub(crate) fn slow_reader(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let status = line().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    while let Some((name, value)) = line().split_once(": ") {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let length = headers.get("content-length").map_or("0", |length| length.to_str().unwrap());
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        text: String::from_utf8(body).unwrap(),
    }
}
