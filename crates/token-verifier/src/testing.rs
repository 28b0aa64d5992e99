//! What the tests of this module share: keys made at run time, tokens, a source of keys and a
//! clock that are moved by hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::ManualClock;
use domain::Timestamp;
use ports::{Curve, KeyMaterial, KeySetLocation, KeySource, KeySourceError, PublicKey};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::Algorithm;

/// 2027-01-15T08:00:00Z, when every test begins.
pub(crate) const START_SECONDS: i64 = 1_800_000_000;

/// Returns a clock at the start of every test.
pub(crate) fn clock_at_start() -> Arc<ManualClock> {
    let start = Timestamp::from_unix_millis(START_SECONDS * 1000).unwrap();
    Arc::new(ManualClock::at(start))
}

/// A source of keys that does what the test says, and writes down who asked.
#[derive(Debug)]
pub(crate) struct FakeSource {
    state: Mutex<FakeState>,
    /// A fetch takes one place for good; a test that closes the gate lets them through one by one.
    gate: Semaphore,
}

#[derive(Debug, Default)]
struct FakeState {
    keys: HashMap<String, Vec<PublicKey>>,
    fetched: Vec<KeySetLocation>,
    running: usize,
    most_running: usize,
    fails: bool,
    panics: bool,
}

const OPEN: usize = 1_000_000;

impl FakeSource {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), gate: Semaphore::new(OPEN) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, FakeState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the issuer publishes from now on.
    pub(crate) fn publish(&self, issuer: &str, keys: &[PublicKey]) {
        self.state().keys.insert(issuer.to_owned(), keys.to_vec());
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.state().fails = fails;
    }

    pub(crate) fn panic(&self, panics: bool) {
        self.state().panics = panics;
    }

    /// From now on fetches wait until they are let through.
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(usize::MAX);
    }

    pub(crate) fn let_through(&self, count: usize) {
        self.gate.add_permits(count);
    }

    /// How many fetches were begun.
    pub(crate) fn fetches(&self) -> usize {
        self.state().fetched.len()
    }

    pub(crate) fn fetched(&self) -> Vec<KeySetLocation> {
        self.state().fetched.clone()
    }

    /// The most fetches that there ever were at once.
    pub(crate) fn most_running(&self) -> usize {
        self.state().most_running
    }
}

#[async_trait]
impl KeySource for FakeSource {
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        {
            let mut state = self.state();
            state.fetched.push(address.clone());
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
        }
        self.gate.acquire().await.unwrap().forget();
        let mut state = self.state();
        state.running -= 1;
        assert!(!state.panics, "the test wants a panic");
        match state.keys.get(&address.issuer) {
            Some(keys) if !state.fails => Ok(keys.clone()),
            Some(_) | None => Err(KeySourceError::Timeout),
        }
    }
}

/// Lets every task that can do something do it. On the current-thread runtime of a test each
/// yield runs all that are ready.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A key pair of an issuer.
#[derive(Debug)]
pub(crate) enum TestKey {
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Making RSA keys takes time: once per process is enough.
macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $make:expr) => {
        $(#[$doc])*
        pub(crate) fn $name() -> &'static TestKey {
            static KEY: OnceLock<TestKey> = OnceLock::new();
            KEY.get_or_init(|| $make)
        }
    };
}

fn make_rsa() -> TestKey {
    TestKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

key!(
    /// The issuer's RSA key.
    rsa, make_rsa()
);
key!(
    /// Another RSA key: of another issuer, of an attacker, or the next one of the same.
    other_rsa, make_rsa()
);
key!(
    /// A P-256 key.
    p256,
    TestKey::Ec(
        Curve::P256,
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
    )
);
key!(
    /// A P-384 key.
    p384,
    TestKey::Ec(
        Curve::P384,
        EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap()
    )
);
key!(
    /// An Ed25519 key.
    ed25519, TestKey::Ed25519(Ed25519KeyPair::generate().unwrap())
);

impl TestKey {
    /// The public half, as an issuer publishes it.
    pub(crate) fn public(&self, kid: &str) -> PublicKey {
        PublicKey { kid: Some(kid.to_owned()), algorithm: None, material: self.material() }
    }

    pub(crate) fn material(&self) -> KeyMaterial {
        match self {
            Self::Rsa(pair) => {
                let [n, e] = integers(pair.public_key().as_ref());
                KeyMaterial::Rsa { n, e }
            }
            Self::Ec(curve, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                KeyMaterial::Ec { curve: *curve, x: x.to_vec(), y: y.to_vec() }
            }
            Self::Ed25519(pair) => KeyMaterial::Ed25519 { x: pair.public_key().as_ref().to_vec() },
        }
    }

    /// The numbers of an RSA key.
    pub(crate) fn modulus_and_exponent(&self) -> (Vec<u8>, Vec<u8>) {
        match self.material() {
            KeyMaterial::Rsa { n, e } => (n, e),
            KeyMaterial::Ec { .. } | KeyMaterial::Ed25519 { .. } => panic!("not an RSA key"),
        }
    }

    /// The public half as DER, as somebody may try to use it for a secret.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ec(_, pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs as the algorithm says; with another kind of key, as that key can.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding(algorithm), &rng, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(_, pair) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

fn encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        Algorithm::Rs256 | Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
            &RSA_PKCS1_SHA256
        }
    }
}

/// The two integers of an `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
fn integers(der: &[u8]) -> [Vec<u8>; 2] {
    let (sequence, _) = element(der);
    let (n, rest) = element(sequence);
    let (e, _) = element(rest);
    [n, e].map(|number| number.iter().copied().skip_while(|byte| *byte == 0).collect())
}

/// The content of a DER element, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match usize::from(der[1]) {
        short @ 0..0x80 => (short, 2),
        long => {
            let end = 2 + (long & 0x7f);
            let length = der[2..end].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
            (length, end)
        }
    };
    der[start..].split_at(length)
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) const ISSUER: &str = "https://issuer.example/";
pub(crate) const AUDIENCE: &str = "user-management";
pub(crate) const KID: &str = "key-1";

/// A token in the making. It starts out good.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Token {
    pub(crate) fn new() -> Self {
        Self {
            header: json!({"alg": "RS256", "typ": "JWT", "kid": KID}),
            claims: json!({
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": "auth0|anna",
                "exp": START_SECONDS + 3600,
                "iat": START_SECONDS,
                "scope": "openid tenant.access:read",
            }),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// Signed as its header says, if that is an algorithm.
    pub(crate) fn signed_by(&self, key: &TestKey) -> String {
        let algorithm = self.header["alg"].as_str().and_then(Algorithm::named);
        let algorithm = algorithm.unwrap_or(Algorithm::Rs256);
        signed(&self.header.to_string(), &self.claims.to_string(), key, algorithm)
    }
}

/// A token of exactly these texts.
pub(crate) fn signed(header: &str, claims: &str, key: &TestKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", base64(header), base64(claims));
    let signature = key.sign(algorithm, message.as_bytes());
    format!("{message}.{}", base64(signature))
}
