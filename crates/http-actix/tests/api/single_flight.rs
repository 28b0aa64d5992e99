//! Equal reads in flight share one call to Auth0.

use std::sync::Arc;

use auth0_sim::{Control, Fault, FaultKind};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{App, AppOptions, Gate};

const GET: &str = "GET /api/v2/users/{id}";
const SEARCH: &str = "GET /api/v2/users";
const ADAM: &str = "/api/acme/admin/users/auth0%7Cadam";

/// A service with a gate that counts the reads that have begun.
async fn start() -> (App, Arc<Gate>) {
    let gate = Gate::holding(0);
    let settings = "[overload]\nmax_concurrent = 200\nmax_concurrent_per_tenant = 100\n";
    let options = AppOptions { settings, gate: Some(gate.clone()), ..AppOptions::default() };
    (App::start_with(options).await, gate)
}

fn hold(auth0: &Control, route: &str, times: u64, kind: FaultKind) {
    let route = Some(route.to_owned());
    auth0.add_fault(Fault { route, skip: 0, times: Some(times), kind });
}

fn count(auth0: &Control, route: &str) -> u64 {
    auth0.calls().get(route).copied().unwrap_or_default()
}

#[tokio::test]
async fn equal_gets_in_flight_are_one_call() {
    let (app, gate) = start().await;
    let Some(auth0) = app.auth0() else { return };
    let acme = app.tenant("acme");
    let expected = acme.get(ADAM).await.text;
    auth0.reset_calls();
    hold(auth0, GET, 1, FaultKind::Hold);
    let release = async {
        gate.wait_for_reads(1 + 64).await;
        auth0.wait_for_calls(GET, 1).await;
        auth0.release_held();
    };
    let gets = join_all((0..64).map(|_| acme.get(ADAM)));
    let (answers, ()) = futures_util::future::join(gets, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == expected));
    assert_eq!(count(auth0, GET), 1);
}

#[tokio::test]
async fn equal_pages_in_flight_are_one_call() {
    let (app, gate) = start().await;
    let Some(auth0) = app.auth0() else { return };
    let acme = app.tenant("acme");
    let path = "/api/acme/admin/users?page[size]=3";
    auth0.catch_up();
    let expected = acme.get(path).await.text;
    auth0.reset_calls();
    hold(auth0, SEARCH, 1, FaultKind::Hold);
    let release = async {
        gate.wait_for_reads(1 + 16).await;
        auth0.wait_for_calls(SEARCH, 1).await;
        auth0.release_held();
    };
    let gets = join_all((0..16).map(|_| acme.get(path)));
    let (answers, ()) = futures_util::future::join(gets, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == expected));
    assert_eq!(count(auth0, SEARCH), 1);
}

#[tokio::test]
async fn tenants_share_no_call_and_see_their_own() {
    let (app, gate) = start().await;
    let Some(auth0) = app.auth0() else { return };
    let paths = [("acme", ADAM), ("globex", "/api/globex/admin/users/auth0%7Cadam")];
    let clients = paths.map(|(tenant, path)| (app.tenant(tenant), path));
    let mut expected = Vec::new();
    for (client, path) in &clients {
        expected.push(client.get(path).await.text);
    }
    assert_ne!(expected[0], expected[1]);
    auth0.reset_calls();
    hold(auth0, GET, 2, FaultKind::Hold);
    let release = async {
        gate.wait_for_reads(2 + 8).await;
        auth0.wait_for_calls(GET, 2).await;
        auth0.release_held();
    };
    let gets = join_all((0..8).map(|number| {
        let (client, path) = &clients[number % 2];
        client.get(path)
    }));
    let (answers, ()) = futures_util::future::join(gets, release).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.text, expected[number % 2]);
    }
    assert_eq!(count(auth0, GET), 2);
}

#[tokio::test]
async fn get_after_a_change_joins_no_earlier_one() {
    let (app, _) = start().await;
    let Some(auth0) = app.auth0() else { return };
    let (acme, operator) = (app.tenant("acme"), app.operator());
    let before = acme.get(ADAM).await.text;
    hold(auth0, GET, 1, FaultKind::HoldAfter);
    let earlier = acme.get(ADAM);
    let later = async {
        auth0.wait_for_calls(GET, 2).await;
        let changed = operator.put(ADAM, json!({ "role": "viewer" })).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let later = acme.get(ADAM).await.text;
        auth0.release_held();
        later
    };
    let (earlier, later) = futures_util::future::join(earlier, later).await;
    assert_eq!(earlier.text, before);
    assert!(before.contains("admin") && later.contains("viewer"), "{later}");
}
