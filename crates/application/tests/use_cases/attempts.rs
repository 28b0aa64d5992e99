//! How often somebody may be wrong about a current password.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use application::{AttemptLimit, Passwords, Ports, Services, UseCaseError};
use async_trait::async_trait;
use conformance::{Caller, ManualClock};
use domain::{AccountScope, CurrentPassword, User};
use ports::{MockUserDirectory, PasswordCheck, PasswordVerdict, PortError, PortResult};
use tokio::sync::Semaphore;

use crate::support::{Bench, acme, current_password, new_password, user, valid};

const LIMIT: AttemptLimit = AttemptLimit { wrong: 3, window: Duration::from_mins(15) };

fn ann() -> User {
    user("ann", &[("acme", "member")])
}

fn scope() -> AccountScope {
    Caller::of([acme()]).changes()
}

/// Tries once, and answers in a word what came of it.
async fn attempt(passwords: &Passwords, name: &str, client: Option<&str>) -> String {
    let client = client.map(valid);
    let id = user(name, &[]).id;
    match passwords.change(&scope(), &id, current_password(), new_password(), client).await {
        Ok(_) => "changed".to_owned(),
        Err(UseCaseError::CurrentPasswordMismatch) => "wrong".to_owned(),
        Err(UseCaseError::TooManyAttempts { retry_after }) => format!("wait {retry_after:?}"),
        Err(UseCaseError::Unavailable { .. }) => "unavailable".to_owned(),
        Err(UseCaseError::Hidden) => "hidden".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

/// A bench with everybody there, and verdicts in this order, each asked for.
fn with_verdicts(verdicts: Vec<PortResult<PasswordVerdict>>) -> (Passwords, Arc<ManualClock>) {
    let mut bench = Bench { limit: LIMIT, ..Bench::default() };
    bench.directory.expect_find().returning(|_, id| Ok(Some(User { id: id.clone(), ..ann() })));
    bench.directory.expect_set_password().returning(|_, snapshot, _| Ok(snapshot.clone()));
    let count = verdicts.len();
    let verdicts = std::sync::Mutex::new(verdicts.into_iter());
    let next = move || verdicts.lock().unwrap().next().unwrap();
    bench.check.expect_verify().times(count).returning(move |_, _, _, _| next());
    let clock = Arc::clone(&bench.clock);
    (bench.services().passwords, clock)
}

fn wrong(count: usize) -> Vec<PortResult<PasswordVerdict>> {
    (0..count).map(|_| Ok(PasswordVerdict::Mismatch)).collect()
}

#[tokio::test]
async fn after_too_many_wrong_ones_no_further_one_is_checked() {
    let (passwords, clock) = with_verdicts(wrong(3));
    for _ in 0..3 {
        assert_eq!(attempt(&passwords, "ann", None).await, "wrong");
        clock.advance(Duration::from_mins(1));
    }
    // The first of them was three minutes ago, and counts for twelve more.
    for _ in 0..5 {
        assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(720s)");
    }
}

#[tokio::test]
async fn being_turned_away_does_not_lengthen_the_wait() {
    let (passwords, clock) = with_verdicts(wrong(4));
    for _ in 0..3 {
        attempt(&passwords, "ann", None).await;
    }
    clock.advance(Duration::from_mins(14));
    assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(60s)");
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(1ms)");
    clock.advance(Duration::from_millis(1));
    assert_eq!(attempt(&passwords, "ann", None).await, "wrong");
}

#[tokio::test]
async fn each_wrong_one_counts_for_its_own_time() {
    let (passwords, clock) = with_verdicts(wrong(4));
    for _ in 0..3 {
        assert_eq!(attempt(&passwords, "ann", None).await, "wrong");
        clock.advance(Duration::from_mins(5));
    }
    // The first is forgotten now, the second in five minutes.
    assert_eq!(attempt(&passwords, "ann", None).await, "wrong");
    assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(300s)");
}

#[tokio::test]
async fn a_right_one_wipes_the_slate() {
    let mut verdicts = wrong(2);
    verdicts.push(Ok(PasswordVerdict::Match));
    verdicts.extend(wrong(3));
    let (passwords, _) = with_verdicts(verdicts);
    let mut outcomes = Vec::new();
    for _ in 0..7 {
        outcomes.push(attempt(&passwords, "ann", None).await);
    }
    let expected = ["wrong", "wrong", "changed", "wrong", "wrong", "wrong", "wait Some(900s)"];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_failure_of_the_directory_counts_for_nothing() {
    let failures: [fn() -> PortError; 3] = [
        || PortError::Timeout,
        || PortError::Failed { source: "cause".into() },
        || PortError::Unavailable { retry_after: None, source: None },
    ];
    for failure in failures {
        let mut bench = Bench { limit: LIMIT, ..Bench::default() };
        bench.directory.expect_find().returning(|_, _| Ok(Some(ann())));
        bench.check.expect_verify().times(20).returning(move |_, _, _, _| Err(failure()));
        bench.check.expect_verify().times(3).returning(|_, _, _, _| Ok(PasswordVerdict::Mismatch));
        let passwords = bench.services().passwords;
        let id = ann().id;
        for _ in 0..20 {
            let new = new_password();
            let failed = passwords.change(&scope(), &id, current_password(), new, None).await;
            assert!(!matches!(failed, Err(UseCaseError::TooManyAttempts { .. })), "{failed:?}");
        }
        for _ in 0..3 {
            assert_eq!(attempt(&passwords, "ann", None).await, "wrong");
        }
        assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(900s)");
    }
}

#[tokio::test]
async fn what_the_directory_itself_stops_counts_for_nothing_here() {
    let stopped = || Err(PortError::TooManyAttempts { retry_after: Some(Duration::from_secs(1)) });
    let mut verdicts: Vec<_> = (0..5).map(|_| stopped()).collect();
    verdicts.push(Ok(PasswordVerdict::Match));
    let (passwords, _) = with_verdicts(verdicts);
    for _ in 0..5 {
        assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(1s)");
    }
    assert_eq!(attempt(&passwords, "ann", None).await, "changed");
}

#[tokio::test]
async fn who_is_not_there_is_never_counted() {
    let mut bench = Bench { limit: LIMIT, ..Bench::default() };
    bench.directory.expect_find().times(10).returning(|_, _| Ok(None));
    let passwords = bench.services().passwords;
    // A wait would betray that somebody is there.
    for _ in 0..10 {
        assert_eq!(attempt(&passwords, "ann", None).await, "hidden");
    }
}

#[tokio::test]
async fn accounts_and_addresses_are_counted_apart() {
    let (passwords, _) = with_verdicts(wrong(3 * 4));
    for (name, client) in [
        ("ann", Some("192.0.2.1")),
        ("bea", Some("192.0.2.1")),
        ("ann", Some("192.0.2.2")),
        ("ann", None),
    ] {
        for _ in 0..3 {
            assert_eq!(attempt(&passwords, name, client).await, "wrong");
        }
        assert_eq!(attempt(&passwords, name, client).await, "wait Some(900s)");
    }
}

#[tokio::test]
async fn one_network_is_one_address() {
    let (passwords, _) = with_verdicts(wrong(3 + 1 + 3));
    // Whoever has one address of an IPv6 network has 2^64 of them.
    for client in ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff"] {
        assert_eq!(attempt(&passwords, "ann", Some(client)).await, "wrong");
    }
    assert_eq!(attempt(&passwords, "ann", Some("2001:db8:0:1::3")).await, "wait Some(900s)");
    assert_eq!(attempt(&passwords, "ann", Some("2001:db8:0:2::1")).await, "wrong");
    // The same address in its other spelling.
    for client in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"] {
        assert_eq!(attempt(&passwords, "bea", Some(client)).await, "wrong");
    }
    assert_eq!(attempt(&passwords, "bea", Some("::ffff:192.0.2.1")).await, "wait Some(900s)");
}

/// A check that takes its time: it answers when the test lets it.
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
    directory.expect_find().returning(|_, _| Ok(Some(ann())));
    let clock = Arc::new(ManualClock::new());
    let ports = Ports { directory: Arc::new(directory), password_check: check, clock };
    Services::new(ports, LIMIT).passwords
}

