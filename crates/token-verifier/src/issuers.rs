//! The trusted issuers, selected by `iss` and `aud` before anything is fetched.

use std::collections::BTreeSet;

use domain::{SubjectKind, TenantId};
use ports::KeySetLocation;
use thiserror::Error;

use crate::algorithm::Algorithm;
use crate::error::Reason;
use crate::issuer_template::{TemplateMatch, UrlTemplate};
use crate::permission_claims::PermissionClaims;
use crate::profile::Profile;

/// The source of the tenants that a token covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantSource {
    /// The tenant in the name of the issuer.
    Issuer,
    /// The claim of this name: a tenant or an array of tenants.
    Claim(String),
    /// The memberships of the caller, looked up by `sub`.
    Membership,
    /// All tenants: callers of this issuer are operators.
    All,
}

/// A trusted issuer, or a template for one issuer per tenant.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    issuer: UrlTemplate,
    jwks_uri: Option<UrlTemplate>,
    audience: String,
    algorithms: Vec<Algorithm>,
    tenants: TenantSource,
    profile: Profile,
    machine_clients: bool,
    private_network: bool,
    permission_claims: PermissionClaims,
    subjects: SubjectKind,
}

/// The error for an invalid setting of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} {reason}")]
pub struct InvalidIssuer {
    /// The setting: `issuer`, `jwks_uri`, `audience`, `algorithms`, `tenants` or `subjects`.
    pub field: &'static str,
    /// What is wrong, as the rest of a sentence that starts with the setting.
    pub reason: String,
}

impl InvalidIssuer {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

impl TrustedIssuer {
    /// Creates an issuer from its settings.
    ///
    /// `issuer` is compared with `iss` exactly, a trailing slash included; it may have one
    /// `{tenant}` for a whole host label or a whole path segment. Without `jwks_uri` the key set is
    /// found by discovery.
    pub fn new(
        issuer: &str,
        jwks_uri: Option<&str>,
        audience: &str,
        algorithms: &[Algorithm],
        tenants: TenantSource,
    ) -> Result<Self, InvalidIssuer> {
        let issuer = UrlTemplate::parse_issuer(issuer)
            .map_err(|reason| InvalidIssuer::new("issuer", reason))?;
        let jwks_uri = jwks_uri
            .map(UrlTemplate::parse_key_set)
            .transpose()
            .map_err(|reason| InvalidIssuer::new("jwks_uri", reason))?;
        let names_tenant = issuer.has_placeholder();
        if jwks_uri.as_ref().is_some_and(UrlTemplate::has_placeholder) && !names_tenant {
            return Err(InvalidIssuer::new("jwks_uri", "has {tenant}, but the issuer does not"));
        }
        if audience.is_empty() {
            return Err(InvalidIssuer::new("audience", "must not be empty"));
        }
        if algorithms.is_empty() {
            return Err(InvalidIssuer::new("algorithms", "must name at least one algorithm"));
        }
        let objection = match &tenants {
            TenantSource::Issuer if !names_tenant => {
                Some("is \"issuer\", but the issuer has no {tenant}")
            }
            // The administrator of one tenant's issuer must not become an operator.
            TenantSource::All if names_tenant => Some("is \"all\", but the issuer has {tenant}"),
            TenantSource::Claim(name) if name.is_empty() => Some("must name a claim"),
            TenantSource::Issuer
            | TenantSource::Claim(_)
            | TenantSource::Membership
            | TenantSource::All => None,
        };
        if let Some(objection) = objection {
            return Err(InvalidIssuer::new("tenants", objection));
        }
        let (audience, algorithms) = (audience.to_owned(), algorithms.to_vec());
        let subjects = match &tenants {
            TenantSource::All => SubjectKind::External,
            TenantSource::Membership if !names_tenant => SubjectKind::Accounts,
            TenantSource::Membership | TenantSource::Issuer | TenantSource::Claim(_) => {
                SubjectKind::Home
            }
        };
        Ok(Self {
            issuer,
            jwks_uri,
            audience,
            algorithms,
            tenants,
            profile: Profile::Any,
            machine_clients: true,
            private_network: false,
            permission_claims: PermissionClaims::default(),
            subjects,
        })
    }

