use super::*;

const LIMIT: AttemptLimit =
    AttemptLimit { wrong: 2, wrong_per_account: 3, window: Duration::from_mins(15) };
const BEGIN: Timestamp = Timestamp::UNIX_EPOCH;

fn ann() -> UserId {
    "auth0|ann".parse().unwrap()
}

fn caller(number: u8) -> CallerKey {
    CallerKey::new([number; 32])
}

fn fail(attempts: &Attempts, number: u8, now: Timestamp) {
    let attempt = attempts.begin(&ann(), caller(number), now).unwrap();
    attempt.record(PasswordVerdict::Mismatch);
}

fn wait(attempts: &Attempts, number: u8, now: Timestamp) -> Duration {
    attempts.begin(&ann(), caller(number), now).unwrap_err()
}

#[test]
fn concurrent_matches_are_not_counted() {
    let attempts = Attempts::new(LIMIT);
    let begin = || attempts.begin(&ann(), caller(1), BEGIN);
    let (first, second) = (begin().unwrap(), begin().unwrap());
    assert_eq!(begin().unwrap_err(), Attempts::IN_FLIGHT_WAIT);
    first.record(PasswordVerdict::Match);
    second.record(PasswordVerdict::Match);
    assert!(begin().is_ok());
}

#[test]
fn match_keeps_attempts_in_flight() {
    let attempts = Attempts::new(LIMIT);
    let begin = || attempts.begin(&ann(), caller(1), BEGIN);
    let (wrong, right) = (begin().unwrap(), begin().unwrap());
    right.record(PasswordVerdict::Match);
    wrong.record(PasswordVerdict::Mismatch);
    begin().unwrap().record(PasswordVerdict::Mismatch);
    assert_eq!(begin().unwrap_err(), LIMIT.window);
}

#[test]
fn attempt_without_verdict_counts_as_wrong() {
    let attempts = Attempts::new(LIMIT);
    for _ in 0..2 {
        drop(attempts.begin(&ann(), caller(1), BEGIN).unwrap());
    }
    assert_eq!(wait(&attempts, 1, BEGIN), LIMIT.window);
}

#[test]
fn attempt_that_was_not_checked_leaves_no_entry() {
    let attempts = Attempts::new(LIMIT);
    attempts.begin(&ann(), caller(1), BEGIN).unwrap().withdraw();
    assert!(attempts.tallies.lock().is_empty());
}

#[test]
fn callers_have_counts_of_their_own() {
    let attempts = Attempts::new(LIMIT);
    fail(&attempts, 1, BEGIN);
    fail(&attempts, 1, BEGIN);
    assert_eq!(wait(&attempts, 1, BEGIN), LIMIT.window);
    assert!(attempts.begin(&ann(), caller(2), BEGIN).is_ok());
}

#[test]
fn account_is_limited_over_all_callers() {
    let attempts = Attempts::new(LIMIT);
    let later = BEGIN.plus_millis(1000);
    fail(&attempts, 1, BEGIN);
    fail(&attempts, 2, later);
    fail(&attempts, 3, later);
    assert_eq!(wait(&attempts, 4, later), LIMIT.window.saturating_sub(Duration::from_secs(1)));
    let end = BEGIN.plus_millis(attempts.window_millis());
    assert!(attempts.begin(&ann(), caller(4), end).is_ok());
}

#[test]
fn match_resets_only_the_own_count() {
    let attempts = Attempts::new(LIMIT);
    fail(&attempts, 1, BEGIN);
    fail(&attempts, 2, BEGIN);
    attempts.begin(&ann(), caller(1), BEGIN).unwrap().record(PasswordVerdict::Match);
    fail(&attempts, 2, BEGIN);
    assert_eq!(wait(&attempts, 2, BEGIN), LIMIT.window);
    assert!(attempts.begin(&ann(), caller(1), BEGIN).is_ok());
}

#[test]
fn four_attempts_wait_behind_one() {
    let limit = AttemptLimit { wrong: 100, wrong_per_account: 100, ..LIMIT };
    let attempts = Attempts::new(limit);
    let begin = |number| attempts.begin(&ann(), caller(number), BEGIN);
    let mut waiting: Vec<_> = (0..5).map(|number| begin(number).unwrap()).collect();
    assert_eq!(begin(9).unwrap_err(), Attempts::IN_FLIGHT_WAIT);
    waiting.pop();
    assert!(begin(9).is_ok());
}

fn user(number: usize) -> UserId {
    format!("auth0|{number}").parse().unwrap()
}

fn small(capacity: usize) -> Attempts {
    Attempts { capacity, ..Attempts::new(LIMIT) }
}

fn wrong(attempts: &Attempts, number: usize, now: Timestamp) {
    let attempt = attempts.begin(&user(number), caller(1), now).unwrap();
    attempt.record(PasswordVerdict::Mismatch);
}

/// Returns each stored user with its number of wrong attempts.
fn stored(attempts: &Attempts) -> Vec<(usize, usize)> {
    let tallies = attempts.tallies.lock();
    let of = |number: usize| Some((number, tallies.get(&user(number))?.wrong.len()));
    (0..tallies.len() + 10).filter_map(of).collect()
}

#[test]
fn only_expired_entries_are_evicted_first() {
    let attempts = small(4);
    let later = BEGIN.plus_millis(attempts.window_millis());
    let in_flight = attempts.begin(&user(0), caller(1), BEGIN).unwrap();
    wrong(&attempts, 1, BEGIN);
    wrong(&attempts, 2, BEGIN);
    wrong(&attempts, 3, later.plus_millis(-1));
    wrong(&attempts, 4, later);
    assert_eq!(stored(&attempts), [(0, 0), (3, 1), (4, 1)]);
    in_flight.record(PasswordVerdict::Mismatch);
    assert_eq!(stored(&attempts), [(0, 1), (3, 1), (4, 1)]);
}

#[test]
fn full_table_evicts_only_for_new_accounts() {
    let attempts = small(3);
    for number in 0..3 {
        wrong(&attempts, number, BEGIN);
    }
    attempts.begin(&user(1), caller(1), BEGIN).unwrap().withdraw();
    assert_eq!(stored(&attempts), [(0, 1), (1, 1), (2, 1)]);
    wrong(&attempts, 3, BEGIN);
    let now = stored(&attempts);
    assert!(now.len() == 3 && now.contains(&(3, 1)), "{now:?}");
}
