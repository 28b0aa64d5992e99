//! Access token profiles, as issuers such as Auth0 offer them.

use std::str::FromStr;

use thiserror::Error;

use crate::error::Reason;
use crate::json::{Json, Members};

/// The profile that an issuer's access tokens must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// Any profile.
    #[default]
    Any,
    /// `typ` is `JWT` or absent.
    Jwt,
    /// RFC 9068: `typ` is `at+jwt`, and all claims required by its §2.2 are present.
    Rfc9068,
}

/// The error for a name that is not a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be \"any\", \"jwt\" or \"rfc9068\"")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "any" => Ok(Self::Any),
            "jwt" => Ok(Self::Jwt),
            "rfc9068" => Ok(Self::Rfc9068),
            _ => Err(UnknownProfile),
        }
    }
}

/// The type in a token's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// A JWT of no particular kind, or no type at all (RFC 7519 §5.1).
    Jwt,
    /// An access token (RFC 9068 §2.1).
    AccessToken,
}

impl TokenType {
    /// Returns the type named by `typ`, if an access token can have it.
    pub(crate) fn from_name(typ: &str) -> Option<Self> {
        if is_media_type(typ, "jwt") {
            Some(Self::Jwt)
        } else if is_media_type(typ, "at+jwt") {
            Some(Self::AccessToken)
        } else {
            None
        }
    }
}

/// Returns whether `typ` is the media type `application/<subtype>`.
///
/// Media types are case-insensitive, and `application/` may be left out (RFC 7515 §4.1.9, RFC 2045
/// §5.1).
fn is_media_type(typ: &str, subtype: &str) -> bool {
    const PREFIX: &str = "application/";
    let name = match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, name)) if prefix.eq_ignore_ascii_case(PREFIX) => name,
        Some(_) | None => typ,
    };
    name.eq_ignore_ascii_case(subtype)
}

/// The string claims that RFC 9068 §2.2 requires besides those that every token needs.
const REQUIRED_STRING_CLAIMS: [&str; 3] = ["sub", "client_id", "jti"];

impl Profile {
    /// Checks the type and the claims of a token. `iss`, `aud` and `exp` are checked elsewhere.
    pub(crate) fn check(
        self,
        typ: TokenType,
        has_issued_at: bool,
        claims: &Members<'_>,
    ) -> Result<(), Reason> {
        match (self, typ) {
            (Self::Any, _) | (Self::Jwt, TokenType::Jwt) => Ok(()),
            (Self::Jwt, TokenType::AccessToken) | (Self::Rfc9068, TokenType::Jwt) => {
                Err(Reason::Type)
            }
            (Self::Rfc9068, TokenType::AccessToken) => {
                for name in REQUIRED_STRING_CLAIMS {
                    match claims.get(name) {
                        Some(Json::Text(_)) => {}
                        None | Some(Json::Null) => return Err(Reason::MissingClaim),
                        Some(_) => return Err(Reason::MalformedClaims),
                    }
                }
                if has_issued_at { Ok(()) } else { Err(Reason::MissingClaim) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn complete_claims() -> Value {
        json!({"sub": "auth0|anna", "client_id": "program", "jti": "1"})
    }

    fn check(
        profile: Profile,
        typ: TokenType,
        has_issued_at: bool,
        claims: &Value,
    ) -> Result<(), Reason> {
        let text = claims.to_string();
        profile.check(typ, has_issued_at, &Members::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn profiles_parse_from_their_names() {
        assert_eq!("any".parse(), Ok(Profile::Any));
        assert_eq!("jwt".parse(), Ok(Profile::Jwt));
        assert_eq!("rfc9068".parse(), Ok(Profile::Rfc9068));
        for name in ["", "JWT", "RFC9068", "rfc9068_profile", "at+jwt"] {
            assert_eq!(name.parse::<Profile>(), Err(UnknownProfile), "{name}");
        }
    }

    #[test]
    fn token_type_is_case_insensitive() {
        for typ in ["JWT", "jwt", "Jwt", "application/jwt", "APPLICATION/JWT"] {
            assert_eq!(TokenType::from_name(typ), Some(TokenType::Jwt), "{typ}");
        }
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
            assert_eq!(TokenType::from_name(typ), Some(TokenType::AccessToken), "{typ}");
        }
        for typ in [
            "",
            "JWT ",
            "JOSE",
            "id+jwt",
            "logout+jwt",
            "at jwt",
            "application/",
            "application/JOSE",
            "application/application/jwt",
            "text/jwt",
            "/jwt",
        ] {
            assert_eq!(TokenType::from_name(typ), None, "{typ}");
        }
    }

    #[test]
    fn profile_accepts_only_its_token_type() {
        let check = |profile: Profile, typ| check(profile, typ, true, &complete_claims());
        for typ in [TokenType::Jwt, TokenType::AccessToken] {
            assert_eq!(check(Profile::Any, typ), Ok(()));
        }
        assert_eq!(check(Profile::Jwt, TokenType::Jwt), Ok(()));
        assert_eq!(check(Profile::Jwt, TokenType::AccessToken), Err(Reason::Type));
        assert_eq!(check(Profile::Rfc9068, TokenType::AccessToken), Ok(()));
        assert_eq!(check(Profile::Rfc9068, TokenType::Jwt), Err(Reason::Type));
    }

    #[test]
    fn rfc9068_profile_requires_each_of_its_claims() {
        let check_rfc9068 = |has_issued_at, claims: &Value| {
            check(Profile::Rfc9068, TokenType::AccessToken, has_issued_at, claims)
        };
        assert_eq!(check_rfc9068(false, &complete_claims()), Err(Reason::MissingClaim));
        for name in ["sub", "client_id", "jti"] {
            let mut claims = complete_claims();
            claims.as_object_mut().unwrap().remove(name);
            assert_eq!(check_rfc9068(true, &claims), Err(Reason::MissingClaim), "{name}");
            claims[name] = json!(null);
            assert_eq!(check_rfc9068(true, &claims), Err(Reason::MissingClaim), "{name}");
            claims[name] = json!(1);
            assert_eq!(check_rfc9068(true, &claims), Err(Reason::MalformedClaims), "{name}");
            // The other profiles do not require it.
            let jwt = check(Profile::Jwt, TokenType::Jwt, false, &claims);
            let any = check(Profile::Any, TokenType::AccessToken, false, &claims);
            assert_eq!((jwt, any), (Ok(()), Ok(())));
        }
    }

    #[test]
    fn only_the_prefix_application_may_be_left_out() {
        assert!(is_media_type("at+jwt", "at+jwt"));
        assert!(is_media_type("APPLICATION/AT+JWT", "at+jwt"));
        // A prefix of the same length.
        assert!(!is_media_type("applicatiom/at+jwt", "at+jwt"));
    }
}
