//! Timestamps in the form of the database.

use std::time::{Duration, SystemTime};

use domain::Timestamp;
use ports::BoxError;

/// Returns the moment as the driver takes it.
pub(crate) fn to_stored(moment: Timestamp) -> SystemTime {
    let millis = moment.as_unix_millis();
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

/// Returns the moment of a column, to the millisecond before it.
pub(crate) fn from_stored(stored: SystemTime) -> Result<Timestamp, BoxError> {
    let micros = match stored.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_micros())?,
        Err(before) => -i128::try_from(before.duration().as_micros())?,
    };
    let millis = i64::try_from(micros.div_euclid(1000))?;
    Ok(Timestamp::from_unix_millis(millis)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_moments_are_exact() {
        for text in [
            "0000-01-01T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "1970-01-01T00:00:00.000Z",
            "2026-11-28T01:02:03.456Z",
            "9999-12-31T23:59:59.999Z",
        ] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(from_stored(to_stored(moment)).unwrap(), moment, "{text}");
        }
    }
}
