//! TCP connections on which a test sends arbitrary bytes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Generous, for a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The interval between bytes of a slow client.
const SEND_INTERVAL: Duration = Duration::from_millis(20);

/// A client connection.
#[derive(Debug)]
pub(crate) struct RawConnection(TcpStream);

impl RawConnection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Sends the text and ignores errors.
    pub(crate) fn try_send(&mut self, text: &str) {
        // A response sent before the connection was reset can still be read.
        let _ = self.0.write_all(text.as_bytes());
    }

    /// Closes the sending half of the connection.
    pub(crate) fn close_write(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads until the received data contains the text.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut received = Vec::new();
        let mut byte = [0];
        while !String::from_utf8_lossy(&received).contains(text) {
            assert_eq!(
                self.0.read(&mut byte).unwrap(),
                1,
                "{}",
                String::from_utf8_lossy(&received)
            );
            received.extend(byte);
        }
        String::from_utf8(received).unwrap()
    }

    /// Reads until the server has closed or reset the connection.
    pub(crate) fn read_to_end(&mut self) -> String {
        let mut received = Vec::new();
        match self.0.read_to_end(&mut received) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        String::from_utf8(received).unwrap()
    }

    /// Sends the text repeatedly, one byte at a time, until the server closes the connection.
    /// Returns the received data.
    pub(crate) fn send_slowly(mut self, text: &str) -> String {
        self.0.set_read_timeout(Some(SEND_INTERVAL)).unwrap();
        let max_bytes = usize::try_from(TIMEOUT.as_millis() / SEND_INTERVAL.as_millis()).unwrap();
        let mut received = Vec::new();
        for byte in text.bytes().cycle().take(max_bytes) {
            let mut buffer = [0; 1024];
            match self.0.write_all(&[byte]).and_then(|()| self.0.read(&mut buffer)) {
                Ok(0) => return String::from_utf8(received).unwrap(),
                Ok(read) => received.extend(&buffer[..read]),
                Err(error) if is_timeout(error.kind()) => {}
                Err(_) => return String::from_utf8(received).unwrap(),
            }
        }
        panic!("the connection stays open: {}", String::from_utf8_lossy(&received));
    }

    /// Sends the text repeatedly without reading, until the server closes the connection.
    pub(crate) fn send_without_reading(mut self, text: &str) {
        self.0.set_write_timeout(Some(SEND_INTERVAL)).unwrap();
        let max_timeouts =
            usize::try_from(TIMEOUT.as_millis() / SEND_INTERVAL.as_millis()).unwrap();
        let mut timeouts = 0;
        while timeouts < max_timeouts {
            match self.0.write_all(text.as_bytes()) {
                Ok(()) => {}
                Err(error) if is_timeout(error.kind()) => timeouts += 1,
                Err(_) => return,
            }
        }
        panic!("the connection stays open");
    }

    /// Returns whether the server has neither sent data nor closed the connection.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let is_idle = self.0.peek(&mut [0]).is_err_and(|error| is_timeout(error.kind()));
        self.0.set_nonblocking(false).unwrap();
        is_idle
    }
}

/// Waits until connections are refused. Pending connections that are never accepted are reset when
/// the listener closes.
pub(crate) fn wait_for_refusal(address: SocketAddr) {
    while let Ok(stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        assert_eq!(RawConnection(stream).read_to_end(), "", "a new connection was served");
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
