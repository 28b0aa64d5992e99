//! Planted secrets and personal data, and the search for them in every encoding.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

/// Contained in every planted text, and nowhere else.
const MARKER: &str = "plant";
/// Contained in every planted secret, and in no personal data.
const SECRET_MARKER: &str = "plant-";
/// The length of the prefix that counts as a leak.
const PREFIX_CHARS: usize = 12;

pub(crate) const SEED_PASSWORD: &str = "Plant-Seed-Password-1";
pub(crate) const FIRST_PASSWORD: &str = "Plant-First+Password/2";
pub(crate) const NEW_PASSWORD: &str = "Plant-New%Password-3";
pub(crate) const WRONG_PASSWORD: &str = "Plant-Wrong\"Password-4";
pub(crate) const WEAK_PASSWORD: &str = "Plant-5";
pub(crate) const BASIC: &str = "plant-basic:Plant-Basic-6";
pub(crate) const COOKIE: &str = "session=Plant-Cookie-7";
pub(crate) const CLIENT_SECRET: &str = "Plant-Client-Secret-8";
pub(crate) const MANAGEMENT_TOKEN: &str = "Plant-Management.Token-9.Signature-9";
/// Sent by other servers, in key sets and responses of Auth0.
pub(crate) const UPSTREAM: &str = "Plant-Upstream-Text-10\r\n\u{1b}[31mforged";
pub(crate) const BODY: &str = "Plant-Broken-Body-11";
/// In the header of a forged token.
pub(crate) const KEY_ID: &str = "Plant-Kid-12\r\n\u{1b}[31mforged";
pub(crate) const CLIENT_ID: &str = "plantedclientid";

/// A user whose personal data contain the marker and this name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlantedUser(pub(crate) &'static str);

impl PlantedUser {
    pub(crate) fn email(self) -> String {
        format!("plantmail{}@acme.example", self.0)
    }

    pub(crate) fn username(self) -> String {
        format!("plantlogin{}", self.0)
    }

    pub(crate) fn first_name(self) -> String {
        format!("Plantfirst Zoë {}", self.0)
    }

    pub(crate) fn last_name(self) -> String {
        format!("Plantlast d'{}", self.0)
    }

    pub(crate) fn name(self) -> String {
        format!("Plantdisplay \"{}\"", self.0)
    }
}

pub(crate) const ROSA: PlantedUser = PlantedUser("rosa");
pub(crate) const OLAV: PlantedUser = PlantedUser("olav");
pub(crate) const NOVA: PlantedUser = PlantedUser("nova");
pub(crate) const USERS: [PlantedUser; 3] = [ROSA, OLAV, NOVA];

/// The planted texts, in every encoding.
#[derive(Debug)]
pub(crate) struct PlantedTexts(BTreeSet<String>);

impl PlantedTexts {
    /// Returns all planted texts and these tokens.
    pub(crate) fn with(tokens: &[String]) -> Self {
        let mut texts: Vec<String> = [
            SEED_PASSWORD,
            FIRST_PASSWORD,
            NEW_PASSWORD,
            WRONG_PASSWORD,
            WEAK_PASSWORD,
            BASIC,
            COOKIE,
            CLIENT_SECRET,
            MANAGEMENT_TOKEN,
            UPSTREAM,
            BODY,
            KEY_ID,
            CLIENT_ID,
        ]
        .map(str::to_owned)
        .to_vec();
        for user in USERS {
            texts.extend([user.email(), user.username(), user.name()]);
            texts.extend([user.first_name(), user.last_name()]);
        }
        // Header, claims and signature separately. All tokens share the first characters.
        let parts = tokens.iter().flat_map(|token| token.split('.')).map(str::to_owned);
        texts.extend(parts.filter(|part| part.len() >= PREFIX_CHARS));
        texts.push("eyJhbGciOiJSUzI1NiIs".to_owned());
        let encodings = texts.iter().flat_map(|text| encodings(text));
        Self(encodings.flat_map(|encoding| [encoding.to_lowercase(), encoding]).collect())
    }

    /// Asserts that no planted text occurs in `text` in any encoding.
    #[track_caller]
    pub(crate) fn assert_absent(&self, source: &str, text: &str) {
        let lower = text.to_lowercase();
        if let Some(at) = lower.find(MARKER) {
            let start = lower.floor_char_boundary(at.saturating_sub(80));
            let end = lower.floor_char_boundary(at + 80);
            panic!("{source} contains planted text: …{}…", &lower[start..end]);
        }
        for encoding in &self.0 {
            let is_present = text.contains(encoding) || lower.contains(encoding);
            assert!(!is_present, "{source} contains {encoding:?}:\n{text}");
        }
    }
}

/// Asserts that no secret occurs in a text that may contain personal data.
#[track_caller]
pub(crate) fn assert_no_secret(source: &str, text: &str) {
    assert!(!text.to_lowercase().contains(SECRET_MARKER), "{source} contains a secret: {text}");
    assert!(!text.contains("eyJ"), "{source} contains a token: {text}");
}

/// Returns the prefix of a text in every encoding that may occur in a log.
fn encodings(text: &str) -> Vec<String> {
    let head: String = text.chars().take(PREFIX_CHARS).collect();
    let bytes = head.as_bytes();
    let mut encodings = vec![head.clone(), percent(bytes, true), percent(bytes, false)];
    let quoted = serde_json::to_string(&head).unwrap();
    encodings.push(quoted.trim_matches('"').to_owned());
    encodings.push(head.escape_debug().to_string());
    encodings.push(head.escape_default().to_string());
    encodings.push(head.escape_unicode().to_string());
    encodings.push(hex(bytes));
    // Debug output of bytes.
    encodings.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    // Base64 at each offset within a longer text.
    for start in 0..3 {
        let padded = [&vec![0; start], bytes].concat();
        let complete_chars = padded.len() * 8 / 6;
        for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
            let encoded = engine.encode(&padded);
            encodings.push(encoded[[0, 2, 3][start]..complete_chars].to_owned());
        }
    }
    encodings
}

fn percent(bytes: &[u8], all: bool) -> String {
    let mut text = String::new();
    for byte in bytes {
        if !all && (byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
            text.push(char::from(*byte));
        } else {
            write!(text, "%{byte:02X}").unwrap();
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

#[test]
fn planted_text_is_found_in_every_encoding() {
    let planted =
        PlantedTexts::with(&["eyJhbGciOiJFZERTQSJ9.abcdefghijklmnop.ABCDEFGHIJKLMNOP".into()]);
    let token = "xx ABCDEFGHIJKLxx";
    let wrapped = BASE64_STANDARD.encode(format!("a:{SEED_PASSWORD}"));
    for text in [
        "PLANT-SEED-PASSWORD-1",
        "Plant-New%25Pa",
        "%50%6C%61%6E%74%2D%53%65%65%64%2D%50%61",
        "506c616e742d536565642d50",
        "[80, 108, 97, 110, 116, 45, 83, 101, 101, 100, 45, 80, 97]",
        token,
        &token.to_lowercase(),
        &wrapped,
        &BASE64_URL_SAFE.encode(FIRST_PASSWORD),
    ] {
        let found = std::panic::catch_unwind(|| planted.assert_absent("it", text));
        assert!(found.is_err(), "{text}");
    }
    planted.assert_absent("it", "an ordinary line");
}
