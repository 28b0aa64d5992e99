//! Key sources: fetches return the current keys of the one issuer.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Curve, KeyMaterial, KeySetLocation, KeySource, KeySourceError, PublicKey};

/// A key source under test and its issuers. Each case gets a fresh one, whose issuers have published
/// nothing.
#[derive(Debug)]
pub struct KeySubject {
    /// The source.
    pub source: Arc<dyn KeySource>,
    /// The location of one tenant's issuer.
    pub acme: KeySetLocation,
    /// The location of another tenant's issuer.
    pub globex: KeySetLocation,
    /// Control over the issuers, which also keeps them alive.
    pub issuers: Box<dyn IssuerControl>,
}

/// Control over the issuers of a key source under test.
#[async_trait]
pub trait IssuerControl: std::fmt::Debug + Send + Sync {
    /// Replaces the keys of the issuer.
    async fn publish(&self, location: &KeySetLocation, keys: Vec<PublishedKey>);

    /// Makes the issuer respond with errors, or with keys again.
    async fn set_failing(&self, location: &KeySetLocation, failing: bool);

    /// Returns how often the issuer's keys were fetched.
    async fn fetches(&self, location: &KeySetLocation) -> u64;
}

/// A key that an issuer publishes. An adapter whose source cannot represent the last two kinds omits
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedKey {
    /// A key for verifying signatures.
    ForSignatures(PublicKey),
    /// A key whose `use` is `enc`.
    ForEncryption(PublicKey),
    /// A key of an unknown `kty` or curve.
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
    async fn publish(&self, location: &KeySetLocation, keys: &[PublicKey]) {
        let keys = keys.iter().cloned().map(PublishedKey::ForSignatures).collect();
        self.issuers.publish(location, keys).await;
    }

    async fn fetch(&self, location: &KeySetLocation) -> Vec<PublicKey> {
        self.source.fetch(location).await.unwrap()
    }
}

pub async fn issuer_has_its_own_keys_only(subject: &KeySubject) {
    // The same kid at two issuers: a token of one must not verify as one of the other.
    let (acmes, globexs) = (rsa("1"), ec("1", Curve::P256, "ES256", 32));
    subject.publish(&subject.acme, std::slice::from_ref(&acmes)).await;
    subject.publish(&subject.globex, std::slice::from_ref(&globexs)).await;
    assert_eq!(subject.fetch(&subject.acme).await, [acmes]);
    assert_eq!(subject.fetch(&subject.globex).await, [globexs]);
}

pub async fn known_key_types_are_returned_unchanged(subject: &KeySubject) {
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

pub async fn keys_sharing_a_kid_are_all_returned(subject: &KeySubject) {
    // RFC 7517 §4.5 allows it: of one type, of several, or restricted to different algorithms.
    let second = PublicKey { material: rsa("3").material, ..rsa("1") };
    let for_pss = PublicKey { algorithm: Some("PS256".to_owned()), ..rsa("1") };
    let keys = [rsa("1"), ec("1", Curve::P256, "ES256", 32), ed25519("1"), second, for_pss];
    subject.publish(&subject.acme, &keys).await;
    assert_eq!(subject.fetch(&subject.acme).await, keys);
}

pub async fn keys_unfit_for_signatures_are_omitted(subject: &KeySubject) {
    let published = vec![
        PublishedKey::OfUnknownKind,
        PublishedKey::ForEncryption(rsa("enc")),
        PublishedKey::ForSignatures(rsa("sig")),
        PublishedKey::OfUnknownKind,
    ];
    subject.issuers.publish(&subject.acme, published).await;
    let useless = vec![PublishedKey::ForEncryption(rsa("enc")), PublishedKey::OfUnknownKind];
    subject.issuers.publish(&subject.globex, useless).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("sig")]);
    assert_eq!(subject.fetch(&subject.globex).await, []);
}

pub async fn empty_key_set_is_no_error(subject: &KeySubject) {
    subject.publish(&subject.acme, &[]).await;
    subject.publish(&subject.globex, &[rsa("1")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, []);
}

pub async fn every_call_fetches_and_returns_rotated_keys(subject: &KeySubject) {
    subject.publish(&subject.acme, &[rsa("old")]).await;
    subject.publish(&subject.globex, &[rsa("other")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("old")]);
    subject.publish(&subject.acme, &[rsa("new"), rsa("old")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("new"), rsa("old")]);
    subject.publish(&subject.acme, &[rsa("new")]).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("new")]);
    assert_eq!(subject.issuers.fetches(&subject.acme).await, 3);
    assert_eq!(subject.issuers.fetches(&subject.globex).await, 0);
}

pub async fn failing_issuer_does_not_affect_others(subject: &KeySubject) {
    subject.publish(&subject.acme, &[rsa("1")]).await;
    subject.publish(&subject.globex, &[rsa("2")]).await;
    subject.issuers.set_failing(&subject.acme, true).await;
    // A failure says nothing about the existence of the issuer.
    let error = subject.source.fetch(&subject.acme).await.unwrap_err();
    assert!(!matches!(error, KeySourceError::NotFound(_)), "{error:?}");
    assert_eq!(subject.fetch(&subject.globex).await, [rsa("2")]);
    subject.issuers.set_failing(&subject.acme, false).await;
    assert_eq!(subject.fetch(&subject.acme).await, [rsa("1")]);
}

pub async fn issuer_that_published_nothing_does_not_exist(subject: &KeySubject) {
    subject.publish(&subject.globex, &[rsa("2")]).await;
    let error = subject.source.fetch(&subject.acme).await.unwrap_err();
    assert!(matches!(error, KeySourceError::NotFound(_)), "{error:?}");
    assert_eq!(subject.fetch(&subject.globex).await, [rsa("2")]);
}
