//! How often somebody may be wrong about a current password.

use std::time::Duration;

use super::{MISMATCH, passwords, person, v2};
use crate::support::{Answer, App, AppOptions, Client};

const TOO_MANY: &str = "429 too_many_attempts";

async fn right(client: &Client<'_>, name: &str, password: &str) -> Answer {
    client.patch(&v2(name), passwords(password, password)).await
}

/// Is wrong about somebody's password so many times.
async fn wrong(client: &Client<'_>, name: &str, times: usize) {
    for _ in 0..times {
        let answer = client.patch(&v2(name), passwords("wrong", "another-password")).await;
        assert_eq!(answer.outcome(), MISMATCH);
    }
}

fn behind_a_proxy() -> AppOptions {
    AppOptions { http: "trusted_proxies = [\"127.0.0.0/8\"]", ..AppOptions::default() }
}

#[tokio::test]
async fn after_ten_wrong_ones_even_the_right_one_is_too_many() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 10).await;

    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.outcome(), TOO_MANY);
}

#[tokio::test]
async fn after_nine_wrong_ones_the_right_one_is_right() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 9).await;

    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn too_many_says_how_long_to_wait() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 1).await;
    app.clock.advance(Duration::from_mins(5));
    wrong(&mia, "mia", 9).await;

    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.header("retry-after"), Some("600"));
}

#[tokio::test]
async fn a_wrong_one_counts_for_fifteen_minutes() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 10).await;

    app.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    let before = right(&mia, "mia", "mias-password").await;
    app.clock.advance(Duration::from_millis(1));
    let after = right(&mia, "mia", "mias-password").await;

    assert_eq!([before.outcome(), after.outcome()], [TOO_MANY, "200"]);
    assert_eq!(before.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn the_window_slides() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 1).await;
    app.clock.advance(Duration::from_mins(10));
    wrong(&mia, "mia", 9).await;
    app.clock.advance(Duration::from_mins(5));
    wrong(&mia, "mia", 1).await;

    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.outcome(), TOO_MANY);
    assert_eq!(answer.header("retry-after"), Some("600"));
}

#[tokio::test]
async fn attempts_that_were_too_many_do_not_count_themselves() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 10).await;
    app.clock.advance(Duration::from_mins(14));
    for _ in 0..3 {
        assert_eq!(right(&mia, "mia", "mias-password").await.outcome(), TOO_MANY);
    }
    app.clock.advance(Duration::from_mins(1));

    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn a_right_one_clears_the_count() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia, "mia", 9).await;
    assert_eq!(right(&mia, "mia", "mias-password").await.outcome(), "200");

    wrong(&mia, "mia", 9).await;
    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn each_user_is_counted_apart() {
    let app = App::start().await;
    wrong(&person(&app, "acme", "mia"), "mia", 10).await;

    let answer = right(&person(&app, "acme", "adam"), "adam", "adams-password").await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn every_caller_from_one_address_is_counted_together() {
    let app = App::start().await;
    wrong(&person(&app, "acme", "mia"), "mia", 10).await;

    let answer = right(&app.tenant("acme"), "mia", "mias-password").await;

    assert_eq!(answer.outcome(), TOO_MANY);
}

#[tokio::test]
async fn each_client_address_is_counted_apart() {
    let app = App::start_with(behind_a_proxy()).await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia.clone().header("x-forwarded-for", "198.51.100.1"), "mia", 10).await;

    let same = mia.clone().header("x-forwarded-for", "198.51.100.1");
    let other = mia.header("x-forwarded-for", "198.51.100.2");

    assert_eq!(right(&same, "mia", "mias-password").await.outcome(), TOO_MANY);
    assert_eq!(right(&other, "mia", "mias-password").await.outcome(), "200");
}

#[tokio::test]
async fn only_what_the_proxy_has_seen_is_a_client_address() {
    let app = App::start_with(behind_a_proxy()).await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia.clone().header("x-forwarded-for", "6.6.6.6, 198.51.100.1"), "mia", 10).await;

    let same = mia.header("x-forwarded-for", "7.7.7.7, 198.51.100.1");

    assert_eq!(right(&same, "mia", "mias-password").await.outcome(), TOO_MANY);
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_s_word_is_a_client_address() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    wrong(&mia.clone().header("x-forwarded-for", "198.51.100.1"), "mia", 10).await;

    let other = mia.header("x-forwarded-for", "198.51.100.2");

    assert_eq!(right(&other, "mia", "mias-password").await.outcome(), TOO_MANY);
}

#[tokio::test]
async fn a_stranger_is_told_nothing_of_the_count() {
    let app = App::start().await;
    wrong(&person(&app, "acme", "mia"), "mia", 10).await;
    let stranger = app.tenant("globex");

    let answer = right(&stranger, "mia", "mias-password").await;
    let nobody = right(&stranger, "nobody", "mias-password").await;

    assert_eq!(answer.outcome(), "404 user_not_found");
    assert_eq!(answer.without_request_id(), nobody.without_request_id());
}

#[tokio::test]
async fn attempts_of_those_who_may_not_change_it_count_for_nothing() {
    let app = App::start().await;
    for stranger in [app.tenant("acme"), app.tenant("initech")] {
        for _ in 0..10 {
            right(&stranger, "gus", "wrong").await;
        }
    }

    let answer = right(&app.tenant("globex"), "gus", "guss-password").await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn a_wrong_one_beside_a_password_that_none_can_be_is_no_attempt() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    for _ in 0..10 {
        mia.patch(&v2("mia"), passwords("wrong", "")).await;
    }

    let answer = right(&mia, "mia", "mias-password").await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn many_wrong_ones_at_once_are_no_more_than_ten() {
    let app = App::start().await;
    let mia = person(&app, "acme", "mia");
    let path = v2("mia");

    let attempts = (0..14).map(|_| mia.patch(&path, passwords("wrong", "another-password")));
    let answers = futures_util::future::join_all(attempts).await;

    let wrong = answers.iter().filter(|answer| answer.outcome() == MISMATCH).count();
    assert_eq!((wrong, answers.len() - wrong), (10, 4));
}
