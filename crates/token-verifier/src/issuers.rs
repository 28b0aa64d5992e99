//! Whose tokens are believed: matching `iss` and `aud` before anything is fetched.

use domain::TenantId;
use ports::KeySetLocation;
use thiserror::Error;

use crate::algorithm::Algorithm;
use crate::error::Reason;
use crate::pattern::{Match, Pattern};
use crate::profile::Profile;

/// Where the tenants that a token covers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantSource {
    /// The tenant in the issuer's name.
    Issuer,
    /// The claim of this name: a tenant, or an array of them.
    Claim(String),
    /// The caller's own memberships, looked up by `sub`.
    Membership,
    /// Every tenant: the issuer's callers are operators.
    All,
}

/// One issuer whose tokens are believed, or a family of them with the tenant in their name.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    issuer: Pattern,
    jwks_uri: Option<Pattern>,
    audience: String,
    algorithms: Vec<Algorithm>,
    tenants: TenantSource,
    profile: Profile,
    machine_clients: bool,
    private_network: bool,
}

/// A setting of an issuer that cannot be: which one, and why. Fit for an error at the start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} {why}")]
pub struct InvalidIssuer {
    /// `issuer`, `jwks_uri`, `audience`, `algorithms` or `tenants`.
    pub field: &'static str,
    /// What is wrong, as the rest of a sentence that starts with the field.
    pub why: String,
}

impl InvalidIssuer {
    fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self { field, why: why.into() }
    }
}

impl TrustedIssuer {
    /// An issuer from its settings.
    ///
    /// `issuer` is exactly what tokens have as `iss`, a trailing slash included; it may have one
    /// `{tenant}` for a whole host label or a whole path segment. Without `jwks_uri` the key set
    /// is found by discovery.
    pub fn new(
        issuer: &str,
        jwks_uri: Option<&str>,
        audience: &str,
        algorithms: &[Algorithm],
        tenants: TenantSource,
    ) -> Result<Self, InvalidIssuer> {
        let issuer = Pattern::of_issuer(issuer).map_err(|why| InvalidIssuer::new("issuer", why))?;
        let jwks_uri = jwks_uri
            .map(Pattern::of_key_set)
            .transpose()
            .map_err(|why| InvalidIssuer::new("jwks_uri", why))?;
        let names_tenant = issuer.has_placeholder();
        if jwks_uri.as_ref().is_some_and(Pattern::has_placeholder) && !names_tenant {
            return Err(InvalidIssuer::new("jwks_uri", "has {tenant}, but the issuer has not"));
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
            // Whoever runs one tenant's issuer must not become an operator.
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
        })
    }

    /// With tokens that look like this.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Whether programs are let in by tokens of their own.
    #[must_use]
    pub fn with_machine_clients(self, machine_clients: bool) -> Self {
        Self { machine_clients, ..self }
    }

    /// Whether the issuer may stand in a private network.
    #[must_use]
    pub fn with_private_network(self, private_network: bool) -> Self {
        Self { private_network, ..self }
    }

    /// Whom its tokens must be meant for.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// How its tokens may be signed.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Where the tenants of its tokens come from.
    pub fn tenants(&self) -> &TenantSource {
        &self.tenants
    }

    /// What its tokens look like.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Whether programs are let in by tokens of their own.
    pub fn lets_machines_in(&self) -> bool {
        self.machine_clients
    }

    fn selected(&self, iss: &str, found: Match) -> Selected<'_> {
        let address = KeySetLocation {
            issuer: iss.to_owned(),
            jwks_uri: self.jwks_uri.as_ref().map(|pattern| pattern.filled(&found)),
            private_network: self.private_network,
        };
        Selected { issuer: self, tenant: found.tenant, address }
    }
}

/// The issuer that a token comes from, if its signature bears it out.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// Its settings.
    pub issuer: &'a TrustedIssuer,
    /// The tenant in its name, if it has a place for one.
    pub tenant: Option<TenantId>,
    /// Where its keys are.
    pub address: KeySetLocation,
}

/// All issuers whose tokens are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedIssuers(Vec<TrustedIssuer>);

impl TrustedIssuers {
    /// These issuers; where several match a token, the first counts.
    pub fn new(issuers: Vec<TrustedIssuer>) -> Self {
        Self(issuers)
    }

