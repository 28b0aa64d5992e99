//! A running cluster.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::account::Account;
use crate::admin;
use crate::authority::Authority;
use crate::binaries::Binaries;
use crate::database::{Database, Role, Template, identifier, literal};
use crate::endpoint::{Endpoint, SUPERUSER};
use crate::error::Error;
use crate::folder;
use crate::options::{Network, Options};
use crate::postmaster::{Launch, Postmaster};
use crate::watcher::Watcher;

/// How many ports are tried. Another process may take one after it was found to be free.
const PORT_ATTEMPTS: usize = 20;

/// A throw-away cluster. Dropping it stops the server and removes all files.
#[derive(Debug)]
pub struct Cluster {
    // Dropped before the process, for whose end it waits.
    _watcher: Watcher,
    postmaster: Postmaster,
    endpoint: Endpoint,
    folder: PathBuf,
    authority: Option<Authority>,
    /// The names of the templates that are ready.
    templates: Mutex<BTreeSet<String>>,
    databases: AtomicU64,
}

impl Cluster {
    /// Creates and starts a cluster.
    ///
    /// # Errors
    ///
    /// [`Error::NotInstalled`] if there is no server, and others if it cannot be started.
    pub fn start(options: Options) -> Result<Self, Error> {
        let binaries = Binaries::find()?;
        let (temporary, account) = folder::create()?;
        let watcher = Watcher::start(account, &binaries, temporary.path())?;
        let folder = temporary.keep(); // from now on, the watcher removes it
        let postmaster = Postmaster::initialize(account, binaries, folder.clone())?;
        let authority = configure(options, account, &folder, &postmaster.data())?;
        let mut cluster = Self {
            _watcher: watcher,
            postmaster,
            endpoint: Endpoint::new(folder.clone(), None),
            folder,
            authority,
            templates: Mutex::default(),
            databases: AtomicU64::new(1),
        };
        cluster.start_on_free_port(options.network)?;
        Ok(cluster)
    }

    fn start_on_free_port(&mut self, network: Network) -> Result<(), Error> {
        let mut output = String::new();
        for _ in 0..PORT_ATTEMPTS {
            let port = (network != Network::None).then(free_port).transpose()?;
            self.endpoint = Endpoint::new(self.folder.clone(), port);
            match self.postmaster.launch(&self.endpoint)? {
                Launch::Ready => return Ok(()),
                Launch::Exited(log) => output = log,
            }
            if !output.contains("Address already in use") {
                break;
            }
        }
        Err(Error::Program { program: "postgres", output })
    }

    /// Creates an empty database.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the server is down.
    pub fn database(&self) -> Result<Database, Error> {
        Database::create(&self.endpoint, self.next_name(), "template0")
    }

    /// Clones a template, with its contents.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the server is down.
    pub fn database_from(&self, template: &Template) -> Result<Database, Error> {
        Database::create(&self.endpoint, self.next_name(), &template.name)
    }

