//! The two shapes of an access token, as issuers such as Auth0 let one choose.

use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::error::Reason;

/// What the tokens of an issuer look like (Auth0: access token profiles).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// Either of the two.
    #[default]
    Any,
    /// `typ` is `JWT`, or is not there.
    Jwt,
    /// RFC 9068: `typ` is `at+jwt`, and all claims of its §2.2 are there.
    Rfc9068,
}

/// The text names no profile.
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

/// What a token's header says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// Nothing, or a JWT of whatever kind (RFC 7519 §5.1).
    Jwt,
    /// An access token (RFC 9068 §2.1).
    AccessToken,
}

impl TokenType {
    /// The type that `typ` names, if an access token can have it. Media types have no case (RFC
    /// 7515 §4.1.9 by RFC 2045 §5.1).
    pub(crate) fn named(typ: &str) -> Option<Self> {
        if typ.eq_ignore_ascii_case("JWT") {
            Some(Self::Jwt)
        } else if ["at+jwt", "application/at+jwt"].iter().any(|it| it.eq_ignore_ascii_case(typ)) {
            Some(Self::AccessToken)
        } else {
            None
        }
    }
}

/// What RFC 9068 §2.2 requires besides `iss`, `aud` and `exp`, without which nobody is let in.
const REQUIRED_TEXTS: [&str; 3] = ["sub", "client_id", "jti"];

impl Profile {
    /// Whether a token of this type, with these claims besides the usual ones, looks as it should.
    pub(crate) fn check(
        self,
        typ: TokenType,
        issued: bool,
        claims: &Map<String, Value>,
    ) -> Result<(), Reason> {
        match (self, typ) {
            (Self::Any, _) | (Self::Jwt, TokenType::Jwt) => Ok(()),
            (Self::Jwt, TokenType::AccessToken) | (Self::Rfc9068, TokenType::Jwt) => {
                Err(Reason::Type)
            }
            (Self::Rfc9068, TokenType::AccessToken) => {
                for name in REQUIRED_TEXTS {
                    match claims.get(name) {
                        Some(Value::String(_)) => {}
                        Some(_) => return Err(Reason::MalformedClaims),
                        None => return Err(Reason::MissingClaim),
                    }
                }
                if issued { Ok(()) } else { Err(Reason::MissingClaim) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> Map<String, Value> {
        let claims = json!({"sub": "auth0|anna", "client_id": "program", "jti": "1"});
        claims.as_object().cloned().unwrap()
    }

    #[test]
    fn each_profile_has_a_name() {
        assert_eq!("any".parse(), Ok(Profile::Any));
        assert_eq!("jwt".parse(), Ok(Profile::Jwt));
        assert_eq!("rfc9068".parse(), Ok(Profile::Rfc9068));
        for name in ["", "JWT", "RFC9068", "rfc9068_profile", "at+jwt"] {
            assert_eq!(name.parse::<Profile>(), Err(UnknownProfile), "{name}");
        }
    }

    #[test]
    fn the_type_of_an_access_token_has_no_case() {
        for typ in ["JWT", "jwt", "Jwt"] {
            assert_eq!(TokenType::named(typ), Some(TokenType::Jwt), "{typ}");
        }
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
            assert_eq!(TokenType::named(typ), Some(TokenType::AccessToken), "{typ}");
        }
        for typ in ["", "JWT ", "JOSE", "application/jwt", "id+jwt", "logout+jwt", "at jwt"] {
            assert_eq!(TokenType::named(typ), None, "{typ}");
        }
    }

    #[test]
    fn a_profile_takes_its_own_type_alone() {
        let taken = |profile: Profile, typ| profile.check(typ, true, &full());
        for typ in [TokenType::Jwt, TokenType::AccessToken] {
            assert_eq!(taken(Profile::Any, typ), Ok(()));
        }
        assert_eq!(taken(Profile::Jwt, TokenType::Jwt), Ok(()));
        assert_eq!(taken(Profile::Jwt, TokenType::AccessToken), Err(Reason::Type));
        assert_eq!(taken(Profile::Rfc9068, TokenType::AccessToken), Ok(()));
        assert_eq!(taken(Profile::Rfc9068, TokenType::Jwt), Err(Reason::Type));
    }

    #[test]
    fn rfc_9068_asks_for_each_of_its_claims() {
        let check = |issued, claims: &Map<String, Value>| {
            Profile::Rfc9068.check(TokenType::AccessToken, issued, claims)
        };
        assert_eq!(check(false, &full()), Err(Reason::MissingClaim));
        for name in ["sub", "client_id", "jti"] {
            let mut claims = full();
            claims.remove(name);
            assert_eq!(check(true, &claims), Err(Reason::MissingClaim), "{name}");
            claims.insert(name.to_owned(), json!(1));
            assert_eq!(check(true, &claims), Err(Reason::MalformedClaims), "{name}");
            // The others do not.
            let jwt = Profile::Jwt.check(TokenType::Jwt, false, &claims);
            let any = Profile::Any.check(TokenType::AccessToken, false, &claims);
            assert_eq!((jwt, any), (Ok(()), Ok(())));
        }
    }
}