    /// The first issuer that has this name and one of these audiences.
    ///
    /// This is what keeps a token from naming the place that its keys are fetched from: a name
    /// that is not configured ends here (RFC 8725 §3.8, §3.9).
    pub fn select(&self, iss: &str, audiences: &[String]) -> Result<Selected<'_>, Reason> {
        let mut reason = Reason::UnknownIssuer;
        for issuer in &self.0 {
            if let Some(found) = issuer.issuer.matches(iss) {
                if audiences.contains(&issuer.audience) {
                    return Ok(issuer.selected(iss, found));
                }
                reason = Reason::WrongAudience;
            }
        }
        Err(reason)
    }

    /// Their names as they are configured: that of a template has its place for a tenant.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|issuer| issuer.issuer.to_string())
    }

    /// The configured name of the issuer that has this one.
    pub fn name_of(&self, iss: &str) -> Option<String> {
        let issuer = self.0.iter().find(|issuer| issuer.issuer.matches(iss).is_some())?;
        Some(issuer.issuer.to_string())
    }

    /// Where the keys are of all issuers that are fixed; none if there is a template among them,
    /// whose issuers nobody knows before they come.
    pub fn all_fixed(&self) -> Vec<KeySetLocation> {
        let address = |issuer: &TrustedIssuer| {
            let Pattern::Fixed(name) = &issuer.issuer else { return None };
            let found = issuer.issuer.matches(name)?;
            Some(issuer.selected(name, found).address)
        };
        self.0.iter().map(address).collect::<Option<_>>().unwrap_or_default()
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

    fn made(
        issuer: &str,
        jwks_uri: Option<&str>,
        audience: &str,
        tenants: TenantSource,
    ) -> Result<TrustedIssuer, InvalidIssuer> {
        TrustedIssuer::new(issuer, jwks_uri, audience, &[Algorithm::Rs256], tenants)
    }

    fn blamed(result: Result<TrustedIssuer, InvalidIssuer>) -> &'static str {
        result.unwrap_err().field
    }

    fn audiences(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_bad_setting_is_named() {
        let all = || TenantSource::All;
        assert_eq!(blamed(made("http://example.com/", None, "a", all())), "issuer");
        assert_eq!(blamed(made(FIXED, Some("keys"), "a", all())), "jwks_uri");
        assert_eq!(blamed(made(FIXED, Some("http://example.com/"), "a", all())), "jwks_uri");
        let place = Some("https://example.com/{tenant}");
        assert_eq!(blamed(made(FIXED, place, "a", all())), "jwks_uri");
        assert_eq!(blamed(made(FIXED, None, "", all())), "audience");
        assert_eq!(blamed(TrustedIssuer::new(FIXED, None, "a", &[], all())), "algorithms");
        let unnamed = TenantSource::Claim(String::new());
        assert_eq!(blamed(made(FIXED, None, "a", unnamed)), "tenants");
    }

    #[test]
    fn the_error_is_a_sentence_about_the_setting() {
        let error = made(FIXED, None, "a", TenantSource::Issuer).unwrap_err();
        assert_eq!(error.to_string(), "tenants is \"issuer\", but the issuer has no {tenant}");
    }

    #[test]
    fn the_source_of_tenants_must_fit_the_place_of_the_tenant() {
        let claim = || TenantSource::Claim("org".to_owned());
        for (tenants, with_place, without) in [
            (TenantSource::Issuer, true, false),
            (TenantSource::All, false, true),
            (TenantSource::Membership, true, true),
            (claim(), true, true),
        ] {
            assert_eq!(made(TEMPLATE, None, "a", tenants.clone()).is_ok(), with_place);
            assert_eq!(made(FIXED, None, "a", tenants).is_ok(), without);
        }
    }

    #[test]
    fn a_key_set_is_addressed_for_the_tenant() {
        let key_set = Some("https://keys.example.com/{tenant}");
        let issuer = made(TEMPLATE, key_set, "a", TenantSource::Issuer).unwrap();
        let issuers = TrustedIssuers::new(vec![issuer]);
        let iss = "https://cm.acme.example.com";
        let selected = issuers.select(iss, &audiences(&["a"])).unwrap();
        assert_eq!(selected.tenant.unwrap().as_str(), "acme");
        assert_eq!(selected.address.issuer, iss);
        assert_eq!(selected.address.jwks_uri.unwrap(), "https://keys.example.com/acme");
        assert!(!selected.address.private_network);
    }

    #[test]
    fn an_issuer_is_taken_as_any_unless_told_otherwise() {
        let issuer = made(FIXED, None, "a", TenantSource::All).unwrap();
        assert_eq!((issuer.profile(), issuer.lets_machines_in()), (Profile::Any, true));
        let issuer = issuer
            .with_profile(Profile::Rfc9068)
            .with_machine_clients(false)
            .with_private_network(true);
        assert_eq!((issuer.profile(), issuer.lets_machines_in()), (Profile::Rfc9068, false));
        let issuers = TrustedIssuers::new(vec![issuer]);
        let selected = issuers.select(FIXED, &audiences(&["a"])).unwrap();
        assert!(selected.address.private_network);
    }

    #[test]
    fn an_unknown_issuer_is_told_from_a_wrong_audience() {
        let issuers = TrustedIssuers::new(vec![made(FIXED, None, "a", TenantSource::All).unwrap()]);
        let reason = |iss, names: &[&str]| issuers.select(iss, &audiences(names)).err();
        assert_eq!(reason(FIXED, &["b", "a"]), None);
        assert_eq!(reason(FIXED, &["b"]), Some(Reason::WrongAudience));
        assert_eq!(reason(FIXED, &["A"]), Some(Reason::WrongAudience));
        assert_eq!(reason(FIXED, &[]), Some(Reason::WrongAudience));
        assert_eq!(reason("https://evil.test/", &["a"]), Some(Reason::UnknownIssuer));
        assert_eq!(TrustedIssuers::default().select(FIXED, &[]).err(), Some(Reason::UnknownIssuer));
    }

    #[test]
    fn the_first_that_matches_both_issuer_and_audience_is_taken() {
        let claim = TenantSource::Claim("org".to_owned());
        let issuers: TrustedIssuers = [
            made(FIXED, None, "one", TenantSource::All).unwrap(),
            made(FIXED, None, "two", TenantSource::Membership).unwrap(),
            made(FIXED, None, "two", claim).unwrap(),
        ]
        .into_iter()
        .collect();
        let taken = |names: &[&str]| {
            issuers.select(FIXED, &audiences(names)).unwrap().issuer.tenants().clone()
        };
        assert_eq!(taken(&["one"]), TenantSource::All);
        assert_eq!(taken(&["two"]), TenantSource::Membership);
        assert_eq!(taken(&["two", "one"]), TenantSource::All);
    }
}
