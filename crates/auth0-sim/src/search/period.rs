//! Times and periods in queries.
//!
//! Documented: parts can be omitted from the right, so that `2017-12` is a whole month, and
//! milliseconds can be given. Assumed: an inclusive end of a range includes all of such a period,
//! an exclusive one none of it.

/// The last millisecond of the year 9999.
pub(crate) const LAST: i64 = 253_402_300_799_999;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// Days from 0000-03-01, where a 400-year era starts, to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// A period: its first and last millisecond since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// Returns the time that a complete text denotes.
pub(crate) fn parse_millis(text: &str) -> Option<i64> {
    text.contains('T').then(|| parse_period(text)).flatten().map(|period| period.first)
}

/// Returns the period that a text denotes. Parts may be omitted from the right: `2018`, `2018-01`,
/// `2018-01-15`, `2018-01-15T10:30`, with seconds, with a fraction, with `Z` or an offset.
pub(crate) fn parse_period(text: &str) -> Option<Period> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = parse_number(parts.next()?, 4)?;
    let month =
        parts.next().map(|month| parse_number(month, 2)).map_or(Some(None), |m| m.map(Some))?;
    let day = parts.next().map(|day| parse_number(day, 2)).map_or(Some(None), |d| d.map(Some))?;
    if parts.next().is_some() || time.is_some() && day.is_none() {
        return None;
    }
    if !(1..=12).contains(&month.unwrap_or(1))
        || !(1..=days_in_month(year, month.unwrap_or(1))).contains(&day.unwrap_or(1))
    {
        return None;
    }
    let start = days_from_civil(year, month.unwrap_or(1), day.unwrap_or(1)) * MILLIS_PER_DAY;
    let Some(time) = time else {
        let after = match (month, day) {
            (Some(_), Some(_)) => start + MILLIS_PER_DAY,
            (Some(12), None) | (None, _) => days_from_civil(year + 1, 1, 1) * MILLIS_PER_DAY,
            (Some(month), None) => days_from_civil(year, month + 1, 1) * MILLIS_PER_DAY,
        };
        return Some(Period { first: start, last: after - 1 });
    };
    let (time, offset) = split_offset(time)?;
    let (of_day, length) = parse_time_of_day(time)?;
    let first = start + of_day - offset;
    Some(Period { first, last: first + length - 1 })
}

/// Returns the time of day and the length of the denoted period, in milliseconds.
fn parse_time_of_day(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.split(':');
    let hour = parse_number(parts.next()?, 2)?;
    let minute =
        parts.next().map(|minute| parse_number(minute, 2)).map_or(Some(None), |m| m.map(Some))?;
    let second =
        parts.next().map(|second| parse_number(second, 2)).map_or(Some(None), |s| s.map(Some))?;
    if parts.next().is_some()
        || hour > 23
        || minute.unwrap_or(0) > 59
        || second.unwrap_or(0) > 59
        || fraction.is_some() && second.is_none()
    {
        return None;
    }
    let of_day = (hour * 60 + minute.unwrap_or(0)) * 60_000 + second.unwrap_or(0) * 1000;
    let Some(fraction) = fraction else {
        let length = match (minute, second) {
            (_, Some(_)) => 1000,
            (Some(_), None) => 60_000,
            (None, None) => 3_600_000,
        };
        return Some((of_day, length));
    };
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let padded: String = fraction.chars().chain("00".chars()).take(3).collect();
    Some((of_day + padded.parse::<i64>().ok()?, 1))
}

/// Returns the time without its offset, and the offset in milliseconds.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (time, offset) = text.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    Some((time, sign * (parse_number(hours, 2)? * 60 + parse_number(minutes, 2)?) * 60_000))
}

fn parse_number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the number of days since 1970-01-01. Years are counted from March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * DAYS_PER_ERA + of_era - DAYS_TO_EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::iso_timestamp;

    #[test]
    fn complete_timestamp_is_parsed() {
        for at in (0..60_000).map(|day| day * 7 * 3_600_000 + 789) {
            assert_eq!(parse_millis(&iso_timestamp(at)), Some(at));
        }
    }

    #[test]
    fn partial_date_denotes_period() {
        for (text, first, last) in [
            ("2018", "2018-01-01T00:00:00.000Z", "2018-12-31T23:59:59.999Z"),
            ("2017-12", "2017-12-01T00:00:00.000Z", "2017-12-31T23:59:59.999Z"),
            ("2016-02", "2016-02-01T00:00:00.000Z", "2016-02-29T23:59:59.999Z"),
            ("2018-01-15", "2018-01-15T00:00:00.000Z", "2018-01-15T23:59:59.999Z"),
            ("2018-01-15T10:30", "2018-01-15T10:30:00.000Z", "2018-01-15T10:30:59.999Z"),
            ("2018-01-15T10:30:01Z", "2018-01-15T10:30:01.000Z", "2018-01-15T10:30:01.999Z"),
            ("2018-01-15T10:30:01.5+02:00", "2018-01-15T08:30:01.500Z", "2018-01-15T08:30:01.500Z"),
        ] {
            let period = parse_period(text).unwrap();
            assert_eq!(
                (iso_timestamp(period.first), iso_timestamp(period.last)),
                (first.into(), last.into())
            );
        }
    }

    #[test]
    fn invalid_date_is_rejected() {
        for text in [
            "",
            "now",
            "18",
            "2018-13",
            "2018-02-30",
            "2018-1-1",
            "2018-01-15T",
            "2018T10:00",
            "2018-01-15T24:00",
            "2018-01-15T10:60",
            "2018-01-15T10:30:01.",
            "2018-01-15-1",
        ] {
            assert_eq!(parse_period(text), None, "{text}");
        }
        assert_eq!(parse_millis("2018-01-15"), None, "a day is not a complete timestamp");
    }
}
