//! Keys of token issuers: fetched, each issuer's own, as they are now.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Curve, KeyMaterial, KeySetLocation, KeySource, PublicKey};

/// A source of keys under test, and the issuers behind it. Each case has a fresh one, whose
/// issuers have published nothing.
#[derive(Debug)]
pub struct KeySubject {
    /// The source.
    pub source: Arc<dyn KeySource>,
    /// Where one tenant's issuer is asked.
    pub acme: KeySetLocation,
    /// Where another tenant's issuer is asked.
    pub globex: KeySetLocation,
    /// The issuers. It also keeps them alive.
    pub backstage: Box<dyn KeyBackstage>,
}

/// What a test must be able to do to the issuers.
#[async_trait]
pub trait KeyBackstage: std::fmt::Debug + Send + Sync {
    /// Gives the issuer these keys, in place of those that it had.
    async fn publish(&self, address: &KeySetLocation, keys: Vec<Published>);

    /// Makes the issuer answer with errors, or keys again.
    async fn set_failing(&self, address: &KeySetLocation, failing: bool);

    /// How often the issuer was asked for its keys.
    async fn fetches(&self, address: &KeySetLocation) -> u64;
}

/// A key that an issuer publishes. An adapter whose source cannot hold the last two kinds leaves
/// them out when it publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// One that signatures can be verified with.
    ForSignatures(PublicKey),
    /// One whose `use` is `enc`.
    ForEncryption(PublicKey),
    /// One of a `kty` or a curve that Usher does not know.
    OfUnknownKind,
}

fn rsa(kid: &str) -> PublicKey {
    let mut n = vec![0xc3; 256];
    n[255] = kid.bytes().fold(1, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte)) | 1;
    PublicKey {
        kid: Some(kid.to_owned()),
        algorithm: Some("RS256".to_owned()),
        material: KeyMaterial::Rsa { n, e: vec![1, 0, 1] },
    }
}

fn ec(kid: &str, curve: Curve, algorithm: &str, length: usize) -> PublicKey {
    PublicKey {
        kid: Some(kid.to_owned()),
        algorithm: Some(algorithm.to_owned()),
        // Leading zeros are part of a coordinate (RFC 7518 §6.2.1.2).
        material: KeyMaterial::Ec {
            curve,
            x: [vec![0; 2], vec![7; length - 2]].concat(),
            y: vec![9; length],
        },
    }
}

fn ed25519(kid: &str) -> PublicKey {
    PublicKey {
        kid: Some(kid.to_owned()),
        algorithm: Some("EdDSA".to_owned()),
        material: KeyMaterial::Ed25519 { x: vec![5; 32] },
    }
}

impl KeySubject {
    async fn publish(&self, address: &KeySetLocation, keys: &[PublicKey]) {
        let keys = keys.iter().cloned().map(Published::ForSignatures).collect();
        self.backstage.publish(address, keys).await;
    }

    async fn fetch(&self, address: &KeySetLocation) -> Vec<PublicKey> {
        self.source.fetch(address).await.unwrap()
    }
}

pub async fn an_issuer_has_its_own_keys_and_nobody_elses(subject: &KeySubject) {
    // One kid, two issuers: a token of one must never pass for one of the other.
    let (acmes, globexs) = (rsa("1"), ec("1", Curve::P256, "ES256", 32));
    subject.publish(&subject.acme, std::slice::from_ref(&acmes)).await;
    subject.publish(&subject.globex, std::slice::from_ref(&globexs)).await;
    assert_eq!(subject.fetch(&subject.acme).await, [acmes]);
    assert_eq!(subject.fetch(&subject.globex).await, [globexs]);
}

pub async fn every_known_kind_of_key_comes_through_unchanged(subject: &KeySubject) {
    let keys = [
        rsa("rsa"),
        ec("p-256", Curve::P256, "ES256", 32),
        ec("p-384", Curve::P384, "ES384", 48),
        ed25519("ed25519"),
        PublicKey { kid: None, algorithm: None, ..rsa("bare") },
        PublicKey { algorithm: None, ..rsa("any algorithm") },
    ];
    subject.publish(&subject.acme, &keys).await;
    subject.publish(&subject.globex, &keys[..1]).await;
    assert_eq!(subject.fetch(&subject.acme).await, keys);
    assert_eq!(subject.fetch(&subject.globex).await, keys[..1]);
}

pub async fn keys_that_cannot_verify_signatures_are_left_out(subject: &KeySubject) {
    let published = vec![
        Published::OfUnknownKind,
        Published::ForEncryption(rsa("enc")),
        Published::ForSignatures(rsa("sig")),
        Published::OfUnknownKind,
    ];
    subject.backstage.publish(&subject.acme, published).await;
    let useless = vec![Published::ForEncryption(rsa("enc")), Published::OfUnknownKind];
    subject.backstage.publish(&subject.globex, useless).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("sig")]);
    assert_eq!(subject.fetch(&subject.globex).await, []);
}

pub async fn an_empty_key_set_is_no_error(subject: &KeySubject) {
    subject.publish(&subject.acme, &[]).await;
    subject.publish(&subject.globex, &[rsa("1")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, []);
}

pub async fn every_call_is_a_fetch_and_sees_rotated_keys(subject: &KeySubject) {
    subject.publish(&subject.acme, &[rsa("old")]).await;
    subject.publish(&subject.globex, &[rsa("other")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("old")]);
    subject.publish(&subject.acme, &[rsa("new"), rsa("old")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("new"), rsa("old")]);
    subject.publish(&subject.acme, &[rsa("new")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("new")]);
    assert_eq!(subject.backstage.fetches(&subject.acme).await, 3);
    assert_eq!(subject.backstage.fetches(&subject.globex).await, 0);
}

pub async fn an_issuer_that_fails_is_an_error_and_stands_alone(subject: &KeySubject) {
    subject.publish(&subject.acme, &[rsa("1")]).await;
    subject.publish(&subject.globex, &[rsa("2")]).await;
    subject.backstage.set_failing(&subject.acme, true).await;
    assert!(subject.source.fetch(&subject.acme).await.is_err());
    assert_eq!(subject.fetch(&subject.globex).await, [rsa("2")]);
    subject.backstage.set_failing(&subject.acme, false).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("1")]);
}

pub async fn an_issuer_that_publishes_nothing_is_an_error(subject: &KeySubject) {
    subject.publish(&subject.globex, &[rsa("2")]).await;
    assert!(subject.source.fetch(&subject.acme).await.is_err());
    assert_eq!(subject.fetch(&subject.globex).await, [rsa("2")]);
}
