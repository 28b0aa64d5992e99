//! An address that is fixed, or has a place for a tenant.

use std::fmt;

use domain::TenantId;
use url::{Host, Url};

/// Where the tenant stands in a template.
pub const PLACEHOLDER: &str = "{tenant}";

/// An address that is fixed, or has one place for a tenant: a whole host label, or a whole segment
/// of the path.
///
/// What matches is decided on the text alone, before anything reads it as a URL: the exact text
/// before the place, a [`TenantId`], the exact text after it. A tenant holds no `.`, `/`, `:`, `@`
/// or upper case, so no other host, port, user or path can look like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    Fixed(String),
    Template { prefix: String, suffix: String },
}

/// A text that matches, with the tenant that it names, if the pattern has a place for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) tenant: Option<TenantId>,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Template { prefix, suffix } => write!(f, "{prefix}{PLACEHOLDER}{suffix}"),
        }
    }
}

impl Pattern {
    /// The name of an issuer, which has neither query nor fragment (OpenID Connect Discovery 1.0
    /// §3).
    pub(crate) fn of_issuer(text: &str) -> Result<Self, String> {
        if text.contains(['?', '#']) {
            return Err("must have neither query nor fragment".to_owned());
        }
        Self::of_key_set(text)
    }

    /// The address of a key set.
    pub(crate) fn of_key_set(text: &str) -> Result<Self, String> {
        let pattern = Self::split(text)?;
        // Any tenant will do here: they all consist of the same harmless characters.
        let sample = text.replace(PLACEHOLDER, "tenant");
        let url = Url::parse(&sample).map_err(|error| format!("must be a URL: {error}"))?;
        // Before anything repeats the address: it may hold a password.
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err("must not have user information".to_owned());
        }
        if text.contains('#') {
            return Err("must not have a fragment".to_owned());
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err("must be https, or http on a loopback host".to_owned()),
        }
        // Two spellings of one address would be two issuers; tokens are compared as text.
        let canonical = url.as_str();
        if canonical != sample && canonical.strip_suffix('/') != Some(sample.as_str()) {
            // It is not said back: its query may hold a key.
            let normal = "must be spelt in the normal way: lower case, no default port, no dots";
            return Err(normal.to_owned());
        }
        Ok(pattern)
    }

    fn split(text: &str) -> Result<Self, String> {
        let Some((prefix, suffix)) = text.split_once(PLACEHOLDER) else {
            return if text.contains(['{', '}']) {
                Err("may have no braces but those of {tenant}".to_owned())
            } else {
                Ok(Self::Fixed(text.to_owned()))
            };
        };
        if prefix.contains(['{', '}']) || suffix.contains(['{', '}']) {
            return Err("may have {tenant} once, and no other braces".to_owned());
        }
        // The authority is what follows `://`, up to the next slash.
        let after_scheme = prefix.split_once("://").map_or("", |(_, rest)| rest);
        let whole = if after_scheme.contains(['?', '#']) {
            false
        } else if after_scheme.contains('/') {
            prefix.ends_with('/') && (suffix.is_empty() || suffix.starts_with(['/', '?']))
        } else {
            // The last label must not be the tenant's: it would be the top-level domain.
            let label_starts = after_scheme.is_empty() || after_scheme.ends_with('.');
            let label_follows =
                suffix.strip_prefix('.').is_some_and(|rest| rest.starts_with(label_character));
            prefix.contains("://") && label_starts && label_follows
        };
        if !whole {
            return Err(
                "{tenant} must stand for a whole label of the host, not the last, or for a whole \
                 segment of the path"
                    .to_owned(),
            );
        }
        Ok(Self::Template { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// Whether there is a place for a tenant.
    pub(crate) fn has_placeholder(&self) -> bool {
        matches!(self, Self::Template { .. })
    }

    /// Whether the text is this address, and for which tenant.
    pub(crate) fn matches(&self, text: &str) -> Option<Match> {
        match self {
            Self::Fixed(fixed) => (fixed == text).then_some(Match { tenant: None }),
            Self::Template { prefix, suffix } => {
                let tenant = text.strip_prefix(prefix.as_str())?.strip_suffix(suffix.as_str())?;
                tenant.parse().ok().map(|tenant| Match { tenant: Some(tenant) })
            }
        }
    }

    /// The address for a match of another pattern. A fixed one is the same for all.
    pub(crate) fn filled(&self, found: &Match) -> String {
        match (self, &found.tenant) {
            (Self::Fixed(fixed), _) => fixed.clone(),
            (Self::Template { prefix, suffix }, Some(tenant)) => {
                format!("{prefix}{tenant}{suffix}")
            }
            // Never happens: where one has a place, the other has too. If it did, the result would
            // be no URL and nothing would be fetched.
            (Self::Template { prefix, suffix }, None) => format!("{prefix}{PLACEHOLDER}{suffix}"),
        }
    }
}

fn label_character(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split_once(['/', '?', '#']).map_or(rest, |(authority, _)| authority)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // RFC 6761 §6.3
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
