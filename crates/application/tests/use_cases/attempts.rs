//! The limit on wrong current passwords.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use application::{AttemptLimit, Passwords, Ports, Services, UseCaseError};
use async_trait::async_trait;
use conformance::{Caller, ManualClock};
use domain::{AccountScope, CallerKey, CurrentPassword, User};
use ports::{MockUserDirectory, PasswordCheck, PasswordVerdict, PortError, PortResult};
use tokio::sync::Semaphore;

use crate::support::{TestPorts, acme, current_password, new_password, user, valid};

const LIMIT: AttemptLimit =
    AttemptLimit { wrong: 3, wrong_per_account: 7, window: Duration::from_mins(15) };

fn ann() -> User {
    user("ann", &[("acme", "member")])
}

fn scope() -> AccountScope {
    Caller::of([acme()]).changes()
}

/// Makes one attempt, and returns its outcome in a word.
async fn attempt(passwords: &Passwords, name: &str) -> String {
    attempt_by(passwords, name, 0, None).await
}

/// Makes one attempt by this caller from this address, and returns its outcome in a word.
async fn attempt_by(passwords: &Passwords, name: &str, caller: u8, client: Option<&str>) -> String {
    let client = client.map(valid);
    let id = user(name, &[]).id;
    let caller = CallerKey::new([caller; 32]);
    let texts = (current_password(), new_password());
    match passwords.change(&scope(), &id, caller, texts, client).await {
        Ok(_) => "changed".to_owned(),
        Err(UseCaseError::CurrentPasswordMismatch) => "wrong".to_owned(),
        Err(UseCaseError::TooManyAttempts { retry_after }) => format!("wait {retry_after:?}"),
        Err(UseCaseError::Unavailable { .. }) => "unavailable".to_owned(),
        Err(UseCaseError::Timeout | UseCaseError::Failed { .. }) => "failed".to_owned(),
        Err(UseCaseError::Hidden) => "hidden".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

/// Returns ports with one account for each id, and a check with these verdicts, each used once.
fn with_verdicts(verdicts: Vec<PortResult<PasswordVerdict>>) -> (Passwords, Arc<ManualClock>) {
    let mut ports = TestPorts { limit: LIMIT, ..TestPorts::default() };
    ports
        .directory
        .expect_find()
        .returning(|_, id| Ok(Some(Arc::new(User { id: id.clone(), ..ann() }))));
    ports.directory.expect_set_password().returning(|_, snapshot, _| Ok(snapshot.clone()));
    let count = verdicts.len();
    let verdicts = std::sync::Mutex::new(verdicts.into_iter());
    let next = move || verdicts.lock().unwrap().next().unwrap();
    ports.check.expect_verify().times(count).returning(move |_, _, _, _| next());
    let clock = Arc::clone(&ports.clock);
    (ports.services().passwords, clock)
}

fn wrong(count: usize) -> Vec<PortResult<PasswordVerdict>> {
    (0..count).map(|_| Ok(PasswordVerdict::Mismatch)).collect()
}

#[tokio::test]
async fn attempts_over_limit_are_not_checked() {
    let (passwords, clock) = with_verdicts(wrong(3));
    for _ in 0..3 {
        assert_eq!(attempt(&passwords, "ann").await, "wrong");
        clock.advance(Duration::from_mins(1));
    }
    // The first attempt was three minutes ago and counts for twelve more.
    for _ in 0..5 {
        assert_eq!(attempt(&passwords, "ann").await, "wait Some(720s)");
    }
}

#[tokio::test]
async fn rejected_attempts_do_not_extend_the_wait() {
    let (passwords, clock) = with_verdicts(wrong(4));
    for _ in 0..3 {
        attempt(&passwords, "ann").await;
    }
    clock.advance(Duration::from_mins(14));
    assert_eq!(attempt(&passwords, "ann").await, "wait Some(60s)");
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(attempt(&passwords, "ann").await, "wait Some(1ms)");
    clock.advance(Duration::from_millis(1));
    assert_eq!(attempt(&passwords, "ann").await, "wrong");
}

#[tokio::test]
async fn each_wrong_attempt_expires_on_its_own() {
    let (passwords, clock) = with_verdicts(wrong(4));
    for _ in 0..3 {
        assert_eq!(attempt(&passwords, "ann").await, "wrong");
        clock.advance(Duration::from_mins(5));
    }
    // The first attempt has expired, the second expires in five minutes.
    assert_eq!(attempt(&passwords, "ann").await, "wrong");
    assert_eq!(attempt(&passwords, "ann").await, "wait Some(300s)");
}

#[tokio::test]
async fn match_resets_the_count() {
    let mut verdicts = wrong(2);
    verdicts.push(Ok(PasswordVerdict::Match));
    verdicts.extend(wrong(3));
    let (passwords, _) = with_verdicts(verdicts);
    let mut outcomes = Vec::new();
    for _ in 0..7 {
        outcomes.push(attempt(&passwords, "ann").await);
    }
    let expected = ["wrong", "wrong", "changed", "wrong", "wrong", "wrong", "wait Some(900s)"];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn unchecked_password_is_not_counted() {
    let mut verdicts: Vec<_> =
        (0..20).map(|_| Err(PortError::Unavailable { retry_after: None, source: None })).collect();
    verdicts.extend(wrong(3));
    let (passwords, _) = with_verdicts(verdicts);
    for _ in 0..20 {
        assert_eq!(attempt(&passwords, "ann").await, "unavailable");
    }
    for _ in 0..3 {
        assert_eq!(attempt(&passwords, "ann").await, "wrong");
    }
    assert_eq!(attempt(&passwords, "ann").await, "wait Some(900s)");
}

#[tokio::test]
async fn missing_verdict_counts_as_wrong() {
    let failures: [fn() -> PortError; 2] =
        [|| PortError::Timeout, || PortError::Failed { source: "cause".into() }];
    for failure in failures {
        let (passwords, _) = with_verdicts((0..3).map(|_| Err(failure())).collect());
        for _ in 0..3 {
            assert_eq!(attempt(&passwords, "ann").await, "failed");
        }
        assert_eq!(attempt(&passwords, "ann").await, "wait Some(900s)");
    }
}

#[tokio::test]
async fn directory_attempt_limit_is_not_counted() {
    let stopped = || Err(PortError::TooManyAttempts { retry_after: Some(Duration::from_secs(1)) });
    let mut verdicts: Vec<_> = (0..5).map(|_| stopped()).collect();
    verdicts.push(Ok(PasswordVerdict::Match));
    let (passwords, _) = with_verdicts(verdicts);
    for _ in 0..5 {
        assert_eq!(attempt(&passwords, "ann").await, "wait Some(1s)");
    }
    assert_eq!(attempt(&passwords, "ann").await, "changed");
}

#[tokio::test]
async fn missing_account_is_not_counted() {
    let mut ports = TestPorts { limit: LIMIT, ..TestPorts::default() };
    ports.directory.expect_find().times(10).returning(|_, _| Ok(None));
    let passwords = ports.services().passwords;
    // A wait would reveal that the account exists.
    for _ in 0..10 {
        assert_eq!(attempt(&passwords, "ann").await, "hidden");
    }
}

#[tokio::test]
async fn attempts_are_counted_per_account_and_caller() {
    let (passwords, _) = with_verdicts(wrong(3 * 3));
    for (name, caller) in [("ann", 1), ("bea", 1), ("ann", 2)] {
        // The client's address is of no account: an attacker has many.
        for client in [Some("192.0.2.1"), Some("2001:db8::1"), None] {
            assert_eq!(attempt_by(&passwords, name, caller, client).await, "wrong");
        }
        assert_eq!(attempt_by(&passwords, name, caller, None).await, "wait Some(900s)");
    }
}

#[tokio::test]
async fn attempts_of_all_callers_on_one_account_are_limited() {
    let (passwords, _) = with_verdicts(wrong(7 + 1));
    for caller in 0..7 {
        assert_eq!(attempt_by(&passwords, "ann", caller, None).await, "wrong");
    }
    assert_eq!(attempt_by(&passwords, "ann", 7, None).await, "wait Some(900s)");
    assert_eq!(attempt_by(&passwords, "bea", 7, None).await, "wrong");
}

/// A check that returns when the test releases it.
#[derive(Debug)]
struct Slow {
    asked: AtomicUsize,
    gate: Semaphore,
}

impl Slow {
    fn check() -> Arc<Self> {
        Arc::new(Self { asked: AtomicUsize::new(0), gate: Semaphore::new(0) })
    }
}

#[async_trait]
impl PasswordCheck for Slow {
    async fn verify(
        &self,
        _: &AccountScope,
        _: &User,
        _: CurrentPassword,
        _: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        Ok(PasswordVerdict::Mismatch)
    }
}

fn slowly(check: Arc<Slow>) -> Passwords {
    let mut directory = MockUserDirectory::new();
    directory.expect_find().returning(|_, id| Ok(Some(Arc::new(User { id: id.clone(), ..ann() }))));
    directory.expect_set_password().returning(|_, snapshot, _| Ok(snapshot.clone()));
    let clock = Arc::new(ManualClock::new());
    let ports = Ports { directory: Arc::new(directory), password_check: check, clock };
    Services::new(ports, LIMIT, domain::AccountRules::default()).passwords
}

#[tokio::test]
async fn concurrent_attempts_respect_the_limit() {
    let check = Slow::check();
    let passwords = slowly(Arc::clone(&check));
    let attempt = || attempt(&passwords, "ann");
    let later = async {
        // Polled last, so that the others are as far as they get: one in the check, two waiting for
        // it.
        assert_eq!(check.asked.load(Ordering::SeqCst), 1);
        check.gate.add_permits(10);
    };
    let (first, second, third, fourth, fifth, ()) =
        tokio::join!(biased; attempt(), attempt(), attempt(), attempt(), attempt(), later);
    assert_eq!([first, second, third], ["wrong", "wrong", "wrong"]);
    // A short wait only, since the attempts in flight may still match.
    assert_eq!([fourth, fifth], ["wait Some(1s)", "wait Some(1s)"]);
    assert_eq!(check.asked.load(Ordering::SeqCst), 3);
}

/// Sets a password without the current one, and returns the outcome in a word.
async fn set(passwords: &Passwords, name: &str) -> String {
    match passwords.set(&scope(), &user(name, &[]).id, new_password()).await {
        Ok(_) => "set".to_owned(),
        Err(UseCaseError::TooManyAttempts { retry_after }) => format!("wait {retry_after:?}"),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn at_most_four_changes_of_one_account_wait() {
    let check = Slow::check();
    let passwords = slowly(Arc::clone(&check));
    let (set, attempt) = (|name| set(&passwords, name), |name| attempt(&passwords, name));
    let later = async {
        // Another account does not wait.
        assert_eq!(set("bea").await, "set");
        check.gate.add_permits(1);
    };
    let (checked, a, b, c, d, fifth, other, ()) = tokio::join!(biased;
        attempt("ann"), set("ann"), set("ann"), set("ann"), set("ann"), set("ann"), attempt("ann"),
        later);
    assert_eq!(checked, "wrong");
    assert_eq!([a, b, c, d], ["set", "set", "set", "set"]);
    assert_eq!([fifth, other], ["wait Some(1s)", "wait Some(1s)"]);
    assert_eq!(set("ann").await, "set");
}

#[tokio::test]
async fn cancelled_attempt_counts_as_wrong() {
    let check = Slow::check();
    let passwords = slowly(Arc::clone(&check));
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = attempt(&passwords, "ann") => panic!("the check is not released"),
            () = std::future::ready(()) => {}
        }
    }
    assert_eq!(attempt(&passwords, "ann").await, "wait Some(900s)");
    assert_eq!(check.asked.load(Ordering::SeqCst), 3);
}
