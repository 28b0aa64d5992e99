//! `exp`, `nbf`, `iat` and the longest lifetime.

use super::*;

#[test]
fn expired_token_is_refused() {
    for (exp, expired) in [
        (json!(START_SECONDS), false),
        (json!(START_SECONDS - 4), false),
        (json!(START_SECONDS - 5), true),
        (json!(START_SECONDS - 3600), true),
        (json!(1_799_999_995.5), false),
        (json!(1_799_999_994.999), true),
        (json!(0), true),
        (json!(-1), true),
        (json!(i64::MIN), true),
        (json!(-1e300), true),
        (json!(f64::MIN_POSITIVE), true),
    ] {
        let found = outcome(&TokenBuilder::new().without_claim("iat").claim("exp", exp.clone()));
        assert_eq!(found, expired.then_some(Reason::Expired), "{exp}");
    }
}

#[test]
fn token_over_max_lifetime_is_refused() {
    let now = START_SECONDS;
    for (iat, exp, refused) in [
        // Counted from `iat`, to the millisecond.
        (Some(json!(now)), json!(now + DAY_SECONDS), false),
        (Some(json!(now)), json!(now + DAY_SECONDS + 1), true),
        (Some(json!(now - 600)), json!(now - 600 + DAY_SECONDS), false),
        (Some(json!(now - 600)), json!(now - 600 + DAY_SECONDS + 1), true),
        (Some(json!(now - DAY_SECONDS)), json!(now), false),
        (Some(json!(now - DAY_SECONDS - 1)), json!(now), true),
        (Some(json!(1_800_000_000.5)), json!(now + DAY_SECONDS + 1), true),
        (Some(json!(1_799_999_999.999)), json!(now + DAY_SECONDS), true),
        (Some(json!(1_800_000_000.001)), json!(now + DAY_SECONDS), false),
        (Some(json!(now + 5)), json!(now + DAY_SECONDS + 5), false),
        (Some(json!(0)), json!(now + 60), true),
        (Some(json!(i64::MIN)), json!(now + 60), true),
        (Some(json!(-1e300)), json!(now + 60), true),
        // Without `iat`, counted from now plus the leeway.
        (None, json!(now + DAY_SECONDS + 5), false),
        (None, json!(now + DAY_SECONDS + 6), true),
        (None, json!(1_800_086_405.001), true),
        (None, json!(i64::MAX), true),
        (None, json!(u64::MAX), true),
        (None, json!(1e300), true),
        (None, json!(f64::MAX), true),
    ] {
        let token = TokenBuilder::new().claim("exp", exp.clone());
        let token = match &iat {
            Some(iat) => token.claim("iat", iat.clone()),
            None => token.without_claim("iat"),
        };
        let expected = refused.then_some(Reason::LifetimeTooLong);
        assert_eq!(outcome(&token), expected, "{iat:?} {exp}");
    }
}

#[test]
fn token_from_the_future_is_refused() {
    for (moment, refused) in [
        (json!(START_SECONDS), false),
        (json!(START_SECONDS + 5), false),
        (json!(START_SECONDS + 6), true),
        (json!(1_800_000_005.001), true),
        (json!(1_800_000_004.999), false),
        (json!(START_SECONDS - 60), false),
        (json!(i64::MAX), true),
        (json!(u64::MAX), true),
        (json!(1e300), true),
    ] {
        let found = outcome(&TokenBuilder::new().claim("nbf", moment.clone()));
        assert_eq!(found, refused.then_some(Reason::NotYetValid), "{moment}");
    }
}

#[test]
fn issue_time_in_the_future_is_accepted() {
    for moment in [json!(START_SECONDS + 6), json!(1_800_000_005.001), json!(u64::MAX)] {
        let token = TokenBuilder::new().claim("iat", moment.clone());
        assert_eq!(outcome(&token), None, "{moment}");
        // The lifetime stays limited from now on.
        let token = token.claim("exp", START_SECONDS + DAY_SECONDS + 6);
        assert_eq!(outcome(&token), Some(Reason::LifetimeTooLong), "{moment}");
    }
}

#[test]
fn leeway_is_configurable() {
    let token = TokenBuilder::new().claim("exp", START_SECONDS).signed_by(rsa());
    let with = |leeway| Expectations {
        limits: TimeLimits { leeway, max_lifetime: DAY },
        ..expectations()
    };
    let strict = with(Duration::ZERO);
    let now = timestamp(START_SECONDS);
    assert_eq!(verify_with(&token, rsa(), &strict, now).unwrap_err(), Reason::Expired);
    let lenient = with(Duration::MAX);
    assert!(verify_with(&token, rsa(), &lenient, now).is_ok());
}

#[test]
fn max_lifetime_is_configurable() {
    let token = TokenBuilder::new().signed_by(rsa());
    let with = |max_lifetime| Expectations {
        limits: TimeLimits { leeway: Duration::ZERO, max_lifetime },
        ..expectations()
    };
    let now = timestamp(START_SECONDS);
    let short = with(Duration::from_millis(3_599_999));
    assert_eq!(verify_with(&token, rsa(), &short, now).unwrap_err(), Reason::LifetimeTooLong);
    for enough in [Duration::from_hours(1), Duration::MAX] {
        assert!(verify_with(&token, rsa(), &with(enough), now).is_ok());
    }
}

#[test]
fn number_out_of_range_is_refused() {
    let claims = TokenBuilder::new().claims.to_string().replace("1800003600", "1e400");
    let token =
        rsa().sign_text_with(Algorithm::Rs256, &TokenBuilder::new().header.to_string(), &claims);
    assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims);
}

proptest! {
    #[test]
    fn arbitrary_times_never_panic(exp in any::<f64>(), nbf in any::<f64>(), iat in any::<i64>()) {
        let token = TokenBuilder::new().claim("exp", exp).claim("nbf", nbf).claim("iat", iat);
        let token = token.signed_by(ed25519());
        let decoded = DecodedToken::decode(&token).unwrap();
        let _ = decoded
            .parse()
            .and_then(|token| token.check(&expectations(), timestamp(START_SECONDS)));
    }
}
