//! Connections on which a test says every byte itself.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long bytes of a client that drips are apart.
const DRIP: Duration = Duration::from_millis(20);

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Says as much as the other side lets it.
    pub(crate) fn say_what_can_be(&mut self, text: &str) {
        // What it said before it had enough is still there to be read.
        let _ = self.0.write_all(text.as_bytes());
    }

    /// Says that there is no more to come.
    pub(crate) fn say_no_more(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads until the text has come.
    pub(crate) fn hear(&mut self, text: &str) -> String {
        let mut heard = Vec::new();
        let mut byte = [0];
        while !String::from_utf8_lossy(&heard).contains(text) {
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&heard));
            heard.extend(byte);
        }
        String::from_utf8(heard).unwrap()
    }

    /// Reads until the other side has closed the connection, one way or another.
    pub(crate) fn hear_all(&mut self) -> String {
        let mut heard = Vec::new();
        match self.0.read_to_end(&mut heard) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        String::from_utf8(heard).unwrap()
    }

    /// Says this text again and again, a byte at a time, until the other side has had enough;
    /// answers what it says then.
    pub(crate) fn drip(mut self, text: &str) -> String {
        self.0.set_read_timeout(Some(DRIP)).unwrap();
        let drips = usize::try_from(PATIENCE.as_millis() / DRIP.as_millis()).unwrap();
        let mut heard = Vec::new();
        for byte in text.bytes().cycle().take(drips) {
            let mut some = [0; 1024];
            match self.0.write_all(&[byte]).and_then(|()| self.0.read(&mut some)) {
                Ok(0) => return String::from_utf8(heard).unwrap(),
                Ok(read) => heard.extend(&some[..read]),
                Err(error) if is_pause(error.kind()) => {}
                Err(_) => return String::from_utf8(heard).unwrap(),
            }
        }
        panic!("it goes on listening: {}", String::from_utf8_lossy(&heard));
    }

    /// Says this text again and again and reads nothing, until the other side has had enough.
    pub(crate) fn flood(mut self, text: &str) {
        self.0.set_write_timeout(Some(DRIP)).unwrap();
        let tries = usize::try_from(PATIENCE.as_millis() / DRIP.as_millis()).unwrap();
        let mut pauses = 0;
        while pauses < tries {
            match self.0.write_all(text.as_bytes()) {
                Ok(()) => {}
                Err(error) if is_pause(error.kind()) => pauses += 1,
                Err(_) => return,
            }
        }
        panic!("it goes on waiting for its answers to be read");
    }

    /// Whether the other side has neither said anything nor closed the connection.
    pub(crate) fn is_silent(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let silent = self.0.peek(&mut [0]).is_err_and(|error| is_pause(error.kind()));
        self.0.set_nonblocking(false).unwrap();
        silent
    }
}

fn is_pause(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