#[tokio::test]
async fn many_at_once_do_not_slip_through_together() {
    let check = Slow::check();
    let passwords = slowly(Arc::clone(&check));
    let attempt = || attempt(&passwords, "ann", None);
    let later = async {
        // Polled last, so that by now each of the others has gone as far as it can: one to the
        // check, and two to where they wait for it to be done.
        assert_eq!(check.asked.load(Ordering::SeqCst), 1);
        check.gate.add_permits(10);
    };
    let (first, second, third, fourth, fifth, ()) =
        tokio::join!(biased; attempt(), attempt(), attempt(), attempt(), attempt(), later);
    assert_eq!([first, second, third], ["wrong", "wrong", "wrong"]);
    // A moment only: those under way may still turn out right.
    assert_eq!([fourth, fifth], ["wait Some(1s)", "wait Some(1s)"]);
    assert_eq!(check.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn one_that_is_given_up_counts_for_nothing() {
    let check = Slow::check();
    let passwords = slowly(Arc::clone(&check));
    for _ in 0..10 {
        tokio::select! {
            biased;
            _ = attempt(&passwords, "ann", None) => panic!("nobody has opened the gate"),
            () = std::future::ready(()) => {}
        }
    }
    check.gate.add_permits(3);
    for _ in 0..3 {
        assert_eq!(attempt(&passwords, "ann", None).await, "wrong");
    }
    assert_eq!(attempt(&passwords, "ann", None).await, "wait Some(900s)");
    assert_eq!(check.asked.load(Ordering::SeqCst), 13);
}
