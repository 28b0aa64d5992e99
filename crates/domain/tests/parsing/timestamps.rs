//! Timestamps, compared with `jiff`.

use super::*;
use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

const FIRST: i64 = -62_167_219_200_000;
const LAST: i64 = 253_402_300_799_999;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis).expect("a moment")
}

fn epoch() -> DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

/// Returns the text by jiff for this many milliseconds since 1970.
///
/// It uses civil time, because jiff's timestamp ends a day before the year 9999 does.
fn by_jiff(millis: i64) -> String {
    let moment = epoch().checked_add(SignedDuration::from_millis(millis)).expect("in range");
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Parses RFC 3339 by its shape, and leaves the calendar and the sums to jiff.
fn millis_by_jiff(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    let separator = shape.chars().nth(10)?;
    let rest = shape
        .strip_prefix(&format!("9999-99-99{separator}99:99:99"))
        .filter(|_| "Tt ".contains(separator))?;
    let zone_shape = match rest.strip_prefix('.') {
        Some(rest) => {
            rest.starts_with('9').then_some(())?;
            rest.trim_start_matches('9')
        }
        None => rest,
    };
    ["Z", "z", "+99:99", "-99:99"].contains(&zone_shape).then_some(())?;

    let number = |from: usize, to: usize| text[from..to].parse::<i16>().expect("digits");
    let small = |from| i8::try_from(number(from, from + 2)).expect("two digits");
    let leap = small(17) == 60;
    let second = if leap { 59 } else { small(17) };
    let moment = DateTime::new(number(0, 4), small(5), small(8), small(11), small(14), second, 0);
    let zone_at = text.len() - zone_shape.len();
    let digits = text[19..zone_at].trim_start_matches('.').chars().chain("000".chars());
    let fraction: i64 = digits.take(3).collect::<String>().parse().expect("three digits");
    let offset = if zone_shape.len() == 6 {
        let (hours, minutes) = (small(zone_at + 1), small(zone_at + 4));
        (hours < 24 && minutes < 60).then_some(())?;
        let minutes = i64::from(hours) * 60 + i64::from(minutes);
        if zone_shape.starts_with('-') { -minutes } else { minutes }
    } else {
        0
    };
    let since = moment.ok()?.duration_since(epoch()).as_secs() + i64::from(leap);
    Some((since - offset * 60) * 1000 + fraction).filter(|millis| (FIRST..=LAST).contains(millis))
}

/// Generates texts in and near the form of RFC 3339, most with numbers in or just out of range.
fn near_rfc3339() -> impl Strategy<Value = String> {
    let year = prop_oneof![
        "[0-9]{4}",
        select(vec!["0000", "1900", "2000", "2024", "9999"]).prop_map(str::to_owned)
    ];
    let month = prop_oneof![9 => 1..=12_u8, 1 => 0..=99_u8];
    let day = prop_oneof![5 => 1..=28_u8, 4 => 28..=32_u8, 1 => 0..=99_u8];
    let hour = prop_oneof![9 => 0..=23_u8, 1 => 23..=25_u8];
    let sixty = || prop_oneof![9 => 0..=59_u8, 1 => 59..=61_u8];
    let separator = prop_oneof![8 => Just('T'), 1 => select(vec!['t', ' ']), 1 => any::<char>()];
    let fraction = prop_oneof!["", "\\.[0-9]{1,3}", "\\.[0-9]{4,30}", "[.,]{0,2}"];
    let zone = prop_oneof![
        "[Zz]",
        "[+-][01][0-9]:[0-5][0-9]",
        "[+-][0-9]{2}:[0-9]{2}",
        "[+-]?[0-9:]{0,5}"
    ];
    (year, month, day, separator, (hour, sixty(), sixty()), fraction, zone).prop_map(
        |(year, month, day, separator, (hour, minute, second), fraction, zone)| {
            format!(
                "{year}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
            )
        },
    )
}

proptest! {
    #[test]
    fn timestamp_text_matches_jiff(millis in FIRST..=LAST) {
        prop_assert_eq!(at(millis).to_string(), by_jiff(millis));
    }

    #[test]
    fn timestamp_text_round_trips(millis in FIRST..=LAST) {
        prop_assert_eq!(at(millis).to_string().parse(), Ok(at(millis)));
    }

    #[test]
    fn timestamp_texts_order_like_values(one in FIRST..=LAST, other in FIRST..=LAST) {
        let by_text = at(one).to_string().cmp(&at(other).to_string());
        prop_assert_eq!(at(one).cmp(&at(other)), by_text);
    }

    #[test]
    fn timestamp_parsing_matches_jiff(text in prop_oneof![1 => any::<String>(), 15 => near_rfc3339()]) {
        let ours = Timestamp::from_str(&text).ok().map(Timestamp::as_unix_millis);
        prop_assert_eq!(ours, millis_by_jiff(&text), "{}", text);
    }

    #[test]
    fn accepted_text_is_accepted_by_jiff(text in near_rfc3339()) {
        // Except for a leap second, which jiff reads as the second before; more digits than
        // jiff accepts; and the ends of the range, where jiff stops early.
        let fraction = text.chars().skip(19).take_while(|c| !"Zz+-".contains(*c)).count();
        let ours = Timestamp::from_str(&text).ok().map(Timestamp::as_unix_millis);
        if let Some(ours) = ours
            && !text.chars().skip(17).collect::<String>().starts_with("60")
            && fraction <= 10
            && ours < LAST - 2 * 86_400_000
        {
            let theirs: jiff::Timestamp = text.parse().expect("jiff reads it");
            prop_assert_eq!(ours, theirs.as_nanosecond().div_euclid(1_000_000).try_into().expect("small"));
        }
    }

    #[test]
    fn millis_out_of_range_are_rejected(millis in any::<i64>()) {
        let accepted = Timestamp::from_unix_millis(millis).is_ok();
        prop_assert_eq!(accepted, (FIRST..=LAST).contains(&millis));
    }

    #[test]
    fn plus_millis_stays_in_range(millis in FIRST..=LAST, more in any::<i64>()) {
        let exact = i128::from(millis) + i128::from(more);
        let clamped = exact.clamp(FIRST.into(), LAST.into());
        prop_assert_eq!(i128::from(at(millis).plus_millis(more).as_unix_millis()), clamped);
    }

    #[test]
    fn unix_seconds_round_down(millis in FIRST..=LAST) {
        let seconds = at(millis).as_unix_seconds();
        prop_assert!(seconds * 1000 <= millis && millis < (seconds + 1) * 1000);
    }
}

#[test]
fn range_is_years_0000_to_9999() {
    assert_eq!(at(FIRST).to_string(), "0000-01-01T00:00:00.000Z");
    assert_eq!(at(LAST).to_string(), "9999-12-31T23:59:59.999Z");
    assert!(accepts::<Timestamp>("9999-12-31T23:59:59.9999Z"));
    for text in ["9999-12-31T23:59:60Z", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"] {
        assert!(!accepts::<Timestamp>(text), "{text}");
    }
}

#[test]
fn month_boundaries_match_jiff() {
    for (year, month) in (0..=9999).flat_map(|year| (1..=12).map(move |month| (year, month))) {
        let first = date(year, month, 1);
        for day in [first, first.last_of_month()] {
            let text = format!("{day}T00:00:00.000Z");
            let moment = Timestamp::from_str(&text).expect("a day");
            let seconds = day.at(0, 0, 0, 0).duration_since(epoch()).as_secs();
            assert_eq!(moment.as_unix_seconds(), seconds, "{text}");
            assert_eq!(moment.to_string(), text);
        }
        let day_after = first.last_of_month().day() + 1;
        let text = format!("{year:04}-{month:02}-{day_after:02}T00:00:00Z");
        assert!(!accepts::<Timestamp>(&text), "{text}");
    }
}

fn millis(text: &str) -> i64 {
    Timestamp::from_str(text).expect("a moment").as_unix_millis()
}

#[test]
fn leap_second_is_the_next_second() {
    assert_eq!(millis("2016-12-31T23:59:60Z"), millis("2017-01-01T00:00:00Z"));
    assert_eq!(millis("2016-12-31T23:59:60.5Z"), millis("2017-01-01T00:00:00.5Z"));
    assert!(!accepts::<Timestamp>("2016-12-31T23:59:61Z"));
}

#[test]
fn leap_years_follow_the_gregorian_rule() {
    for text in ["2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"] {
        assert!(accepts::<Timestamp>(text), "{text}");
    }
    for text in ["2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-02-30T00:00:00Z"] {
        assert!(!accepts::<Timestamp>(text), "{text}");
    }
}

#[test]
fn offset_is_subtracted() {
    assert_eq!(millis("2026-03-01T09:30:00+01:30"), millis("2026-03-01T08:00:00Z"));
    assert_eq!(millis("2026-03-01T09:30:00-01:30"), millis("2026-03-01T11:00:00Z"));
    assert_eq!(millis("2026-03-01T09:30:00-00:00"), millis("2026-03-01t09:30:00z"));
}

#[test]
fn fraction_is_truncated_to_milliseconds() {
    assert_eq!(millis("1970-01-01T00:00:00.0019999Z"), 1);
    assert_eq!(millis("1969-12-31T23:59:59.9999Z"), -1);
    assert_eq!(millis("1970-01-01T00:00:00.5Z"), 500);
}

#[test]
fn text_outside_rfc_3339_is_rejected() {
    for text in [
        "",
        "2026",
        "2026-03-01",
        "2026-03-01T09:30Z",
        "2026-03-01T09:30:00",
        "2026-3-1T9:30:00Z",
        "20260301T093000Z",
        "2026-03-01T09:30:00,5Z",
        "2026-03-01T09:30:00.Z",
        "2026-03-01T09:30:00+0100",
        "2026-03-01T09:30:00+24:00",
        "2026-03-01T24:00:00Z",
        "+2026-03-01T09:30:00Z",
        "-001-03-01T09:30:00Z",
        "2026-03-01T09:30:00Z ",
        " 2026-03-01T09:30:00Z",
        "2026-13-01T09:30:00Z",
        "2026-00-01T09:30:00Z",
        "2026-04-31T09:30:00Z",
        "２０２６-03-01T09:30:00Z",
        "2026-03-01T09:30:00[UTC]",
    ] {
        assert!(!accepts::<Timestamp>(text), "{text:?}");
    }
}
