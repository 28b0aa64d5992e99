//! The URLs of issuers and key sets: fixed, or templates with a placeholder for the tenant.

use std::fmt;

use domain::TenantId;
use ports::is_loopback_host;
use url::Url;

/// The placeholder for the tenant in a template.
pub const TENANT_PLACEHOLDER: &str = "{tenant}";

/// A fixed URL, or a template in which one placeholder stands for a whole host label or a whole
/// path segment.
///
/// Matching compares text, before anything parses it as a URL: the exact prefix, a [`TenantId`],
/// the exact suffix. A tenant id has no `.`, `/`, `:`, `@` or upper case, so that no other host,
/// port, user or path can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UrlTemplate {
    Fixed(String),
    Template { prefix: String, suffix: String },
}

/// A successful match, with the tenant if there is a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateMatch {
    pub(crate) tenant: Option<TenantId>,
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Template { prefix, suffix } => write!(f, "{prefix}{TENANT_PLACEHOLDER}{suffix}"),
        }
    }
}

impl UrlTemplate {
    /// Parses the name of an issuer, which has neither query nor fragment (OpenID Connect Discovery
    /// 1.0 §3).
    pub(crate) fn parse_issuer(text: &str) -> Result<Self, String> {
        if text.contains(['?', '#']) {
            return Err("must have neither query nor fragment".to_owned());
        }
        Self::parse_key_set(text)
    }

    /// Parses the URL of a key set.
    pub(crate) fn parse_key_set(text: &str) -> Result<Self, String> {
        let template = Self::parse_placeholder(text)?;
        // Any tenant id will do: all consist of the same harmless characters.
        let sample = text.replace(TENANT_PLACEHOLDER, "tenant");
        let url = Url::parse(&sample).map_err(|error| format!("must be a URL: {error}"))?;
        // Checked before any error that repeats the URL, which may contain a password.
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
        // Tokens are compared as text, so that two spellings of one URL would be two issuers.
        let canonical = url.as_str();
        if canonical != sample && canonical.strip_suffix('/') != Some(sample.as_str()) {
            // The URL is not repeated, because its query may contain a secret.
            let message = "must be in normal form: lower case, no default port, no dot segments";
            return Err(message.to_owned());
        }
        Ok(template)
    }

    fn parse_placeholder(text: &str) -> Result<Self, String> {
        let Some((prefix, suffix)) = text.split_once(TENANT_PLACEHOLDER) else {
            return if text.contains(['{', '}']) {
                Err("must not have braces other than those of {tenant}".to_owned())
            } else {
                Ok(Self::Fixed(text.to_owned()))
            };
        };
        if prefix.contains(['{', '}']) || suffix.contains(['{', '}']) {
            return Err("must have {tenant} at most once, and no other braces".to_owned());
        }
        // The authority is the text after `://`, up to the next slash.
        let after_scheme = prefix.split_once("://").map_or("", |(_, rest)| rest);
        let is_whole = if after_scheme.contains(['?', '#']) {
            false
        } else if after_scheme.contains('/') {
            prefix.ends_with('/') && (suffix.is_empty() || suffix.starts_with(['/', '?']))
        } else {
            // The placeholder must not be the last label, the top-level domain.
            let label_starts = after_scheme.is_empty() || after_scheme.ends_with('.');
            let label_follows =
                suffix.strip_prefix('.').is_some_and(|rest| rest.starts_with(is_label_character));
            prefix.contains("://") && label_starts && label_follows
        };
        if !is_whole {
            return Err(
                "{tenant} must stand for a whole label of the host, not the last, or for a whole \
                 segment of the path"
                    .to_owned(),
            );
        }
        Ok(Self::Template { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// Returns whether there is a placeholder.
    pub(crate) fn has_placeholder(&self) -> bool {
        matches!(self, Self::Template { .. })
    }

    /// Matches a text, and returns the tenant in it.
    pub(crate) fn matches(&self, text: &str) -> Option<TemplateMatch> {
        match self {
            Self::Fixed(fixed) => (fixed == text).then_some(TemplateMatch { tenant: None }),
            Self::Template { prefix, suffix } => {
                let tenant = text.strip_prefix(prefix.as_str())?.strip_suffix(suffix.as_str())?;
                tenant.parse().ok().map(|tenant| TemplateMatch { tenant: Some(tenant) })
            }
        }
    }

    /// Returns whether a text exists that both match.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.has_match_of(other) || other.has_match_of(self)
    }

    /// Returns whether this matches a text of `other` whose tenant, if there is one, either is
    /// arbitrary or makes the text of `other` begin like this one.
    fn has_match_of(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Fixed(text)) => self.matches(text).is_some(),
            (Self::Fixed(_), Self::Template { .. }) => false,
            (Self::Template { prefix: own, .. }, Self::Template { prefix, .. }) => {
                let rest = own.strip_prefix(prefix.as_str()).unwrap_or_default();
                let label = rest.split(['.', '/', ':', '?']).next().unwrap_or_default();
                let candidates = ["tenant", label].into_iter().filter_map(|name| name.parse().ok());
                candidates
                    .map(|tenant| TemplateMatch { tenant: Some(tenant) })
                    .any(|candidate| self.matches(&other.expand(&candidate)).is_some())
            }
        }
    }

    /// Returns the URL for the tenant of a match. A fixed URL is the same for all.
    pub(crate) fn expand(&self, found: &TemplateMatch) -> String {
        match (self, &found.tenant) {
            (Self::Fixed(fixed), _) => fixed.clone(),
            (Self::Template { prefix, suffix }, Some(tenant)) => {
                format!("{prefix}{tenant}{suffix}")
            }
            // Unreachable: `TrustedIssuer::new` refuses a placeholder here if the issuer has none.
            // The result would not be a URL, and nothing would be fetched.
            (Self::Template { prefix, suffix }, None) => {
                format!("{prefix}{TENANT_PLACEHOLDER}{suffix}")
            }
        }
    }
}

fn is_label_character(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split_once(['/', '?', '#']).map_or(rest, |(authority, _)| authority)
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

#[cfg(test)]
mod tests;
