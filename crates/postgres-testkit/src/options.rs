//! What kind of cluster to start.

/// How to start a cluster. The default is fast, and reachable by its Unix socket only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether commits survive a crash of the machine. Slow; without it, they survive a crash of
    /// the server in most cases only.
    pub fsync: bool,
    /// What the server offers besides its Unix socket.
    pub network: Network,
}

/// The TCP connections that a server accepts, all of them on 127.0.0.1 and with a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// None.
    #[default]
    None,
    /// Those without TLS, which the server does not offer.
    Plain,
    /// Those with TLS only, with a certificate for `localhost`, `127.0.0.1` and `postgres.test`.
    /// [`crate::Cluster::ca_pem`] returns the certificate of its authority.
    Tls,
}

impl Options {
    /// Returns the lines of `postgresql.conf` for these options.
    pub(crate) fn settings(self) -> String {
        let durable = if self.fsync { "on" } else { "off" };
        let (listen, tls) = match self.network {
            Network::None => ("", "off"),
            Network::Plain => ("127.0.0.1", "off"),
            Network::Tls => ("127.0.0.1", "on"),
        };
        // No background work that takes time from tests or changes their plans: vacuums, checkpoints
        // and just-in-time compilation. Memory that processes share is in files of the folder, so
        // that nothing is left in /dev/shm after a crash.
        format!(
            "listen_addresses = '{listen}'\n\
             ssl = {tls}\n\
             max_connections = 200\n\
             fsync = {durable}\n\
             synchronous_commit = {durable}\n\
             full_page_writes = {durable}\n\
             autovacuum = off\n\
             jit = off\n\
             checkpoint_timeout = 1h\n\
             max_wal_size = 4GB\n\
             dynamic_shared_memory_type = mmap\n"
        )
    }

    /// Returns `pg_hba.conf`. The superuser needs no password, but the socket is in a folder that
    /// only the user who started the cluster can enter.
    pub(crate) fn access_rules(self) -> String {
        let network = match self.network {
            Network::None => "",
            Network::Plain => "hostnossl all all 127.0.0.1/32 scram-sha-256\n",
            Network::Tls => "hostssl all all 127.0.0.1/32 scram-sha-256\n",
        };
        format!("local all postgres trust\nlocal all all scram-sha-256\n{network}")
    }
}