    /// Sets the profile that tokens must have. The default is [`Profile::Any`].
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Sets whether tokens of machine clients are accepted. They are by default.
    #[must_use]
    pub fn with_machine_clients(self, machine_clients: bool) -> Self {
        Self { machine_clients, ..self }
    }

    /// Sets whether keys may be fetched from a private network. They may not by default.
    #[must_use]
    pub fn with_private_network(self, private_network: bool) -> Self {
        Self { private_network, ..self }
    }

    /// Sets which accounts the subjects of tokens are. The default is any account for a fixed issuer
    /// with [`TenantSource::Membership`], none for [`TenantSource::All`], and otherwise the accounts
    /// at home in a tenant that the token covers.
    ///
    /// The issuer of one tenant must not speak for any account.
    pub fn with_subjects(self, subjects: SubjectKind) -> Result<Self, InvalidIssuer> {
        if subjects == SubjectKind::Accounts && self.issuer.has_placeholder() {
            let reason = "is \"accounts\", but the issuer has {tenant}";
            return Err(InvalidIssuer::new("subjects", reason));
        }
        Ok(Self { subjects, ..self })
    }

    /// Sets the claims that contain scopes, each a string or an array. The default is `scope`.
    #[must_use]
    pub fn with_scope_claims(mut self, names: Vec<String>) -> Self {
        self.permission_claims.scopes = names;
        self
    }

    /// Sets the claims that contain permissions, each an array. The default is `permissions`.
    #[must_use]
    pub fn with_permission_claims(mut self, names: Vec<String>) -> Self {
        self.permission_claims.permissions = names;
        self
    }

    /// Returns the audience that tokens must name.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Returns the algorithms that tokens may be signed with.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Returns the source of the tenants that tokens cover.
    pub fn tenants(&self) -> &TenantSource {
        &self.tenants
    }

    /// Returns which accounts the subjects of tokens are.
    pub fn subjects(&self) -> SubjectKind {
        self.subjects
    }

    /// Returns the profile that tokens must have.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Returns whether tokens of machine clients are accepted.
    pub fn allows_machine_clients(&self) -> bool {
        self.machine_clients
    }

    pub(crate) fn permission_claims(&self) -> &PermissionClaims {
        &self.permission_claims
    }

    fn select(
        &self,
        iss: &str,
        matched: TemplateMatch,
        known_tenants: &BTreeSet<TenantId>,
    ) -> SelectedIssuer<'_> {
        let location = KeySetLocation {
            issuer: iss.to_owned(),
            jwks_uri: self.jwks_uri.as_ref().map(|template| template.expand(&matched)),
            private_network: self.private_network,
        };
        let is_known = matched.tenant.as_ref().is_none_or(|tenant| known_tenants.contains(tenant));
        SelectedIssuer { issuer: self, tenant: matched.tenant, location, is_known }
    }
}

/// The issuer that a token names. Only the signature shows whether the token is from there.
#[derive(Debug, Clone)]
pub struct SelectedIssuer<'a> {
    /// The settings of the issuer.
    pub issuer: &'a TrustedIssuer,
    /// The tenant in the name, if the issuer is a template.
    pub tenant: Option<TenantId>,
    /// The location of the key set.
    pub location: KeySetLocation,
    /// Whether the settings name the issuer: it is fixed, or that of a known tenant.
    pub is_known: bool,
}

/// Two issuers that match the same token, by their positions in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmbiguousIssuers {
    /// The first of them.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// Whether they have the same name and audience. Otherwise one is a template that matches names
    /// of the other.
    pub is_same: bool,
}