    fn next_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the template of this name, which the first call prepares: the future gets the
    /// superuser's URL of an empty database, and runs on this crate's own runtime. Other callers
    /// wait until it is ready. After a failure, the next call tries again.
    ///
    /// # Errors
    ///
    /// [`Error::Template`] if the preparation fails or panics, and [`Error::Sql`] if the server is
    /// down.
    pub fn template<F, E>(
        &self,
        name: &str,
        prepare: impl FnOnce(String) -> F,
    ) -> Result<Template, Error>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
    {
        let template = Template { name: name.to_owned() };
        let mut ready = self.templates.lock();
        if ready.contains(name) {
            return Ok(template);
        }
        let quoted = identifier(name);
        self.execute(&format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"))?;
        self.execute(&format!("CREATE DATABASE {quoted} TEMPLATE template0"))?;
        let prepared = admin::wait_for(prepare(self.endpoint.url(SUPERUSER, None, name)));
        let failed = |source| Error::Template { name: name.to_owned(), source };
        prepared
            .ok_or_else(|| failed("it panicked".into()))?
            .map_err(|error| failed(error.into()))?;
        // A database with connections cannot be cloned.
        self.execute(&format!(
            "ALTER DATABASE {quoted} ALLOW_CONNECTIONS false; \
             SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = {}",
            literal(name)
        ))?;
        ready.insert(template.name.clone());
        Ok(template)
    }

    /// Creates a role that can log in, or sets the password of one. It owns nothing. Roles belong to
    /// the whole cluster.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the server is down.
    pub fn login_role(&self, name: &str, password: &str) -> Result<Role, Error> {
        // Two tests may do so at the same time.
        self.execute(&format!(
            "BEGIN; LOCK TABLE pg_authid; \
             DO $$ BEGIN IF to_regrole({quoted}) IS NULL THEN CREATE ROLE {role}; END IF; END $$; \
             ALTER ROLE {role} LOGIN PASSWORD {password}; COMMIT",
            role = identifier(name),
            quoted = literal(&identifier(name)),
            password = literal(password),
        ))?;
        Ok(Role { name: name.to_owned(), password: password.to_owned() })
    }

    /// Returns the superuser's URL of the database `postgres`, over the Unix socket.
    pub fn url(&self) -> String {
        self.endpoint.url(SUPERUSER, None, "postgres")
    }

    /// Returns the URL of a role for the database `postgres` over TCP, without an `sslmode`.
    ///
    /// # Errors
    ///
    /// [`Error::NoNetwork`] if the cluster accepts no TCP connections.
    pub fn tcp_url_for(&self, role: &Role) -> Result<String, Error> {
        self.endpoint.tcp_url(&role.name, &role.password, "postgres")
    }

    /// Runs statements as the superuser in the database `postgres`.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if a statement fails or the server is down.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        admin::execute(self.endpoint.config("postgres"), sql.to_owned())
    }

    /// Returns the certificate of the authority that signed the server's, if it offers TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::pem)
    }

    /// Returns the file with [`Self::ca_pem`].
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.authority.as_ref().map(|_| self.folder.join("ca.pem"))
    }

    /// Kills the server by SIGKILL. Its addresses stay the same for [`Self::restart`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the process cannot be killed.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.postmaster.kill()
    }

    /// Stops the server in its orderly way, which ends its connections.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if it does not stop, or does not run.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.postmaster.stop()
    }

    /// Starts the server, which [`Self::kill`] or [`Self::stop`] has ended, at the same addresses.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if it does not start.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.postmaster.relaunch(&self.endpoint)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.postmaster.reap();
    }
}

/// Writes the settings, and the certificates if the server is to offer TLS.
fn configure(
    options: Options,
    account: Account,
    folder: &Path,
    data: &Path,
) -> Result<Option<Authority>, Error> {
    let append = |file: &str, text: &str| {
        let path = data.join(file);
        let write = || fs::File::options().append(true).open(&path)?.write_all(text.as_bytes());
        write().map_err(Error::io("writing the settings"))
    };
    append("postgresql.conf", &options.settings())?;
    fs::write(data.join("pg_hba.conf"), options.access_rules())
        .map_err(Error::io("writing the access rules"))?;
    if options.network != Network::Tls {
        return Ok(None);
    }
    let authority = Authority::generate()?;
    let (certificate, key) = authority.sign()?;
    let (certificate_file, key_file) = (data.join("server.crt"), data.join("server.key"));
    let write = || {
        fs::write(folder.join("ca.pem"), authority.pem())?;
        fs::write(&certificate_file, certificate)?;
        let mut created = fs::File::options();
        let mut key_output = created.create_new(true).write(true).mode(0o600).open(&key_file)?;
        key_output.write_all(key.as_bytes())?;
        account.give(&certificate_file)?;
        account.give(&key_file)
    };
    write().map_err(Error::io("writing the certificates"))?;
    Ok(Some(authority))
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(Error::io("looking for a free port"))?.port())
}
