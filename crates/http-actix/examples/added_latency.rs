//! Measures the latency that Usher adds to a call of Auth0 (`make bench`): `GET` of one user through
//! Usher, alternating with the same call of the Management API made directly.
//!
//! Both use the stand-in for Auth0, which delays each response by 20 ms. Usher runs as the release
//! binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark stops on failure and prints its results"
)]

mod service;

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use service::Usher;

const DELAY_MILLIS: u64 = 20;
const CALLS: usize = 300;
const PATH: &str = "/users/auth0%7Cdemo-vera";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let sim = service::start_auth0_sim().await;
    let http = Client::builder().no_proxy().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let usher = Usher::start(folder.path(), sim.url(), &[]);
    let usher_url = format!("{}/api/v1{PATH}", usher.url);
    let usher_token = service::dev_token(folder.path(), "acme");
    let auth0_url = format!("{}/api/v2{PATH}", sim.url());
    let auth0_token = management_token(&http, sim.url()).await;

    sim.control().update_switches(|switches| switches.latency_millis = DELAY_MILLIS);
    let (mut via_usher, mut direct) = (Vec::new(), Vec::new());
    for call in 0..=CALLS {
        let direct_time = time_request(&http, &auth0_url, &auth0_token).await;
        let usher_time = time_request(&http, &usher_url, &usher_token).await;
        // The first calls open connections and fetch a token.
        if call > 0 {
            direct.push(direct_time);
            via_usher.push(usher_time);
        }
    }
    let (direct, via_usher) = (median(direct), median(via_usher));
    println!("GET of one user, {CALLS} calls, the stand-in delays responses by {DELAY_MILLIS} ms");
    println!("median: direct {direct:.2?}, through Usher {via_usher:.2?}");
    println!("added at the median: {:.2?}", via_usher.saturating_sub(direct));
}

async fn time_request(http: &Client, url: &str, token: &str) -> Duration {
    let started = Instant::now();
    let response = http.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap();
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn management_token(http: &Client, url: &str) -> String {
    let request_body = json!({
        "grant_type": "client_credentials",
        "client_id": "usher",
        "client_secret": "usher-secret",
        "audience": format!("{url}/api/v2/"),
    });
    let request = http.post(format!("{url}/oauth/token"));
    let request = request.header("content-type", "application/json").body(request_body.to_string());
    let text = request.send().await.unwrap().text().await.unwrap();
    let response: Value = serde_json::from_str(&text).unwrap();
    response["access_token"].as_str().unwrap().to_owned()
}
