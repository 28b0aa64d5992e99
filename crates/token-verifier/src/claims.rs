//! What a token claims, and the bearer that it makes.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest;
use domain::{Bearer, CallerKey, ClaimedTenants, Permissions, TenantId, Timestamp};
use serde_json::{Map, Number, Value};

use crate::error::Reason;
use crate::issuers::{Selected, TenantSource};
use crate::profile::{Profile, TokenType};

/// How Auth0 names the grant by which programs get tokens of their own.
const CLIENT_CREDENTIALS: &str = "client-credentials";

/// When a token is good, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    expires: i64,
    not_before: Option<i64>,
    issued: Option<i64>,
}

/// What the times of a token must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How far the clocks may be apart.
    pub(crate) leeway: Duration,
    /// How long a token may be good for.
    pub(crate) max_lifetime: Duration,
}

impl Validity {
    /// Whether a token is good now, and was not made to be good for too long.
    pub(crate) fn check(self, now: Timestamp, limits: Limits) -> Result<(), Reason> {
        let now = now.as_unix_millis();
        let [leeway, max_lifetime] = [limits.leeway, limits.max_lifetime]
            .map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let (earliest, latest) = (now.saturating_sub(leeway), now.saturating_add(leeway));
        let lifetime = self.issued.map(|issued| self.expires.saturating_sub(issued));
        // RFC 7519 §4.1.4: "on or after which the JWT MUST NOT be accepted".
        if earliest >= self.expires {
            Err(Reason::Expired)
        } else if self.not_before.is_some_and(|moment| moment > latest) {
            Err(Reason::NotYetValid)
        } else if self.issued.is_some_and(|moment| moment > latest) {
            Err(Reason::IssuedInFuture)
        } else if self.expires > latest.saturating_add(max_lifetime)
            || lifetime.is_some_and(|lifetime| lifetime > max_lifetime)
        {
            Err(Reason::LivesTooLong)
        } else {
            Ok(())
        }
    }

    /// Whether it says when it was issued.
    pub(crate) fn tells_issue(self) -> bool {
        self.issued.is_some()
    }
}

