//! The claims of a token, and the bearer that they describe.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest;
use domain::{Bearer, CallerKey, ClaimedTenants, Permissions, TenantId, Timestamp};
use serde_json::Number;

use crate::error::Reason;
use crate::issuers::{SelectedIssuer, TenantSource};
use crate::json::{Json, Members};
use crate::permission_claims::PermissionClaims;
use crate::profile::{Profile, TokenType};

/// Auth0's name for the client credentials grant, in `gty`.
const CLIENT_CREDENTIALS: &str = "client-credentials";

/// The times of a token, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    expires_at: i64,
    not_before: Option<i64>,
    issued_at: Option<i64>,
}

/// The limits of the times of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    /// The tolerated difference between the clocks.
    pub(crate) leeway: Duration,
    /// The longest lifetime of a token.
    pub(crate) max_lifetime: Duration,
}

impl Validity {
    /// Checks that a token is valid now, and that its lifetime is within the limit.
    pub(crate) fn check(self, now: Timestamp, limits: TimeLimits) -> Result<(), Reason> {
        let now = now.as_unix_millis();
        let [leeway, max_lifetime] = [limits.leeway, limits.max_lifetime]
            .map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let (earliest, latest) = (now.saturating_sub(leeway), now.saturating_add(leeway));
        // An `iat` in the future alone is no reason to refuse: RFC 7519 §4.1.6 gives it no such
        // meaning, and the lifetime is also limited from now on.
        let lifetime = self.issued_at.map(|issued| self.expires_at.saturating_sub(issued));
        // RFC 7519 §4.1.4: "on or after which the JWT MUST NOT be accepted".
        if earliest >= self.expires_at {
            Err(Reason::Expired)
        } else if self.not_before.is_some_and(|moment| moment > latest) {
            Err(Reason::NotYetValid)
        } else if self.expires_at > latest.saturating_add(max_lifetime)
            || lifetime.is_some_and(|lifetime| lifetime > max_lifetime)
        {
            Err(Reason::LifetimeTooLong)
        } else {
            Ok(())
        }
    }

    /// Returns whether there is an `iat`.
    pub(crate) fn has_issued_at(self) -> bool {
        self.issued_at.is_some()
    }
}

/// The claims of a token (RFC 7519 §4.1, RFC 9068 §2.2), of the right types.
pub(crate) struct Claims<'a> {
    pub(crate) issuer: Cow<'a, str>,
    pub(crate) audiences: Vec<Cow<'a, str>>,
    pub(crate) validity: Validity,
    subject: Option<Cow<'a, str>>,
    permissions: Permissions,
    remaining: Members<'a>,
}

impl fmt::Debug for Claims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl<'a> Claims<'a> {
    /// Parses the claims that are used. A claim of the wrong type is an error even if it is
    /// optional, because the issuer meant something by it.
    pub(crate) fn parse(mut members: Members<'a>) -> Result<Self, Reason> {
        let issuer = string(members.remove("iss"))?.ok_or(Reason::MissingClaim)?;
        let audiences = string_list(members.remove("aud"))?.ok_or(Reason::MissingClaim)?;
        let validity = Validity {
            expires_at: numeric_date(members.remove("exp").as_ref(), f64::floor)?
                .ok_or(Reason::MissingClaim)?,
            not_before: numeric_date(members.remove("nbf").as_ref(), f64::ceil)?,
            issued_at: numeric_date(members.remove("iat").as_ref(), f64::ceil)?,
        };
        let subject = string(optional(&members, "sub").cloned())?;
        let permissions = Permissions::default();
        Ok(Self { issuer, audiences, validity, subject, permissions, remaining: members })
    }

    /// Reads the permissions from the claims that the issuer uses for them.
    ///
    /// A claim of scopes is a string with spaces between them (RFC 6749 §3.3, RFC 9068 §2.2.3), or
    /// an array of strings as some issuers send it. A claim of permissions is an array of strings.
    pub(crate) fn read_permissions(&mut self, names: &PermissionClaims) -> Result<(), Reason> {
        let scopes = names.scopes.iter().map(|name| match optional(&self.remaining, name) {
            // Only spaces separate scopes.
            Some(Json::Text(text)) => Ok(text.split(' ').collect()),
            value => strings(value),
        });
        let permissions = names.permissions.iter().map(|name| match self.remaining.get(name) {
            Some(Json::Text(_)) => Err(Reason::MalformedClaims),
            _ => strings(optional(&self.remaining, name)),
        });
        let names = scopes.chain(permissions).collect::<Result<Vec<Vec<&str>>, _>>()?;
        self.permissions = Permissions::from_names(names.into_iter().flatten());
        Ok(())
    }

    /// Checks that the claims meet the profile, and are not those of an ID token.
    ///
    /// `at_hash` and `c_hash` are hashes of an access token or a code, which only ID tokens have
    /// (OpenID Connect Core 1.0 §3.3.2.11). `nonce` shows nothing: older versions of Keycloak put
    /// it into access tokens too. Access tokens that look like ID tokens, as those of Dex, have no
    /// scopes, so that nothing is lost by refusing them.
    pub(crate) fn check_profile(&self, profile: Profile, typ: TokenType) -> Result<(), Reason> {
        if ["at_hash", "c_hash"].iter().any(|name| self.remaining.contains(name)) {
            return Err(Reason::Type);
        }
        profile.check(typ, self.validity.has_issued_at(), &self.remaining)
    }

