//! Names that lead where nobody may be asked: whether a connection comes is seen by who listens.

use std::collections::VecDeque;
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::*;

/// Somebody on this machine who counts those that knock, and answers nobody.
async fn canary() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, knocks) = (listener.local_addr().unwrap().port(), Arc::<AtomicUsize>::default());
    let counted = Arc::clone(&knocks);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, knocks)
}

/// A name server that answers with these lists, one after the other, and counts the questions.
fn name_server(answers: &[&[&str]]) -> (NameLookup, Arc<AtomicUsize>) {
    let address = |text: &&str| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 0);
    let answers: VecDeque<Vec<SocketAddr>> =
        answers.iter().map(|list| list.iter().map(address).collect()).collect();
    let (answers, asked) = (Mutex::new(answers), Arc::<AtomicUsize>::default());
    let counted = Arc::clone(&asked);
    let lookup: NameLookup = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let answer = answers.lock().unwrap().pop_front().unwrap_or_default();
        Box::pin(std::future::ready(Ok(answer)))
    });
    (lookup, asked)
}

fn client(lookup: &NameLookup) -> Client {
    Client::new(OidcSettings::default(), lookup).unwrap()
}

fn everything_said(error: &KeySourceError) -> String {
    let mut said = format!("{error:?}");
    let mut cause = error.source();
    while let Some(source) = cause {
        said.push_str(&source.to_string());
        cause = source.source();
    }
    said
}

#[tokio::test]
async fn a_name_that_leads_out_of_bounds_is_not_followed() {
    for private_network in [false, true] {
        let (port, knocks) = canary().await;
        for address in ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0"] {
            let (lookup, asked) = name_server(&[&[address], &[address]]);
            let url = format!("https://inside.example:{port}/keys");
            let url = SafeUrl::of_key_set(&url, private_network).unwrap();
            let error = client(&lookup).get(url).await.unwrap_err();
            let said = everything_said(&error);
            assert!(said.contains("must not be asked"), "{said}");
            assert!(!said.contains("inside") && !said.contains(address), "{said}");
            assert_eq!(asked.load(Ordering::SeqCst), 1);
        }
        assert_eq!(knocks.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_asked() {
    let (port, knocks) = canary().await;
    // The second answer would be taken by whoever checked the first and then asked again.
    let (lookup, asked) = name_server(&[&["192.0.2.1"], &["127.0.0.1"]]);
    let url = SafeUrl::of_key_set(&format!("https://rebinds.example:{port}/"), false).unwrap();
    assert!(client(&lookup).get(url).await.is_err());
    assert_eq!((asked.load(Ordering::SeqCst), knocks.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn a_name_that_leads_within_reach_is_followed() {
    let (port, knocks) = canary().await;
    let (lookup, _) = name_server(&[&["10.0.0.1", "127.0.0.1"]]);
    // One that is on this machine names where its keys are.
    let here = SafeUrl::of_issuer("http://localhost/", false).unwrap();
    let url = SafeUrl::named_by(&here, &format!("https://elsewhere.example:{port}/")).unwrap();
    let _ = client(&lookup).get(url).await;
    assert!(knocks.load(Ordering::SeqCst) > 0, "the canary can be reached at all");
}

#[tokio::test]
async fn no_name_server_has_a_say_about_localhost() {
    let (port, knocks) = canary().await;
    let (lookup, asked) = name_server(&[&["8.8.8.8"]]);
    let url = format!("https://acme.localhost:{port}/");
    let _ = client(&lookup).get(SafeUrl::of_key_set(&url, false).unwrap()).await;
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert!(knocks.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_unreachable() {
    let (lookup, _) = name_server(&[&[]]);
    let url = SafeUrl::of_key_set("https://nobody.example/", false).unwrap();
    let error = client(&lookup).get(url).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Unreachable(_)), "{error:?}");
}
