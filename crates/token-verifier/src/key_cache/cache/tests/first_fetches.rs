//! Key sources that do not respond, named by forged tokens.

use super::*;

fn fixture_with_first_fetches(limits: FirstFetchLimits) -> Fixture {
    fixture_with(CacheLimits { first_fetches: limits, ..CacheLimits::DEFAULT })
}

const FEW: FirstFetchLimits = FirstFetchLimits { concurrent: 6, per_network: 2, waiting: 100 };

/// The number of an issuer that no other request of a test names.
const UNUSED: usize = 999;

/// Requests that each name another issuer, for one client.
fn flood(
    fixture: &Fixture,
    numbers: std::ops::Range<usize>,
    client: ClientNetwork,
) -> Vec<JoinHandle<Answer>> {
    numbers
        .map(|number| tokio::spawn(fixture.request_unknown(&tenant_issuer(number), client)))
        .collect()
}

fn finished(requests: &[JoinHandle<Answer>]) -> usize {
    requests.iter().filter(|request| request.is_finished()).count()
}

#[tokio::test]
async fn first_fetches_of_one_client_are_bounded() {
    let fixture = fixture_with_first_fetches(FEW);
    fixture.source.block_fetches();
    let requests = flood(&fixture, 0..50, network(1));
    settle().await;
    fixture.assert_fetches(2);
    assert_eq!(finished(&requests), 0);
    fixture.source.release_fetches(50);
    for request in requests {
        assert_same(&request.await.unwrap(), &unavailable(SECOND));
    }
    fixture.assert_fetches(50);
    assert_eq!(fixture.source.max_running(), 2);
}

#[tokio::test]
async fn first_fetches_are_bounded_in_total() {
    let fixture = fixture_with_first_fetches(FEW);
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for number in 0..20 {
        let client = network(u8::try_from(number).unwrap());
        requests.extend(flood(&fixture, number..number + 1, client));
    }
    settle().await;
    fixture.assert_fetches(6);
    fixture.source.release_fetches(20);
    for request in requests {
        assert_same(&request.await.unwrap(), &unavailable(SECOND));
    }
    assert_eq!(fixture.source.max_running(), 6);
}

#[tokio::test]
async fn flood_does_not_delay_issuers_that_were_never_used() {
    let fixture = fixture_with_first_fetches(FEW);
    fixture.source.block_fetches();
    let requests = flood(&fixture, 0..50, network(1));
    settle().await;
    fixture.assert_fetches(2);
    // An issuer that the settings name, for the same client.
    let known = fixture.spawn_request(KID).await;
    fixture.assert_fetches(3);
    // A new tenant, for another client.
    fixture.source.publish(&tenant_issuer(UNUSED), &[rsa().public_as(KID)]);
    let new = tokio::spawn(fixture.request_unknown(&tenant_issuer(UNUSED), network(2)));
    settle().await;
    fixture.assert_fetches(4);
    assert_eq!(finished(&requests), 0);
    fixture.source.release_fetches(52);
    assert!(known.await.unwrap().is_ok());
    assert!(new.await.unwrap().is_ok());
}

#[tokio::test]
async fn flood_does_not_delay_known_issuers_from_any_number_of_clients() {
    let fixture = fixture_with_first_fetches(FEW);
    fixture.source.publish(OTHER_ISSUER, &[rsa().public_as(KID)]);
    fixture.request_unknown(OTHER_ISSUER, network(0)).await.unwrap();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for number in 0..20 {
        let client = network(u8::try_from(number).unwrap());
        requests.extend(flood(&fixture, number * 5..number * 5 + 5, client));
    }
    settle().await;
    fixture.assert_fetches(1 + 6);
    // One that the settings name, and one whose keys were fetched before.
    let known = fixture.spawn_request(KID).await;
    fixture.assert_fetches(1 + 6 + 1);
    let refetched = tokio::spawn(fixture.request(OTHER_ISSUER, "new", false, network(0)));
    settle().await;
    fixture.assert_fetches(1 + 6 + 2);
    fixture.source.release_fetches(200);
    assert!(known.await.unwrap().is_ok());
    assert_same(&refetched.await.unwrap(), &unknown());
}

#[tokio::test]
async fn clients_take_turns() {
    let fixture = fixture_with_first_fetches(FirstFetchLimits { concurrent: 1, ..FEW });
    fixture.source.block_fetches();
    let _flood = flood(&fixture, 0..50, network(1));
    settle().await;
    let new = tokio::spawn(fixture.request_unknown(&tenant_issuer(UNUSED), network(2)));
    settle().await;
    fixture.assert_fetches(1);
    // At most one fetch of the flood comes first.
    fixture.source.release_fetches(2);
    settle().await;
    fixture.assert_fetches(3);
    let fetched = fixture.source.fetched_locations();
    assert!(fetched.iter().any(|location| location.issuer == tenant_issuer(UNUSED)));
    new.abort();
}

#[tokio::test]
async fn shared_issuer_is_fetched_with_the_first_permit_of_any_client() {
    let fixture = fixture_with_first_fetches(FEW);
    fixture.source.publish(&tenant_issuer(UNUSED), &[rsa().public_as(KID)]);
    fixture.source.block_fetches();
    let _flood = flood(&fixture, 0..50, network(1));
    // The same issuer for a client that waits for its turn, and for another.
    let waiting = tokio::spawn(fixture.request_unknown(&tenant_issuer(UNUSED), network(1)));
    settle().await;
    fixture.assert_fetches(2);
    let other = tokio::spawn(fixture.request_unknown(&tenant_issuer(UNUSED), network(2)));
    settle().await;
    fixture.assert_fetches(3);
    // Releases the two of the flood, and the shared one.
    fixture.source.release_fetches(3);
    assert!(other.await.unwrap().is_ok());
    assert!(waiting.await.unwrap().is_ok());
}

#[tokio::test]
async fn full_queue_evicts_the_client_with_most_requests() {
    let fixture = fixture_with_first_fetches(FirstFetchLimits { waiting: 10, ..FEW });
    fixture.source.block_fetches();
    let requests = flood(&fixture, 0..50, network(1));
    settle().await;
    // Two run, ten wait, the others were rejected.
    assert_eq!(finished(&requests), 38);
    let others = flood(&fixture, 100..104, network(2));
    settle().await;
    fixture.assert_fetches(4);
    assert_eq!(finished(&others), 0);
    assert_eq!(finished(&requests), 40, "two more, for the two that wait");
    for request in requests.into_iter().filter(JoinHandle::is_finished) {
        assert_same(&request.await.unwrap(), &unavailable(SECOND));
    }
}

#[tokio::test]
async fn cancelled_requests_leave_the_queue() {
    let fixture = fixture_with_first_fetches(FirstFetchLimits { waiting: 10, ..FEW });
    fixture.source.block_fetches();
    let requests = flood(&fixture, 0..12, network(1));
    settle().await;
    for request in &requests {
        request.abort();
    }
    let others = flood(&fixture, 100..110, network(1));
    settle().await;
    assert_eq!(finished(&others), 0);
    // The two fetches in flight outlive their requests.
    fixture.source.release_fetches(12);
    for request in others {
        assert_same(&request.await.unwrap(), &unavailable(SECOND));
    }
    fixture.assert_fetches(12);
}
