//! The trusted issuers, selected by `iss` and `aud` before anything is fetched.

use domain::TenantId;
use ports::KeySetLocation;
use thiserror::Error;

use crate::algorithm::Algorithm;
use crate::claims::PermissionClaims;
use crate::error::Reason;
use crate::issuer_template::{TemplateMatch, UrlTemplate};
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
}

/// The error for an invalid setting of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} {reason}")]
pub struct InvalidIssuer {
    /// The setting: `issuer`, `jwks_uri`, `audience`, `algorithms` or `tenants`.
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

    fn select(&self, iss: &str, matched: TemplateMatch) -> SelectedIssuer<'_> {
        let location = KeySetLocation {
            issuer: iss.to_owned(),
            jwks_uri: self.jwks_uri.as_ref().map(|template| template.expand(&matched)),
            private_network: self.private_network,
        };
        SelectedIssuer { issuer: self, tenant: matched.tenant, location }
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
}

/// All trusted issuers.
#[derive(Debug, Clone, Default)]
pub struct TrustedIssuers(Vec<TrustedIssuer>);

impl TrustedIssuers {
    /// Creates the list. Where several issuers match a token, the first is selected.
    pub fn new(issuers: Vec<TrustedIssuer>) -> Self {
        Self(issuers)
    }

    /// Returns the first issuer with this name and one of these audiences.
    ///
    /// This keeps a token from naming the location of its own keys: an issuer that is not
    /// configured is refused here (RFC 8725 §3.8, §3.9).
    pub fn select(&self, iss: &str, audiences: &[String]) -> Result<SelectedIssuer<'_>, Reason> {
        let mut reason = Reason::UnknownIssuer;
        for issuer in &self.0 {
            if let Some(matched) = issuer.issuer.matches(iss) {
                if audiences.contains(&issuer.audience) {
                    return Ok(issuer.select(iss, matched));
                }
                reason = Reason::WrongAudience;
            }
        }
        Err(reason)
    }

    /// Returns the names as configured; that of a template contains the placeholder.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|issuer| issuer.issuer.to_string())
    }

    /// Returns the configured name of the issuer that matches this `iss`.
    pub fn configured_name(&self, iss: &str) -> Option<String> {
        let issuer = self.0.iter().find(|issuer| issuer.issuer.matches(iss).is_some())?;
        Some(issuer.issuer.to_string())
    }

    /// Returns the locations of all key sets, or none if there is a template, whose issuers are not
    /// known in advance.
    pub fn fixed_key_sets(&self) -> Vec<KeySetLocation> {
        let location = |issuer: &TrustedIssuer| {
            let UrlTemplate::Fixed(name) = &issuer.issuer else { return None };
            let matched = issuer.issuer.matches(name)?;
            Some(issuer.select(name, matched).location)
        };
        self.0.iter().map(location).collect::<Option<_>>().unwrap_or_default()
    }
}

