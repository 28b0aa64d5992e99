//! Timestamps of log entries: RFC 3339 in UTC, with microseconds.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The length of a timestamp to the second, with the point that follows.
const SECOND_LENGTH: usize = "2026-11-26T10:06:24.".len();

thread_local! {
    /// The last second of which the thread has made a timestamp, and its text.
    static LATEST: Cell<(u64, [u8; SECOND_LENGTH])> = const { Cell::new((0, *b"1970-01-01T00:00:00.")) };
}

/// Appends the present time.
pub(super) fn push_now(out: &mut Vec<u8>) {
    #[expect(clippy::disallowed_methods, reason = "log entries have the time of the system")]
    let now = SystemTime::now();
    push(out, now.duration_since(UNIX_EPOCH).unwrap_or_default());
}

fn push(out: &mut Vec<u8>, since_epoch: Duration) {
    let seconds = since_epoch.as_secs();
    let (mut latest, mut text) = LATEST.get();
    if latest != seconds {
        (latest, text) = (seconds, date_and_time(seconds));
        LATEST.set((latest, text));
    }
    out.extend_from_slice(&text);
    let mut micros = since_epoch.subsec_micros();
    let mut digits = *b"000000Z";
    for digit in digits.iter_mut().take(6).rev() {
        *digit += u8::try_from(micros % 10).unwrap_or(0);
        micros /= 10;
    }
    out.extend_from_slice(&digits);
}

fn date_and_time(seconds: u64) -> [u8; SECOND_LENGTH] {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.");
    // Years after 9999 do not fit.
    text.as_bytes().try_into().unwrap_or(*b"9999-12-31T23:59:59.")
}

/// Returns the year, month and day so many days after 1 January 1970 (the algorithm
/// `civil_from_days` of Howard Hinnant).
fn date(days: u64) -> (u64, u64, u64) {
    // Days since 1 March of the year 0, and eras of 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp(seconds: u64, nanos: u32) -> String {
        let mut out = Vec::new();
        push(&mut out, Duration::new(seconds, nanos));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_have_microseconds() {
        for (seconds, nanos, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, 999_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400, 1_000, "2000-02-29T00:00:00.000001Z"),
            (951_868_800, 999, "2000-03-01T00:00:00.000000Z"),
            (1_795_687_584, 152_668_000, "2026-11-26T10:06:24.152668Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799, 0, "9999-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(timestamp(seconds, nanos), expected);
        }
    }

    #[test]
    fn timestamps_equal_those_of_another_implementation() {
        // A step of some days, an hour, a minute and a second.
        for seconds in (0..4_200_000_000).step_by(3 * 86_400 + 3661) {
            let expected = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
            assert_eq!(timestamp(seconds, 0), format!("{expected:.6}"));
        }
    }
}