    /// Returns whether the subject is a machine client.
    ///
    /// Auth0 shows this by `gty`, in one of its two profiles, and by the suffix of `sub`; others by
    /// the client's own id as subject (RFC 9068 §2.2).
    pub(crate) fn is_machine_client(&self) -> bool {
        let is_client_credentials = match self.remaining.get("gty") {
            Some(Json::Array(types)) => types.iter().any(|grant| grant.is_text(CLIENT_CREDENTIALS)),
            Some(grant) => grant.is_text(CLIENT_CREDENTIALS),
            None => false,
        };
        is_client_credentials
            || self.subject.as_deref().is_some_and(|subject| {
                subject.ends_with("@clients")
                    || ["client_id", "azp"].iter().any(|name| {
                        self.remaining.get(name).is_some_and(|client| client.is_text(subject))
                    })
            })
    }

    /// Returns the bearer that the claims of this issuer describe.
    pub(crate) fn to_bearer(&self, selected: &SelectedIssuer<'_>) -> Result<Bearer, Reason> {
        Ok(Bearer {
            caller: self.caller_key(),
            issuer: self.issuer.as_ref().to_owned(),
            subject: self.subject.as_ref().and_then(|subject| subject.parse().ok()),
            subject_kind: selected.issuer.subjects(),
            permissions: self.permissions,
            tenants: self.claimed_tenants(selected)?,
        })
    }

    /// Returns a digest of the issuer, as the token names it, and the subject.
    fn caller_key(&self) -> CallerKey {
        let mut digest = digest::Context::new(&digest::SHA256);
        // The length separates issuer and subject unambiguously.
        digest.update(&(self.issuer.len() as u64).to_be_bytes());
        digest.update(self.issuer.as_bytes());
        if let Some(subject) = &self.subject {
            digest.update(b"=");
            digest.update(subject.as_bytes());
        }
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(digest.finish().as_ref()) {
            *to = *from;
        }
        CallerKey::new(key)
    }

    fn claimed_tenants(&self, selected: &SelectedIssuer<'_>) -> Result<ClaimedTenants, Reason> {
        let issuer_tenant = selected.tenant.as_ref();
        Ok(match selected.issuer.tenants() {
            TenantSource::Issuer => {
                ClaimedTenants::Listed(issuer_tenant.into_iter().cloned().collect())
            }
            TenantSource::Claim(name) => {
                let names = string_list(self.remaining.get(name).cloned())?.unwrap_or_default();
                let tenants = names.iter().filter_map(|name| name.parse::<TenantId>().ok());
                // The issuer of one tenant cannot grant access to another.
                let is_covered = |tenant: &TenantId| {
                    issuer_tenant.is_none_or(|issuer_tenant| issuer_tenant == tenant)
                };
                ClaimedTenants::Listed(tenants.filter(is_covered).collect())
            }
            TenantSource::Membership => {
                ClaimedTenants::Memberships { within: issuer_tenant.cloned() }
            }
            TenantSource::All => ClaimedTenants::All,
        })
    }
}

/// Returns a claim that may be left out; `null` is the same as leaving it out.
fn optional<'a, 'b>(claims: &'b Members<'a>, name: &str) -> Option<&'b Json<'a>> {
    claims.get(name).filter(|value| !matches!(value, Json::Null))
}

/// An array of strings, or nothing.
fn strings<'b>(value: Option<&'b Json<'_>>) -> Result<Vec<&'b str>, Reason> {
    match value {
        None => Ok(Vec::new()),
        Some(Json::Array(elements)) => elements
            .iter()
            .map(|element| element.as_text().ok_or(Reason::MalformedClaims))
            .collect(),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

fn string(value: Option<Json<'_>>) -> Result<Option<Cow<'_, str>>, Reason> {
    match value {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

/// A string, or an array of strings.
fn string_list(value: Option<Json<'_>>) -> Result<Option<Vec<Cow<'_, str>>>, Reason> {
    match value {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(vec![text])),
        Some(Json::Array(elements)) => elements
            .into_iter()
            .map(|element| {
                string(Some(element)).and_then(|text| text.ok_or(Reason::MalformedClaims))
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

/// A `NumericDate` in milliseconds: seconds since 1970, possibly with a fraction (RFC 7519 §2).
fn numeric_date(value: Option<&Json<'_>>, round: fn(f64) -> f64) -> Result<Option<i64>, Reason> {
    match value {
        None => Ok(None),
        Some(Json::Number(number)) => Ok(Some(millis(number, round))),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

fn millis(number: &Number, round: fn(f64) -> f64) -> i64 {
    if let Some(seconds) = number.as_i64() {
        return seconds.saturating_mul(1000);
    }
    // JSON has no NaN, and the cast saturates at the ends of `i64`.
    let millis = round(number.as_f64().unwrap_or_default() * 1000.0);
    #[expect(clippy::cast_possible_truncation, reason = "saturation is intended")]
    let millis = millis as i64;
    millis
}

#[cfg(test)]
mod tests;
