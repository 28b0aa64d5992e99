//! The sections of the settings that change only with a restart.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::ExposeSecret as _;

use super::raw::{Auth0, Database, Directory, Raw};

/// The sections that cannot change at run time, as text to compare, without secrets.
#[derive(Debug, Default)]
pub(crate) struct FrozenSections(Vec<(&'static str, String)>);

impl FrozenSections {
    pub(super) fn of(raw: &Raw) -> Self {
        let Raw {
            http,
            log,
            directory,
            database,
            auth,
            accounts,
            passwords,
            limits,
            overload,
            reload,
            traces,
            roles: _,
        } = raw;
        let auth = (
            (auth.leeway_ms, auth.max_token_lifetime_ms, auth.cached_tokens, auth.max_token_bytes),
            (auth.key_cooldown_ms, auth.key_refresh_ms, auth.key_stale_ms),
        );
        Self(vec![
            ("http", format!("{http:?}")),
            ("log.format", log.format.clone()),
            ("directory", directory_without_secret(directory)),
            ("database", database_without_secret(database)),
            ("auth", format!("{auth:?}")),
            ("accounts", format!("{accounts:?}")),
            ("passwords", format!("{passwords:?}")),
            ("limits", format!("{limits:?}")),
            ("overload", format!("{overload:?}")),
            ("reload", format!("{reload:?}")),
            ("traces", format!("{traces:?}")),
        ])
    }

    /// Returns the names of the sections that differ.
    pub(crate) fn differing_from(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.0.iter().zip(&other.0);
        pairs.filter(|(own, others)| own != others).map(|((name, _), _)| *name).collect()
    }
}

/// Formats the section except for the client secret and its file, which a reload may change.
fn directory_without_secret(directory: &Directory) -> String {
    let Directory { adapter, memory, auth0 } = directory;
    let Auth0 { domain, audience, client_id, connection, metadata_prefix, .. } = auth0;
    let Auth0 { attach_connections, timeout_ms, ca_file, invite, verify_email, .. } = auth0;
    let connections = (connection, attach_connections);
    let auth0 = (domain, audience, client_id, connections, metadata_prefix);
    format!("{adapter:?} {memory:?} {auth0:?} {timeout_ms} {ca_file:?} {invite} {verify_email}")
}

/// Formats the section with a digest of the connection URI, which may contain a password.
fn database_without_secret(database: &Database) -> String {
    let url = database.url.as_ref();
    let url = url.map(|url| digest(&SHA256, url.expose_secret().as_bytes()));
    // `Debug` of the section redacts the URI.
    format!("{database:?} {url:?}")
}
