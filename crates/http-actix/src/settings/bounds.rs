//! Checks of numbers, which name the key in their errors.

use std::fmt::Display;
use std::time::Duration;

use super::error::{InvalidSettings, SettingsResult};

pub(super) fn positive(key: &str, millis: u64) -> SettingsResult<Duration> {
    nonzero(key, millis).map(Duration::from_millis)
}

pub(super) fn at_most_an_hour(key: &str, millis: u64) -> SettingsResult<Duration> {
    positive(key, at_most(key, millis, 3_600_000)?)
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

pub(super) fn nonzero<T: Default + PartialEq>(key: &str, number: T) -> SettingsResult<T> {
    if number == T::default() {
        return Err(InvalidSettings::value(key, "must be at least 1"));
    }
    Ok(number)
}