/// All trusted issuers.
#[derive(Debug, Clone, Default)]
pub struct TrustedIssuers {
    entries: Vec<TrustedIssuer>,
    known_tenants: BTreeSet<TenantId>,
}

impl TrustedIssuers {
    /// Creates the list. Where several issuers match a token, the first is selected.
    pub fn new(issuers: Vec<TrustedIssuer>) -> Self {
        Self { entries: issuers, known_tenants: BTreeSet::new() }
    }

    /// Sets the tenants that are known to exist. Keys of their issuers are fetched without waiting
    /// for those of unknown tenants.
    #[must_use]
    pub fn with_known_tenants(self, known_tenants: BTreeSet<TenantId>) -> Self {
        Self { known_tenants, ..self }
    }

    /// Returns the positions of two issuers of which one can take a token meant for the other.
    ///
    /// Entries of one issuer may differ in their audience, which then selects between them. But no
    /// other entry may match a name of a template: a tenant would share its issuer with the entry.
    pub fn ambiguous(&self) -> Option<AmbiguousIssuers> {
        let entries = || self.entries.iter().enumerate();
        let pairs = entries().flat_map(|(second, entry)| {
            entries().take(second).map(move |(first, earlier)| (first, earlier, second, entry))
        });
        pairs
            .filter(|(_, earlier, _, entry)| {
                if earlier.issuer == entry.issuer {
                    earlier.audience == entry.audience
                } else {
                    earlier.issuer.overlaps(&entry.issuer)
                }
            })
            .map(|(first, earlier, second, entry)| AmbiguousIssuers {
                first,
                second,
                is_same: earlier.issuer == entry.issuer,
            })
            .next()
    }

    /// Returns the first issuer with this name and one of these audiences.
    ///
    /// This keeps a token from naming the location of its own keys: an issuer that is not
    /// configured is refused here (RFC 8725 §3.8, §3.9).
    pub fn select(
        &self,
        iss: &str,
        audiences: &[impl AsRef<str>],
    ) -> Result<SelectedIssuer<'_>, Reason> {
        let mut reason = Reason::UnknownIssuer;
        for issuer in &self.entries {
            if let Some(matched) = issuer.issuer.matches(iss) {
                if audiences.iter().any(|audience| audience.as_ref() == issuer.audience) {
                    return Ok(issuer.select(iss, matched, &self.known_tenants));
                }
                reason = Reason::WrongAudience;
            }
        }
        Err(reason)
    }

    /// Returns the names as configured; that of a template contains the placeholder.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|issuer| issuer.issuer.to_string())
    }

    /// Returns the configured name of the issuer that matches this `iss`.
    pub fn configured_name(&self, iss: &str) -> Option<String> {
        let issuer = self.entries.iter().find(|issuer| issuer.issuer.matches(iss).is_some())?;
        Some(issuer.issuer.to_string())
    }

    /// Returns whether the settings name the issuer: it is fixed, or that of a known tenant.
    pub fn is_known(&self, iss: &str) -> bool {
        let matched = self.entries.iter().find_map(|issuer| issuer.issuer.matches(iss));
        matched.is_some_and(|matched| {
            matched.tenant.is_none_or(|tenant| self.known_tenants.contains(&tenant))
        })
    }

    /// Returns the locations of all key sets, or none if there is a template, whose issuers are not
    /// known in advance.
    pub fn fixed_key_sets(&self) -> Vec<KeySetLocation> {
        let location = |issuer: &TrustedIssuer| {
            let UrlTemplate::Fixed(name) = &issuer.issuer else { return None };
            let matched = issuer.issuer.matches(name)?;
            Some(issuer.select(name, matched, &self.known_tenants).location)
        };
        self.entries.iter().map(location).collect::<Option<_>>().unwrap_or_default()
    }
}

impl FromIterator<TrustedIssuer> for TrustedIssuers {
    fn from_iter<I: IntoIterator<Item = TrustedIssuer>>(issuers: I) -> Self {
        Self::new(issuers.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
