use std::sync::atomic::{AtomicUsize, Ordering};

use ports::{CircuitState, Quota, UpstreamRequest};
use tokio::task::{JoinHandle, yield_now};

use super::window::RemainingQuota;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Records the number of waiting calls.
#[derive(Debug, Default)]
struct WaitingCount(AtomicUsize);

impl UpstreamObserver for WaitingCount {
    fn record_request(&self, _: UpstreamRequest) {}
    fn record_quota(&self, _: &'static str, _: Quota) {}
    fn set_waiting(&self, _: &'static str, calls: usize) {
        self.0.store(calls, Ordering::SeqCst);
    }
    fn set_circuit(&self, _: &'static str, _: CircuitState) {}
}

struct Bench {
    gate: Arc<RateGate>,
    observer: Arc<WaitingCount>,
    /// The tenants whose calls have started, in order.
    started: Arc<Mutex<Vec<&'static str>>>,
    /// A second in Unix time.
    now: i64,
}

impl Bench {
    /// A gate that has been told how much quota remains.
    async fn with_remaining(remaining: u64) -> Self {
        let observer = Arc::new(WaitingCount::default());
        let gate = RateGate::new(CallKind::Read, Handle::current(), observer.clone());
        let bench = Self { gate, observer, started: Arc::default(), now: 1 };
        bench.gate.enter(in_five_minutes()).await.unwrap().report(bench.accepted(remaining));
        bench
    }

    fn accepted(&self, remaining: u64) -> RateFeedback {
        RateFeedback::Accepted(Some(RemainingQuota { remaining, reset: Some((self.now, SECOND)) }))
    }

    /// Spawns a call of the tenant, which reports `feedback` once it has had its permit for a
    /// moment.
    async fn spawn_call(
        &self,
        tenant: &'static str,
        feedback: RateFeedback,
    ) -> JoinHandle<Result<(), RequestError>> {
        let (gate, started) = (self.gate.clone(), self.started.clone());
        let task = tokio::spawn(call_of(tenant).scope(async move {
            let permit = gate.enter(in_five_minutes()).await?;
            started.lock().push(tenant);
            sleep(Duration::from_millis(10)).await;
            permit.report(feedback);
            Ok(())
        }));
        settle().await;
        task
    }

    fn waiting(&self) -> usize {
        assert_eq!(self.observer.0.load(Ordering::SeqCst), self.gate.lock().queue.waiting());
        self.gate.lock().queue.waiting()
    }

    fn started(&self) -> Vec<&'static str> {
        self.started.lock().clone()
    }
}

/// A call on behalf of a tenant.
fn call_of(tenant: &str) -> CallContext {
    let call = CallContext::new("a-request".into(), in_five_minutes());
    call.set_quota_owner(QuotaOwner::Tenant(tenant.parse().unwrap()));
    call
}

fn in_five_minutes() -> Instant {
    Instant::now() + Duration::from_mins(5)
}

async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

async fn advance(time: Duration) {
    tokio::time::advance(time).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn calls_within_the_quota_do_not_wait() {
    let bench = Bench::with_remaining(50).await;
    let start = Instant::now();
    let deadline = in_five_minutes();
    let mut permits = Vec::new();
    for _ in 0..50 {
        permits.push(bench.gate.enter(deadline).await.unwrap());
    }
    assert_eq!((start.elapsed(), bench.waiting()), (Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn exhausted_quota_queues_calls_until_the_refill() {
    let mut bench = Bench::with_remaining(0).await;
    bench.now = 2;
    for _ in 0..4 {
        bench.spawn_call("acme", bench.accepted(2)).await;
    }
    assert_eq!((bench.waiting(), bench.started().len()), (4, 0));
    assert!(bench.gate.is_exhausted());
    advance(SECOND).await;
    assert_eq!(bench.started().len(), 1, "a trial");
    advance(Duration::from_millis(10)).await;
    assert_eq!((bench.started().len(), bench.waiting()), (3, 1), "two were left");
}

#[tokio::test(start_paused = true)]
async fn flooding_tenant_delays_others_by_one_call() {
    let mut bench = Bench::with_remaining(0).await;
    bench.now = 2;
    for _ in 0..100 {
        bench.spawn_call("acme", bench.accepted(10)).await;
    }
    bench.spawn_call("globex", bench.accepted(10)).await;
    advance(SECOND).await;
    advance(Duration::from_millis(10)).await;
    let position = bench.started().iter().position(|tenant| *tenant == "globex");
    assert!(position.is_some_and(|position| position <= 1), "{:?}", bench.started());
}

#[tokio::test(start_paused = true)]
async fn wait_past_the_deadline_is_refused_at_once() {
    let bench = Bench::with_remaining(0).await;
    let outcome = bench.gate.enter(Instant::now() + SECOND / 2).await;
    let Err(RequestError::RateLimited { retry_after }) = outcome else {
        unreachable!("{outcome:?}")
    };
    assert_eq!((retry_after, bench.waiting()), (Some(SECOND), 0));
    let outcome = bench.gate.enter(Instant::now()).await;
    assert!(matches!(outcome, Err(RequestError::DeadlineExceeded)));
}

#[tokio::test(start_paused = true)]
async fn wait_ends_early_when_429_exceeds_deadline() {
    let bench = Bench::with_remaining(1).await;
    let in_flight = bench.gate.enter(in_five_minutes()).await.unwrap();
    let start = Instant::now();
    let waits = bench.gate.enter(start + 2 * SECOND);
    let closes = async {
        settle().await;
        let (reset, wait) = (Some(9), Some(9 * SECOND));
        in_flight.report(RateFeedback::Limited { reset, wait });
    };
    let (outcome, ()) = tokio::join!(waits, closes);
    let Err(RequestError::RateLimited { retry_after }) = outcome else {
        unreachable!("{outcome:?}")
    };
    assert_eq!((retry_after, start.elapsed()), (Some(9 * SECOND), Duration::ZERO));
    assert_eq!(bench.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn waiter_leaves_the_queue_at_its_deadline() {
    let bench = Bench::with_remaining(1).await;
    let _under_way = bench.gate.enter(in_five_minutes()).await.unwrap();
    let start = Instant::now();
    // One is sent as a trial, which gets no response either.
    let (one, other) = tokio::join!(
        bench.gate.enter(start + SECOND * 3 / 2),
        bench.gate.enter(start + SECOND * 3 / 2)
    );
    assert!(
        one.is_ok() && matches!(other, Err(RequestError::RateLimited { .. })),
        "{one:?} {other:?}"
    );
    assert_eq!((start.elapsed(), bench.waiting()), (SECOND * 3 / 2, 0));
}

#[tokio::test(start_paused = true)]
async fn cancelled_waiter_frees_its_place() {
    let mut bench = Bench::with_remaining(0).await;
    bench.now = 2;
    let cancelled = bench.spawn_call("acme", bench.accepted(5)).await;
    bench.spawn_call("acme", bench.accepted(5)).await;
    cancelled.abort();
    settle().await;
    assert_eq!(bench.waiting(), 1);
    advance(SECOND).await;
    assert_eq!((bench.started().len(), bench.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn unclaimed_permit_goes_to_the_next_waiter() {
    let bench = Bench::with_remaining(1).await;
    let in_flight = bench.gate.enter(in_five_minutes()).await.unwrap();
    // Of the same tenant, so that the order is certain.
    let mut first = Box::pin(call_of("acme").scope(bench.gate.enter(in_five_minutes())));
    assert!(poll(&mut first).is_none());
    let second = bench.spawn_call("acme", RateFeedback::NoInformation).await;
    // The first is granted the permit, and is cancelled before it is polled.
    in_flight.report(RateFeedback::NotSent);
    settle().await;
    assert!(!second.is_finished() && bench.started().is_empty());
    drop(first);
    settle().await;
    assert_eq!((bench.started(), bench.waiting()), (vec!["acme"], 0));
}

#[tokio::test(start_paused = true)]
async fn full_queue_evicts_from_the_longest_queue() {
    let bench = Bench::with_remaining(0).await;
    let mut flood = Vec::new();
    for _ in 0..MAX_WAITING {
        flood.push(bench.spawn_call("acme", RateFeedback::NoInformation).await);
    }
    let other = bench.spawn_call("globex", RateFeedback::NoInformation).await;
    assert_eq!(bench.waiting(), MAX_WAITING);
    assert!(flood.pop().unwrap().is_finished());
    let refused = bench.spawn_call("acme", RateFeedback::NoInformation).await;
    assert!(matches!(refused.await.unwrap(), Err(RequestError::RateLimited { .. })));
    assert!(!other.is_finished() && flood.iter().all(|task| !task.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn finished_calls_leave_no_state() {
    let mut bench = Bench::with_remaining(0).await;
    bench.now = 2;
    for tenant in ["acme", "globex", "initech"] {
        bench.spawn_call(tenant, bench.accepted(9)).await;
    }
    for _ in 0..10 {
        advance(SECOND).await;
    }
    let state = bench.gate.lock();
    assert_eq!((bench.started().len(), state.queue.waiting(), state.queue.held()), (3, 0, 0));
    assert_eq!(state.wakes_at, None, "no timer is left");
}

fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
