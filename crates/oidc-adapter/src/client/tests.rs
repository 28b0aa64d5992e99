//! Tests of the network policy for resolved names, with a listener that counts connections.

use std::collections::VecDeque;
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::*;

/// Starts a listener on loopback that counts connections; returns its port and the counter.
async fn counting_listener() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, connections) =
        (listener.local_addr().unwrap().port(), Arc::<AtomicUsize>::default());
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, connections)
}

/// Returns a lookup that gives these answers in order, and the count of its queries.
fn fake_dns(answers: &[&[&str]]) -> (NameLookup, Arc<AtomicUsize>) {
    let address = |text: &&str| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 0);
    let answers: VecDeque<Vec<SocketAddr>> =
        answers.iter().map(|list| list.iter().map(address).collect()).collect();
    let (answers, queries) = (Mutex::new(answers), Arc::<AtomicUsize>::default());
    let counter = Arc::clone(&queries);
    let lookup: NameLookup = Arc::new(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        let answer = answers.lock().unwrap().pop_front().unwrap_or_default();
        Box::pin(std::future::ready(Ok(answer)))
    });
    (lookup, queries)
}

fn client(lookup: &NameLookup) -> Client {
    Client::new(OidcSettings::default(), lookup)
}

fn error_chain(error: &KeySourceError) -> String {
    let mut text = format!("{error:?}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}

#[tokio::test]
async fn name_with_forbidden_address_is_not_contacted() {
    for private_network in [false, true] {
        let (port, connections) = counting_listener().await;
        for address in ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0"] {
            let (lookup, queries) = fake_dns(&[&[address], &[address]]);
            let url = format!("https://inside.example:{port}/keys");
            let url = AllowedUrl::for_key_set(&url, private_network).unwrap();
            let error = client(&lookup).get(url).await.unwrap_err();
            let text = error_chain(&error);
            assert!(text.contains("forbidden address"), "{text}");
            assert!(!text.contains("inside") && !text.contains(address), "{text}");
            assert_eq!(queries.load(Ordering::SeqCst), 1);
        }
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn dns_rebinding_cannot_bypass_the_address_check() {
    let (port, connections) = counting_listener().await;
    // A client that resolved again after the check would connect to the second address.
    let (lookup, queries) = fake_dns(&[&["192.0.2.1"], &["127.0.0.1"]]);
    let url = AllowedUrl::for_key_set(&format!("https://rebinds.example:{port}/"), false).unwrap();
    assert!(client(&lookup).get(url).await.is_err());
    assert_eq!((queries.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn name_with_allowed_address_is_contacted() {
    let (port, connections) = counting_listener().await;
    let (lookup, _) = fake_dns(&[&["10.0.0.1", "127.0.0.1"]]);
    // A loopback issuer publishes its key set under another name.
    let issuer = AllowedUrl::for_issuer("http://localhost/", false).unwrap();
    let url =
        AllowedUrl::for_discovered(&issuer, &format!("https://elsewhere.example:{port}/")).unwrap();
    let _ = client(&lookup).get(url).await;
    assert!(connections.load(Ordering::SeqCst) > 0, "the listener is reachable");
}

#[tokio::test]
async fn localhost_is_resolved_without_dns() {
    let (port, connections) = counting_listener().await;
    let (lookup, queries) = fake_dns(&[&["8.8.8.8"]]);
    let url = format!("https://acme.localhost:{port}/");
    let _ = client(&lookup).get(AllowedUrl::for_key_set(&url, false).unwrap()).await;
    assert_eq!(queries.load(Ordering::SeqCst), 0);
    assert!(connections.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn nonexistent_name_is_not_found() {
    let lookup_failing_with = |kind: std::io::ErrorKind| -> NameLookup {
        Arc::new(move |_| Box::pin(std::future::ready(Err(kind.into()))))
    };
    let url = || AllowedUrl::for_key_set("https://unknown.example/", false).unwrap();
    let lookup = lookup_failing_with(std::io::ErrorKind::NotFound);
    let error = client(&lookup).get(url()).await.unwrap_err();
    assert!(matches!(error, KeySourceError::NotFound(_)), "{error:?}");
    assert!(!error_chain(&error).contains("unknown"), "{error:?}");
    // A resolver that fails says nothing about the name.
    let lookup = lookup_failing_with(std::io::ErrorKind::Other);
    let error = client(&lookup).get(url()).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn name_without_addresses_is_unreachable() {
    let (lookup, _) = fake_dns(&[&[]]);
    let url = AllowedUrl::for_key_set("https://unknown.example/", false).unwrap();
    let error = client(&lookup).get(url).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Unreachable(_)), "{error:?}");
}
