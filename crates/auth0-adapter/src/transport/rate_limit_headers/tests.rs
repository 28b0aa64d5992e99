use super::*;

const NOW: &str = "2026-03-01T09:30:00.000Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn wait(headers: &[(&'static str, String)]) -> Option<Duration> {
    let headers = headers.iter().map(|(name, value)| {
        (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
    });
    retry_after(&headers.collect(), now())
}

#[test]
fn retry_after_is_read_from_headers() {
    let reset = |after: i64| ("x-ratelimit-reset", (now().as_unix_seconds() + after).to_string());
    let retry_after = |value: &str| ("retry-after", value.to_owned());
    let date = |value: &str| ("date", value.to_owned());
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(wait(&[]), None);
    assert_eq!(wait(&[reset(7)]), seconds(7));
    assert_eq!(wait(&[reset(0)]), seconds(0));
    assert_eq!(wait(&[reset(-7)]), seconds(0));
    assert_eq!(wait(&[retry_after("3")]), seconds(3));
    assert_eq!(wait(&[retry_after("3"), reset(7)]), seconds(3));
    assert_eq!(wait(&[retry_after("soon"), reset(7)]), seconds(7));
    assert_eq!(wait(&[retry_after("Sun, 01 Mar 2026 09:30:04 GMT")]), seconds(4));
    // Auth0's clock counts, not ours.
    assert_eq!(wait(&[reset(7), date("Sun, 01 Mar 2026 09:30:05 GMT")]), seconds(2));
    assert_eq!(wait(&[reset(7), date("today")]), seconds(7));
}

#[test]
fn implausible_headers_never_mean_a_long_wait() {
    for value in [i64::MAX.to_string(), u64::MAX.to_string(), "9999999999999".to_owned()] {
        let longest =
            [wait(&[("x-ratelimit-reset", value.clone())]), wait(&[("retry-after", value)])];
        assert!(longest.iter().flatten().all(|wait| *wait <= MAX_RETRY_AFTER), "{longest:?}");
    }
    for value in ["", "-1", "1.5", "NaN", "99999999999999999999"] {
        assert_eq!(
            wait(&[("x-ratelimit-reset", value.to_owned())]).unwrap_or_default(),
            Duration::ZERO
        );
    }
}

#[test]
fn only_http_dates_are_read() {
    let moment = "1994-11-06T08:49:37.000Z".parse().ok();
    assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), moment);
    for text in [
        "",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Brumaire 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994",
    ] {
        assert_eq!(http_date(text), None, "{text}");
    }
}

#[test]
fn quota_needs_limit_and_remaining() {
    let of = |limit: Option<&str>, remaining: Option<&str>| {
        let headers = [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining)];
        let headers = headers.into_iter().filter_map(|(name, value)| {
            Some((reqwest::header::HeaderName::from_static(name), value?.parse().unwrap()))
        });
        quota(&headers.collect())
    };
    assert_eq!(of(Some("10"), Some(" 7 ")), Some(Quota { limit: 10, remaining: 7 }));
    for (limit, remaining) in
        [(None, None), (Some("10"), None), (None, Some("7")), (Some("ten"), Some("7"))]
    {
        assert_eq!(of(limit, remaining), None);
    }
    assert_eq!(of(Some("10"), Some("-1")), None);
}
