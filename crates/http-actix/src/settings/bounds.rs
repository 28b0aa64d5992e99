//! Checks of numbers, which name the key in their errors.

use std::fmt::Display;
use std::time::Duration;

use super::error::{Errors, InvalidSettings, SettingsResult};

impl Errors {
    /// Returns a duration of at most an hour, which may be zero.
    pub(super) fn millis_at_most_an_hour(&mut self, key: &str, millis: u64) -> Duration {
        Duration::from_millis(self.check_or_default(at_most(key, millis, HOUR_MS)))
    }
}

const HOUR_MS: u64 = 3_600_000;

pub(super) fn positive(key: &str, millis: u64) -> SettingsResult<Duration> {
    nonzero(key, millis).map(Duration::from_millis)
}

pub(super) fn at_most_an_hour(key: &str, millis: u64) -> SettingsResult<Duration> {
    positive(key, at_most(key, millis, HOUR_MS)?)
}

pub(super) fn at_most<T: Copy + PartialOrd + Display>(
    key: &str,
    number: T,
    max: T,
) -> SettingsResult<T> {
    if number > max {
        return Err(InvalidSettings::value(key, format!("must be at most {max}")));
    }
    Ok(number)
}

/// Checks a number from 1 to `max`.
pub(super) fn in_range(key: &str, number: usize, max: usize) -> SettingsResult<usize> {
    at_most(key, nonzero(key, number)?, max)
}

pub(super) fn nonzero<T: Default + PartialEq>(key: &str, number: T) -> SettingsResult<T> {
    if number == T::default() {
        return Err(InvalidSettings::value(key, "must be at least 1"));
    }
    Ok(number)
}
