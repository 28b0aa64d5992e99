use std::sync::atomic::{AtomicUsize, Ordering};

use ports::{CircuitState, Quota, UpstreamRequest};
use tokio::task::{JoinHandle, yield_now};

use super::window::Left;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Remembers how many wait.
#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl UpstreamObserver for Count {
    fn record_request(&self, _: UpstreamRequest) {}
    fn record_quota(&self, _: &'static str, _: Quota) {}
    fn record_waiting(&self, _: &'static str, calls: usize) {
        self.0.store(calls, Ordering::SeqCst);
    }
    fn record_circuit(&self, _: &'static str, _: CircuitState) {}
}

struct Bench {
    gate: Arc<Gate>,
    count: Arc<Count>,
    /// Who went, in their order.
    went: Arc<Mutex<Vec<&'static str>>>,
    /// A second in Unix time.
    now: i64,
}

impl Bench {
    /// A gate that has heard that so many are left.
    async fn with(remaining: u64) -> Self {
        let count = Arc::new(Count::default());
        let gate = Gate::new(Kind::Read, Handle::current(), count.clone());
        let bench = Self { gate, count, went: Arc::default(), now: 1 };
        bench.gate.enter(late()).await.unwrap().tell(bench.left(remaining));
        bench
    }

    fn left(&self, remaining: u64) -> News {
        News::Taken(Some(Left { remaining, reset: Some((self.now, SECOND)) }))
    }

    /// Somebody who comes, goes when it is their turn, and hears what is left.
    async fn comes(&self, who: &'static str, heard: News) -> JoinHandle<Result<(), Failure>> {
        let (gate, went) = (self.gate.clone(), self.went.clone());
        let task = tokio::spawn(of(who).scope(async move {
            let pass = gate.enter(late()).await?;
            went.lock().unwrap().push(who);
            // The answer takes a moment.
            pause(Duration::from_millis(10)).await;
            pass.tell(heard);
            Ok(())
        }));
        settle().await;
        task
    }

    fn waiting(&self) -> usize {
        assert_eq!(self.count.0.load(Ordering::SeqCst), self.gate.lock().queue.waiting());
        self.gate.lock().queue.waiting()
    }

    fn went(&self) -> Vec<&'static str> {
        self.went.lock().unwrap().clone()
    }
}

/// A call on behalf of a tenant.
fn of(tenant: &str) -> CallContext {
    let call = CallContext::new("a-request".into(), late());
    call.set_quota_owner(QuotaOwner::Tenant(tenant.parse().unwrap()));
    call
}

fn late() -> Instant {
    Instant::now() + Duration::from_mins(5)
}

