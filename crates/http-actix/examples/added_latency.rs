//! How much time Usher adds to a call of Auth0: `GET` of one user through it, against the same
//! call of the Management API made directly, in turns and in the same run: `make bench`.
//!
//! Behind both is the stand-in for Auth0, which waits 20 ms before each answer, as Auth0 may.
//! It starts the release binary `usher`, so this is the program as it is deployed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that cannot go on should stop, and otherwise print what it saw"
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
    let sim = service::auth0().await;
    let http = Client::builder().no_proxy().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let usher = Usher::start(folder.path(), sim.url(), &[]);
    let ours = format!("{}/api/v1{PATH}", usher.url);
    let our_token = service::token(folder.path(), "acme");
    let theirs = format!("{}/api/v2{PATH}", sim.url());
    let their_token = management_token(&http, sim.url()).await;

    sim.control().update(|switches| switches.latency_millis = DELAY_MILLIS);
    let (mut through, mut direct) = (Vec::new(), Vec::new());
    for call in 0..=CALLS {
        let direct_time = timed(&http, &theirs, &their_token).await;
        let through_time = timed(&http, &ours, &our_token).await;
        // The first calls open connections and fetch a token.
        if call > 0 {
            direct.push(direct_time);
            through.push(through_time);
        }
    }
    let (direct, through) = (median(direct), median(through));
    println!("GET of one user, {CALLS} calls, the stand-in waits {DELAY_MILLIS} ms");
    println!("median: directly {direct:.2?}, through Usher {through:.2?}");
    println!("added at the median: {:.2?}", through.saturating_sub(direct));
}

async fn timed(http: &Client, url: &str, token: &str) -> Duration {
    let began = Instant::now();
    let response = http.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn management_token(http: &Client, url: &str) -> String {
    let asked = json!({
        "grant_type": "client_credentials",
        "client_id": "usher",
        "client_secret": "usher-secret",
        "audience": format!("{url}/api/v2/"),
    });
    let request = http.post(format!("{url}/oauth/token"));
    let request = request.header("content-type", "application/json").body(asked.to_string());
    let text = request.send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}