/// The claims of a token (RFC 7519 §4.1, RFC 9068 §2.2), of the right types.
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) validity: Validity,
    subject: Option<String>,
    scope: Option<String>,
    permissions: Vec<String>,
    others: Map<String, Value>,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl Claims {
    /// Reads the claims that matter here. One of the wrong type is an error even if it could be
    /// done without: whoever made the token meant something by it.
    pub(crate) fn read(mut members: Map<String, Value>) -> Result<Self, Reason> {
        let issuer = text(members.remove("iss"))?.ok_or(Reason::MissingClaim)?;
        let audiences = texts(members.remove("aud"))?.ok_or(Reason::MissingClaim)?;
        let validity = Validity {
            expires: moment(members.remove("exp").as_ref(), f64::floor)?
                .ok_or(Reason::MissingClaim)?,
            not_before: moment(members.remove("nbf").as_ref(), f64::ceil)?,
            issued: moment(members.remove("iat").as_ref(), f64::ceil)?,
        };
        let subject = text(members.get("sub").cloned())?;
        let scope = text(members.get("scope").cloned())?;
        let permissions = match members.get("permissions") {
            Some(Value::String(_)) => return Err(Reason::MalformedClaims),
            permissions => texts(permissions.cloned())?.unwrap_or_default(),
        };
        let others = members;
        Ok(Self { issuer, audiences, validity, subject, scope, permissions, others })
    }

    /// Whether they look as the profile wants it, and not like those of an ID token.
    ///
    /// `nonce` says nothing: older Keycloaks put it into access tokens too. The two hashes are those
    /// of an access token or a code (OpenID Connect Core 1.0 §3.3.2.11). An issuer that makes its
    /// access tokens like ID tokens, as Dex does, gives them no scopes either.
    pub(crate) fn check_profile(&self, profile: Profile, typ: TokenType) -> Result<(), Reason> {
        if ["at_hash", "c_hash"].iter().any(|name| self.others.contains_key(*name)) {
            return Err(Reason::Type);
        }
        profile.check(typ, self.validity.tells_issue(), &self.others)
    }

    /// Whether they are those of a program on its own behalf.
    ///
    /// Auth0 says so in `gty`, in one of its two profiles, and in the end of `sub`; others by
    /// making the program itself the subject (RFC 9068 §2.2).
    pub(crate) fn are_of_machine(&self) -> bool {
        let granted_to_itself = match self.others.get("gty") {
            Some(Value::Array(types)) => types.iter().any(|it| it == CLIENT_CREDENTIALS),
            Some(one) => one == CLIENT_CREDENTIALS,
            None => false,
        };
        granted_to_itself
            || self.subject.as_deref().is_some_and(|subject| {
                subject.ends_with("@clients")
                    || ["client_id", "azp"]
                        .iter()
                        .any(|name| self.others.get(*name).is_some_and(|client| client == subject))
            })
    }

    /// The bearer that these claims make of whoever shows them, if they are the issuer's.
    pub(crate) fn bearer(&self, selected: &Selected<'_>) -> Result<Bearer, Reason> {
        // RFC 6749 §3.3: scopes are separated by spaces, and by nothing else.
        let scopes = self.scope.iter().flat_map(|scope| scope.split(' '));
        let names = scopes.chain(self.permissions.iter().map(String::as_str));
        Ok(Bearer {
            caller: self.caller(),
            subject: self.subject.as_ref().and_then(|subject| subject.parse().ok()),
            permissions: Permissions::from_names(names),
            tenants: self.tenants(selected)?,
        })
    }

    /// The issuer as the token names it, tenant and all, and its subject.
    fn caller(&self) -> CallerKey {
        let mut digest = digest::Context::new(&digest::SHA256);
        // The length keeps the end of one from being taken for the beginning of the other.
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

    fn tenants(&self, selected: &Selected<'_>) -> Result<ClaimedTenants, Reason> {
        let own = selected.tenant.as_ref();
        Ok(match selected.issuer.tenants() {
            TenantSource::Issuer => ClaimedTenants::Listed(own.into_iter().cloned().collect()),
            TenantSource::Claim(name) => {
                let named = texts(self.others.get(name).cloned())?.unwrap_or_default();
                let tenants = named.iter().filter_map(|name| name.parse::<TenantId>().ok());
                // An issuer of one tenant has no say about the others.
                let within = |tenant: &TenantId| own.is_none_or(|own| own == tenant);
                ClaimedTenants::Listed(tenants.filter(within).collect())
            }
            TenantSource::Membership => ClaimedTenants::Memberships { within: own.cloned() },
            TenantSource::All => ClaimedTenants::All,
        })
    }
}

fn text(value: Option<Value>) -> Result<Option<String>, Reason> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

/// A text, or an array of texts.
fn texts(value: Option<Value>) -> Result<Option<Vec<String>>, Reason> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(vec![text])),
        Some(Value::Array(elements)) => elements
            .into_iter()
            .map(|element| text(Some(element)).and_then(|it| it.ok_or(Reason::MalformedClaims)))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

/// A `NumericDate`: seconds since 1970, possibly with a fraction (RFC 7519 §2), in milliseconds.
fn moment(value: Option<&Value>, round: fn(f64) -> f64) -> Result<Option<i64>, Reason> {
    match value {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(millis(number, round))),
        Some(_) => Err(Reason::MalformedClaims),
    }
}

fn millis(number: &Number, round: fn(f64) -> f64) -> i64 {
    if let Some(seconds) = number.as_i64() {
        return seconds.saturating_mul(1000);
    }
    // What JSON can say is no NaN, and beyond the ends of `i64` the cast stops at them.
    let millis = round(number.as_f64().unwrap_or_default() * 1000.0);
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is what is meant")]
    let millis = millis as i64;
    millis
}

#[cfg(test)]
mod tests;
