//! Issuers that take their time, or never end: nobody waits for them for long.

use serde_json::json;

use crate::issuer::{DOCUMENT, KEYS, Reply};
use crate::support::SigningKey;
use crate::world::World;

const HEAD: &[u8] = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n";

fn endless_head() -> Vec<u8> {
    [HEAD, b"X-Padding: "].concat()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    // One chunk that is said to be larger than any that ever ends.
    [HEAD, b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", body].concat()
}

fn of_length(length: u64, body: &[u8]) -> Vec<u8> {
    [HEAD, format!("Content-Length: {length}\r\n\r\n").as_bytes(), body].concat()
}

fn unbounded(body: &[u8]) -> Vec<u8> {
    [HEAD, b"\r\n", body].concat()
}

type Slow = (&'static str, fn() -> Reply);

const SLOW: [Slow; 10] = [
    ("silence", || Reply::Silence),
    ("a head that drips", || Reply::Drip(endless_head())),
    ("a body that drips", || Reply::Drip(of_length(100_000, b"{\"keys\":["))),
    ("a body that drips in a chunk", || Reply::Drip(chunked(b"{\"keys\":["))),
    ("a body that drips without an end", || Reply::Drip(unbounded(b"{\"keys\":["))),
    ("a head without an end", || Reply::Flood(endless_head())),
    ("a body without an end", || Reply::Flood(unbounded(b"{\"keys\":["))),
    ("a chunk without an end", || Reply::Flood(chunked(b"{\"keys\":["))),
    ("a huge body", || Reply::Flood(of_length(u64::MAX / 2, b"{\"keys\":["))),
    ("a body that is longer than it says", || Reply::Flood(of_length(9, b"{\"keys\":["))),
];

#[tokio::test]
async fn nobody_waits_long_for_a_key_set() {
    let world = World::start_impatient().await;
    for (why, slow) in SLOW {
        let case = world.case();
        world.bad.serve_keys(slow);
        world.assert_unavailable_in(&case, why).await;
        // A busy machine may be too slow for the document already.
        let asked = world.asked_in(&case);
        assert!(
            [DOCUMENT, KEYS].starts_with(&asked.iter().map(String::as_str).collect::<Vec<_>>())
        );
        world.assert_others_served().await;
    }
}

#[tokio::test]
async fn nobody_waits_long_for_a_discovery_document() {
    let world = World::start_impatient().await;
    for (why, slow) in SLOW {
        let case = world.case();
        world.bad.script(move |_| slow());
        world.assert_unavailable_in(&case, why).await;
        assert_eq!(world.asked_in(&case), [DOCUMENT], "{why}");
        world.assert_others_served().await;
    }
}

#[tokio::test]
async fn what_an_issuer_may_say_is_bounded() {
    let world = World::start().await;
    let with_padding = |length: usize| {
        let mut set = json!({"keys": [SigningKey::shared().jwk()]}).to_string().into_bytes();
        set.resize(length, b' ');
        move || crate::issuer::answer(200, "", &set)
    };
    world.bad.serve_keys(with_padding(256 * 1024 + 1));
    world.assert_unavailable(&world.token(), "one byte too many").await;
    world.bad.serve_keys(with_padding(256 * 1024));
    world.pass_cooldown();
    assert_eq!(world.outcome(&world.token()).await, "200");
    assert_eq!(world.bad.asked(), [DOCUMENT, KEYS, DOCUMENT, KEYS]);
}

#[tokio::test]
async fn many_who_wait_for_a_slow_issuer_wait_for_one_fetch() {
    let world = World::start_impatient().await;
    world.assert_others_served().await;
    world.bad.script(|_| Reply::Silence);
    let token = world.token();
    let calls = (0..50).map(|_| world.outcome(&token));
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|it| it == "503 keys_unavailable"), "{outcomes:?}");
    assert_eq!(world.bad.asked(), [DOCUMENT]);
    world.assert_others_served().await;
}
