//! A moment in time, to the millisecond, without a clock.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use thiserror::Error;

use crate::text_value::parse_from_str;

/// A moment between the years 0000 and 9999, in milliseconds, in UTC.
///
/// The text form is RFC 3339 with three fractional digits and `Z`, such as
/// `2026-03-01T09:30:00.000Z`. Parsing accepts any offset and any number of fractional digits, and
/// truncates to milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(
    /// The milliseconds since [`Timestamp::MIN`], plus 1: an optional timestamp takes no more space.
    NonZero<i64>,
);

/// Why a text or a number is not a [`Timestamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an RFC 3339 date and time between the years 0000 and 9999")]
pub struct InvalidTimestamp;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// Days from 0000-03-01, where a 400-year era starts, to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self::of_valid(0);

    const MIN: i64 = -62_167_219_200_000;
    const MAX: i64 = 253_402_300_799_999;

    /// Returns the moment this many milliseconds after 1970-01-01T00:00:00Z (before, if negative).
    pub fn from_unix_millis(millis: i64) -> Result<Self, InvalidTimestamp> {
        let is_valid = (Self::MIN..=Self::MAX).contains(&millis);
        is_valid.then(|| Self::of_valid(millis)).ok_or(InvalidTimestamp)
    }

    /// Returns the moment of a number between [`Timestamp::MIN`] and [`Timestamp::MAX`].
    const fn of_valid(millis: i64) -> Self {
        Self(match NonZero::new(millis - Self::MIN + 1) {
            Some(stored) => stored,
            None => NonZero::<i64>::MAX,
        })
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_unix_millis(self) -> i64 {
        self.0.get() - 1 + Self::MIN
    }

    /// Returns the whole seconds since 1970-01-01T00:00:00Z.
    pub fn as_unix_seconds(self) -> i64 {
        self.as_unix_millis().div_euclid(1000)
    }

    /// Returns the moment this many milliseconds later, at most the last one that has a text form.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        let later = self.as_unix_millis().saturating_add(millis);
        Self::of_valid(later.clamp(Self::MIN, Self::MAX))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_unix_millis()).finish()
    }
}

impl Timestamp {
    /// Returns the text form as ASCII. Every response contains several timestamps, so it is written
    /// without the cost of `write!`.
    pub fn to_rfc3339(self) -> [u8; 24] {
        let (year, month, day) = date_of(self.as_unix_millis().div_euclid(MILLIS_PER_DAY));
        let of_day = small(self.as_unix_millis().rem_euclid(MILLIS_PER_DAY));
        let (seconds, milli) = (of_day / 1000, of_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let year = small(year);
        let ([y3, y2], [y1, y0]) = (two_digits(year / 100), two_digits(year % 100));
        let ([m1, m0], [d1, d0]) = (two_digits(small(month)), two_digits(small(day)));
        let ([h1, h0], [n1, n0]) = (two_digits(hour), two_digits(minute));
        let ([s1, s0], [f2, f1]) = (two_digits(second), two_digits(milli / 10));
        let [_, f0] = two_digits(milli % 10);
        [
            y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0, b'T', h1, h0, b':', n1, n0, b':', s1, s0,
            b'.', f2, f1, f0, b'Z',
        ]
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_rfc3339()).map_err(|_| fmt::Error)?)
    }
}

/// Returns a part of a date or a time, which is never negative, as the type that divides fastest.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Returns the digits of a number below 100.
fn two_digits(number: u32) -> [u8; 2] {
    let digit = |digit: u32| b'0' + u8::try_from(digit % 10).unwrap_or(0);
    [digit(number / 10), digit(number)]
}

parse_from_str!(Timestamp);

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or(InvalidTimestamp).and_then(Self::from_unix_millis)
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Years are taken to start in March, so that the leap day is the last day of its year.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_EPOCH;
    let (era, of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The inverse of [`date_of`].
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = (month + 9) % 12;
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * DAYS_PER_ERA + of_era - DAYS_TO_EPOCH
}

fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = time.split_at_checked(8)?;
    let &[y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = date.as_bytes() else { return None };
    let &[h1, h0, b':', n1, n0, b':', s1, s0] = clock.as_bytes() else { return None };
    let (year, month, day) = (digits(&[y3, y2, y1, y0])?, digits(&[m1, m0])?, digits(&[d1, d0])?);
    let (hour, minute, second) = (digits(&[h1, h0])?, digits(&[n1, n0])?, digits(&[s1, s0])?);
    // Unix time has no leap second (:60); like Auth0, read it as the second after.
    if hour > 23 || minute > 59 || second > 60 || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let day_number = day_of(year, month, day);
    if date_of(day_number) != (year, month, day) {
        return None;
    }
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let (digits, zone) = rest.split_at_checked(end)?;
            (millis(digits)?, zone)
        }
        None => (0, rest),
    };
    let seconds = hour * 3600 + minute * 60 + second;
    Some(day_number * MILLIS_PER_DAY + seconds * 1000 + fraction - offset_minutes(zone)? * 60_000)
}

/// Returns the number of a few digits.
fn digits(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// The first three digits of a fraction of a second.
fn millis(fraction: &str) -> Option<i64> {
    let digit = |at: usize| fraction.as_bytes().get(at).copied().unwrap_or(b'0');
    if fraction.is_empty() { None } else { digits(&[digit(0), digit(1), digit(2)]) }
}

fn offset_minutes(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = if let Some(rest) = zone.strip_prefix('+') {
        (1, rest)
    } else {
        (-1, zone.strip_prefix('-')?)
    };
    let &[h1, h0, b':', m1, m0] = rest.as_bytes() else { return None };
    let (hours, minutes) = (digits(&[h1, h0])?, digits(&[m1, m0])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}
