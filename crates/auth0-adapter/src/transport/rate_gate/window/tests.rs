use super::*;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// An answer after which so many are left, until this second of Unix time.
fn left(remaining: u64, second: i64) -> News {
    News::Taken(Some(Left { remaining, reset: Some((second, SECOND)) }))
}

fn refused(reset: Option<i64>, wait: Option<Duration>) -> News {
    News::Refused { reset, wait }
}

/// A window that has just heard so of the second 1.
fn heard(remaining: u64) -> (Window, Instant) {
    let now = Instant::now();
    let mut window = Window::new(now);
    let epoch = window.go();
    window.back(epoch, left(remaining, 1), false, now);
    (window, now)
}

/// Lets go as many as there is room for.
fn fill(window: &mut Window, now: Instant) -> Vec<u64> {
    std::iter::from_fn(|| window.has_room(now).then(|| window.go())).take(100).collect()
}

#[test]
fn where_nothing_is_known_everybody_goes() {
    let now = Instant::now();
    let mut window = Window::new(now);
    assert_eq!(fill(&mut window, now).len(), 100);
    window.back(0, News::Taken(None), true, now);
    window.back(0, News::Nothing, true, now);
    assert_eq!(fill(&mut window, now).len(), 100);
}

#[test]
fn as_many_are_under_way_at_once_as_are_left() {
    let (mut window, now) = heard(3);
    let went = fill(&mut window, now);
    assert_eq!(went.len(), 3);
    for (epoch, remaining) in went.into_iter().zip([2, 1, 0]) {
        window.back(epoch, left(remaining, 1), true, now);
        assert!(!window.has_room(now));
    }
    assert!(window.is_closed(now));
    assert_eq!(window.opens(), now + SECOND);
}

#[test]
fn of_answers_that_overtake_each_other_the_lowest_number_counts() {
    let (mut window, now) = heard(5);
    let went = fill(&mut window, now);
    for (epoch, remaining) in went.into_iter().zip([1, 4, 2, 3]) {
        window.back(epoch, left(remaining, 1), true, now);
    }
    assert_eq!(fill(&mut window, now).len(), 0, "one is under way, and one is left");
}

#[test]
fn what_has_no_answer_may_have_been_counted_and_what_was_not_sent_was_not() {
    let (mut window, now) = heard(3);
    let went = fill(&mut window, now);
    window.back(went[0], News::Nothing, true, now);
    assert!(!window.has_room(now));
    window.back(went[1], News::Unsent, true, now);
    assert_eq!(fill(&mut window, now).len(), 1);
}

#[test]
fn when_there_is_more_one_goes_ahead_and_its_answer_tells_how_much() {
    let (mut window, now) = heard(0);
    assert!(!window.has_room(now + SECOND - MILLI));
    let now = now + SECOND;
    assert!(!window.is_closed(now));
    let trial = fill(&mut window, now);
    assert_eq!(trial.len(), 1);
    window.back(trial[0], left(7, 2), true, now);
    assert_eq!(fill(&mut window, now).len(), 7);
}

#[test]
fn answers_of_before_say_nothing_about_now() {
    let (mut window, now) = heard(2);
    let late = fill(&mut window, now);
    let now = now + SECOND;
    let trial = fill(&mut window, now);
    assert_eq!(trial.len(), 1);
    window.back(late[0], left(0, 1), true, now);
    window.back(trial[0], left(4, 2), true, now);
    window.back(late[1], refused(Some(1), Some(SECOND)), true, now);
    assert_eq!(fill(&mut window, now).len(), 4);
}

#[test]
fn a_trial_without_an_answer_is_followed_by_another() {
    let (mut window, now) = heard(0);
    let now = now + SECOND;
    assert_eq!(fill(&mut window, now).len(), 1);
    assert!(!window.has_room(now + PATIENCE - MILLI));
    assert_eq!(fill(&mut window, now + PATIENCE).len(), 1);
}

#[test]
fn a_refusal_closes_until_there_is_more_and_a_moment_longer() {
    for _ in 0..50 {
        let (mut window, now) = heard(9);
        let went = fill(&mut window, now);
        window.back(went[0], refused(Some(1), Some(SECOND)), true, now);
        assert!(window.is_closed(now));
        assert_eq!(window.told(), now + SECOND);
        assert!((now + SECOND..=now + SECOND + SPREAD).contains(&window.opens()));
        // Others that went at the same time learn the same.
        let opens = window.opens();
        window.back(went[1], refused(Some(1), Some(SECOND)), true, now);
        window.back(went[2], left(3, 1), true, now);
        assert_eq!((window.opens(), window.has_room(now)), (opens, false));
    }
}

#[test]
fn without_numbers_refusals_wait_longer_and_longer() {
    let now = Instant::now();
    let longest = |refusals: u32| {
        let waits = (0..50).map(|_| {
            let mut window = Window::new(now);
            for _ in 0..refusals {
                let epoch = window.go();
                window.back(epoch, refused(None, None), true, now);
            }
            window.opens() - now
        });
        waits.max().unwrap()
    };
    assert!(longest(1) <= BACKOFF);
    assert!(longest(4) > BACKOFF && longest(4) <= BACKOFF * 8);
    assert!(longest(100) <= BACKOFF * 64);
}

#[test]
fn without_numbers_twice_as_many_go_with_each_round_until_nobody_waits() {
    let now = Instant::now();
    let mut window = Window::new(now);
    let epoch = window.go();
    window.back(epoch, refused(None, None), true, now);
    let now = window.opens();
    for expected in [1, 2, 4, 8] {
        let round = fill(&mut window, now);
        assert_eq!(round.len(), expected);
        for epoch in round {
            window.back(epoch, News::Taken(None), true, now);
        }
    }
    let epoch = window.go();
    window.back(epoch, News::Taken(None), false, now);
    assert_eq!(fill(&mut window, now).len(), 100);
}

#[test]
fn nonsense_stops_nobody_for_long() {
    let far = Duration::from_hours(24);
    for news in [
        refused(Some(i64::MAX), Some(far)),
        News::Taken(Some(Left { remaining: 0, reset: Some((i64::MAX, far)) })),
    ] {
        let now = Instant::now();
        let mut window = Window::new(now);
        let epoch = window.go();
        window.back(epoch, news, true, now);
        assert_eq!(window.told(), now + far, "what Auth0 says is told");
        assert!(window.opens() <= now + LONGEST + SPREAD);
        let now = window.opens();
        let trial = fill(&mut window, now);
        window.back(trial[0], left(5, 2), true, now);
        assert_eq!(fill(&mut window, now).len(), 5, "what is heard next is believed");
    }
}

#[test]
fn an_answer_of_a_later_refill_counts_whoever_brings_it() {
    let (mut window, now) = heard(2);
    let late = fill(&mut window, now);
    let now = now + SECOND;
    assert_eq!(fill(&mut window, now).len(), 1, "a trial");
    window.back(late[0], left(6, 2), true, now);
    assert_eq!(fill(&mut window, now).len(), 5, "the trial is under way");
}
