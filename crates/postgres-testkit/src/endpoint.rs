//! How to connect to a cluster.

use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::Config;

use crate::error::Error;

/// The superuser, who needs no password on the socket.
pub(crate) const SUPERUSER: &str = "postgres";

/// PostgreSQL's own port, which also names the socket.
const DEFAULT_PORT: u16 = 5432;

/// What is encoded in a URL, besides the slashes of a path.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const ENCODED_IN_PATH: AsciiSet = ENCODED.remove(b'/');

/// The addresses of one cluster. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    socket_folder: Arc<PathBuf>,
    /// The TCP port, if there is one.
    port: Option<u16>,
}

impl Endpoint {
    pub(crate) fn new(socket_folder: PathBuf, port: Option<u16>) -> Self {
        Self { socket_folder: Arc::new(socket_folder), port }
    }

    /// Returns the TCP port, or else the number in the name of the socket.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// Returns the superuser's way to a database.
    pub(crate) fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host_path(&*self.socket_folder).port(self.port());
        config.user(SUPERUSER).dbname(database).application_name("postgres-testkit");
        config
    }

    /// Returns the URL of a database over the Unix socket.
    pub(crate) fn url(&self, user: &str, password: Option<&str>, database: &str) -> String {
        let folder = self.socket_folder.to_string_lossy();
        let folder = utf8_percent_encode(&folder, &ENCODED_IN_PATH);
        let port = self.port.map(|port| format!("&port={port}")).unwrap_or_default();
        let (login, database) = (login(user, password), encode(database));
        format!("postgres://{login}@/{database}?host={folder}{port}")
    }

    /// Returns the URL of a database over TCP.
    pub(crate) fn tcp_url(
        &self,
        user: &str,
        password: &str,
        database: &str,
    ) -> Result<String, Error> {
        let port = self.port.ok_or(Error::NoNetwork)?;
        let (login, database) = (login(user, Some(password)), encode(database));
        Ok(format!("postgres://{login}@127.0.0.1:{port}/{database}"))
    }
}

fn login(user: &str, password: Option<&str>) -> String {
    let password = password.map(|password| format!(":{}", encode(password))).unwrap_or_default();
    format!("{}{password}", encode(user))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, &ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn socket_url_is_understood_by_the_client() {
        let endpoint = Endpoint::new("/tmp/a b&c".into(), Some(6543));
        let url = endpoint.url("u@x", Some("p:/?#%"), "d/b");
        let config: Config = url.parse().unwrap();
        assert_eq!(config.get_hosts(), [Host::Unix("/tmp/a b&c".into())], "{url}");
        assert_eq!(config.get_ports(), [6543]);
        assert_eq!(config.get_user(), Some("u@x"));
        assert_eq!(config.get_password(), Some(&b"p:/?#%"[..]));
        assert_eq!(config.get_dbname(), Some("d/b"));
    }

    #[test]
    fn url_of_the_superuser_is_short() {
        let endpoint = Endpoint::new("/tmp/usher-pg-x1".into(), None);
        let url = endpoint.url(SUPERUSER, None, "test_1");
        assert_eq!(url, "postgres://postgres@/test_1?host=/tmp/usher-pg-x1");
    }

    #[test]
    fn tcp_url_needs_a_port() {
        let url = |port| Endpoint::new("/tmp/x".into(), port).tcp_url("u", "p", "d");
        assert_eq!(url(Some(6543)).unwrap(), "postgres://u:p@127.0.0.1:6543/d");
        assert!(matches!(url(None), Err(Error::NoNetwork)));
    }
}