impl FromIterator<TrustedIssuer> for TrustedIssuers {
    fn from_iter<I: IntoIterator<Item = TrustedIssuer>>(issuers: I) -> Self {
        Self(issuers.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: &str = "https://example.eu.auth0.com/";
    const TEMPLATE: &str = "https://cm.{tenant}.example.com";

    fn issuer_with(
        issuer: &str,
        jwks_uri: Option<&str>,
        audience: &str,
        tenants: TenantSource,
    ) -> Result<TrustedIssuer, InvalidIssuer> {
        TrustedIssuer::new(issuer, jwks_uri, audience, &[Algorithm::Rs256], tenants)
    }

    fn invalid_field(result: Result<TrustedIssuer, InvalidIssuer>) -> &'static str {
        result.unwrap_err().field
    }

    fn audiences(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn invalid_setting_is_named_in_the_error() {
        let all = || TenantSource::All;
        assert_eq!(invalid_field(issuer_with("http://example.com/", None, "a", all())), "issuer");
        assert_eq!(invalid_field(issuer_with(FIXED, Some("keys"), "a", all())), "jwks_uri");
        assert_eq!(
            invalid_field(issuer_with(FIXED, Some("http://example.com/"), "a", all())),
            "jwks_uri"
        );
        let with_placeholder = Some("https://example.com/{tenant}");
        assert_eq!(invalid_field(issuer_with(FIXED, with_placeholder, "a", all())), "jwks_uri");
        assert_eq!(invalid_field(issuer_with(FIXED, None, "", all())), "audience");
        assert_eq!(invalid_field(TrustedIssuer::new(FIXED, None, "a", &[], all())), "algorithms");
        let unnamed_claim = TenantSource::Claim(String::new());
        assert_eq!(invalid_field(issuer_with(FIXED, None, "a", unnamed_claim)), "tenants");
    }

    #[test]
    fn issuer_error_reads_as_a_sentence() {
        let error = issuer_with(FIXED, None, "a", TenantSource::Issuer).unwrap_err();
        assert_eq!(error.to_string(), "tenants is \"issuer\", but the issuer has no {tenant}");
    }

    #[test]
    fn tenant_source_must_match_the_template() {
        let claim = || TenantSource::Claim("org".to_owned());
        for (tenants, with_placeholder, without_placeholder) in [
            (TenantSource::Issuer, true, false),
            (TenantSource::All, false, true),
            (TenantSource::Membership, true, true),
            (claim(), true, true),
        ] {
            assert_eq!(issuer_with(TEMPLATE, None, "a", tenants.clone()).is_ok(), with_placeholder);
            assert_eq!(issuer_with(FIXED, None, "a", tenants).is_ok(), without_placeholder);
        }
    }

    #[test]
    fn key_set_location_contains_the_tenant() {
        let key_set = Some("https://keys.example.com/{tenant}");
        let issuer = issuer_with(TEMPLATE, key_set, "a", TenantSource::Issuer).unwrap();
        let issuers = TrustedIssuers::new(vec![issuer]);
        let iss = "https://cm.acme.example.com";
        let selected = issuers.select(iss, &audiences(&["a"])).unwrap();
        assert_eq!(selected.tenant.unwrap().as_str(), "acme");
        assert_eq!(selected.location.issuer, iss);
        assert_eq!(selected.location.jwks_uri.unwrap(), "https://keys.example.com/acme");
        assert!(!selected.location.private_network);
    }

    #[test]
    fn issuer_defaults_allow_any_profile_and_machine_clients() {
        let issuer = issuer_with(FIXED, None, "a", TenantSource::All).unwrap();
        assert_eq!((issuer.profile(), issuer.allows_machine_clients()), (Profile::Any, true));
        let issuer = issuer
            .with_profile(Profile::Rfc9068)
            .with_machine_clients(false)
            .with_private_network(true);
        assert_eq!((issuer.profile(), issuer.allows_machine_clients()), (Profile::Rfc9068, false));
        let issuers = TrustedIssuers::new(vec![issuer]);
        let selected = issuers.select(FIXED, &audiences(&["a"])).unwrap();
        assert!(selected.location.private_network);
    }

    #[test]
    fn unknown_issuer_differs_from_wrong_audience() {
        let issuers =
            TrustedIssuers::new(vec![issuer_with(FIXED, None, "a", TenantSource::All).unwrap()]);
        let reason = |iss, names: &[&str]| issuers.select(iss, &audiences(names)).err();
        assert_eq!(reason(FIXED, &["b", "a"]), None);
        assert_eq!(reason(FIXED, &["b"]), Some(Reason::WrongAudience));
        assert_eq!(reason(FIXED, &["A"]), Some(Reason::WrongAudience));
        assert_eq!(reason(FIXED, &[]), Some(Reason::WrongAudience));
        assert_eq!(reason("https://evil.test/", &["a"]), Some(Reason::UnknownIssuer));
        assert_eq!(TrustedIssuers::default().select(FIXED, &[]).err(), Some(Reason::UnknownIssuer));
    }

    #[test]
    fn first_issuer_matching_name_and_audience_is_selected() {
        let claim = TenantSource::Claim("org".to_owned());
        let issuers: TrustedIssuers = [
            issuer_with(FIXED, None, "one", TenantSource::All).unwrap(),
            issuer_with(FIXED, None, "two", TenantSource::Membership).unwrap(),
            issuer_with(FIXED, None, "two", claim).unwrap(),
        ]
        .into_iter()
        .collect();
        let selected_tenants = |names: &[&str]| {
            issuers.select(FIXED, &audiences(names)).unwrap().issuer.tenants().clone()
        };
        assert_eq!(selected_tenants(&["one"]), TenantSource::All);
        assert_eq!(selected_tenants(&["two"]), TenantSource::Membership);
        assert_eq!(selected_tenants(&["two", "one"]), TenantSource::All);
    }
}