async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn where_enough_is_left_nobody_waits() {
    let bench = Bench::with(50).await;
    let start = Instant::now();
    let deadline = late();
    let mut passes = Vec::new();
    for _ in 0..50 {
        passes.push(bench.gate.enter(deadline).await.unwrap());
    }
    assert_eq!((start.elapsed(), bench.waiting()), (Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn who_comes_when_nothing_is_left_goes_when_there_is_more() {
    let mut bench = Bench::with(0).await;
    bench.now = 2;
    for _ in 0..4 {
        bench.comes("acme", bench.left(2)).await;
    }
    assert_eq!((bench.waiting(), bench.went().len()), (4, 0));
    assert!(bench.gate.is_closed());
    pass(SECOND).await;
    assert_eq!(bench.went().len(), 1, "a trial");
    pass(Duration::from_millis(10)).await;
    assert_eq!((bench.went().len(), bench.waiting()), (3, 1), "two were left");
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_one_tenant_costs_another_a_turn() {
    let mut bench = Bench::with(0).await;
    bench.now = 2;
    for _ in 0..100 {
        bench.comes("acme", bench.left(10)).await;
    }
    bench.comes("globex", bench.left(10)).await;
    pass(SECOND).await;
    pass(Duration::from_millis(10)).await;
    let place = bench.went().iter().position(|who| *who == "globex");
    assert!(place.is_some_and(|place| place <= 1), "{:?}", bench.went());
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_is_not_begun() {
    let bench = Bench::with(0).await;
    let outcome = bench.gate.enter(Instant::now() + SECOND / 2).await;
    let Err(Failure::Limited { retry_after }) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!((retry_after, bench.waiting()), (Some(SECOND), 0));
    let outcome = bench.gate.enter(Instant::now()).await;
    assert!(matches!(outcome, Err(Failure::NoTime)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_turns_out_to_be_too_long_is_not_gone_on_with() {
    let bench = Bench::with(1).await;
    let under_way = bench.gate.enter(late()).await.unwrap();
    let start = Instant::now();
    let waits = bench.gate.enter(start + 2 * SECOND);
    let closes = async {
        settle().await;
        let (reset, wait) = (Some(9), Some(9 * SECOND));
        under_way.tell(News::Refused { reset, wait });
    };
    let (outcome, ()) = tokio::join!(waits, closes);
    let Err(Failure::Limited { retry_after }) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!((retry_after, start.elapsed()), (Some(9 * SECOND), Duration::ZERO));
    assert_eq!(bench.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_leaves_at_the_deadline() {
    let bench = Bench::with(1).await;
    let _under_way = bench.gate.enter(late()).await.unwrap();
    let start = Instant::now();
    // One goes ahead as a trial, which has no answer either.
    let (one, other) = tokio::join!(
        bench.gate.enter(start + SECOND * 3 / 2),
        bench.gate.enter(start + SECOND * 3 / 2)
    );
    assert!(one.is_ok() && matches!(other, Err(Failure::Limited { .. })), "{one:?} {other:?}");
    assert_eq!((start.elapsed(), bench.waiting()), (SECOND * 3 / 2, 0));
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_its_place_to_the_next() {
    let mut bench = Bench::with(0).await;
    bench.now = 2;
    let gone = bench.comes("acme", bench.left(5)).await;
    bench.comes("acme", bench.left(5)).await;
    gone.abort();
    settle().await;
    assert_eq!(bench.waiting(), 1);
    pass(SECOND).await;
    assert_eq!((bench.went().len(), bench.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_nobody_takes_up_is_the_next_ones() {
    let bench = Bench::with(1).await;
    let under_way = bench.gate.enter(late()).await.unwrap();
    // Of the same tenant, so that it is clear who comes first.
    let mut first = Box::pin(of("acme").scope(bench.gate.enter(late())));
    assert!(poll(&mut first).is_none());
    let second = bench.comes("acme", News::Nothing).await;
    // The first has its turn, and goes away before it knows.
    under_way.tell(News::Unsent);
    settle().await;
    assert!(!second.is_finished() && bench.went().is_empty());
    drop(first);
    settle().await;
    assert_eq!((bench.went(), bench.waiting()), (vec!["acme"], 0));
}

#[tokio::test(start_paused = true)]
async fn where_too_many_wait_the_longest_line_loses_its_last() {
    let bench = Bench::with(0).await;
    let mut storm = Vec::new();
    for _ in 0..MOST_WAITING {
        storm.push(bench.comes("acme", News::Nothing).await);
    }
    let single = bench.comes("globex", News::Nothing).await;
    assert_eq!(bench.waiting(), MOST_WAITING);
    assert!(storm.pop().unwrap().is_finished());
    let refused = bench.comes("acme", News::Nothing).await;
    assert!(matches!(refused.await.unwrap(), Err(Failure::Limited { .. })));
    assert!(!single.is_finished() && storm.iter().all(|task| !task.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_those_who_are_through_is_kept() {
    let mut bench = Bench::with(0).await;
    bench.now = 2;
    for who in ["acme", "globex", "initech"] {
        bench.comes(who, bench.left(9)).await;
    }
    for _ in 0..10 {
        pass(SECOND).await;
    }
    let state = bench.gate.lock();
    assert_eq!((bench.went().len(), state.queue.waiting(), state.queue.held()), (3, 0, 0));
    assert_eq!(state.wakes, None, "no timer is left");
}

fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
