//! What is planted, and how it would look wherever it came out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

/// Stands in everything that is planted, and nowhere else.
const MARK: &str = "plant";
/// Stands in every secret that is planted, and in no personal data.
const SECRET_MARK: &str = "plant-";
/// So much of a text is enough to betray it.
const HEAD: usize = 12;

pub(crate) const SEED_PASSWORD: &str = "Plant-Seed-Password-1";
pub(crate) const FIRST_PASSWORD: &str = "Plant-First+Password/2";
pub(crate) const NEW_PASSWORD: &str = "Plant-New%Password-3";
pub(crate) const WRONG_PASSWORD: &str = "Plant-Wrong\"Password-4";
pub(crate) const WEAK_PASSWORD: &str = "Plant-5";
pub(crate) const BASIC: &str = "plant-basic:Plant-Basic-6";
pub(crate) const COOKIE: &str = "session=Plant-Cookie-7";
pub(crate) const CLIENT_SECRET: &str = "Plant-Client-Secret-8";
pub(crate) const MANAGEMENT_TOKEN: &str = "Plant-Management.Token-9.Signature-9";
/// In what others say: key sets, answers of Auth0.
pub(crate) const UPSTREAM: &str = "Plant-Upstream-Text-10\r\n\u{1b}[31mforged";
pub(crate) const BODY: &str = "Plant-Broken-Body-11";
/// In the header of a token that somebody forged.
pub(crate) const KEY_ID: &str = "Plant-Kid-12\r\n\u{1b}[31mforged";
pub(crate) const CLIENT_ID: &str = "plantedclientid";

/// Somebody whose data are planted: what they are called begins with this.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person(pub(crate) &'static str);

impl Person {
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

pub(crate) const ROSA: Person = Person("rosa");
pub(crate) const OLAV: Person = Person("olav");
pub(crate) const NOVA: Person = Person("nova");
pub(crate) const PEOPLE: [Person; 3] = [ROSA, OLAV, NOVA];

/// Every text that must not come out, in every form.
#[derive(Debug)]
pub(crate) struct Planted(BTreeSet<String>);

impl Planted {
    /// All that is planted, and these tokens.
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
        for person in PEOPLE {
            texts.extend([person.email(), person.username(), person.name()]);
            texts.extend([person.first_name(), person.last_name()]);
        }
        // Header, claims and signature, each by itself. Every token begins with the same few.
        let parts = tokens.iter().flat_map(|token| token.split('.')).map(str::to_owned);
        texts.extend(parts.filter(|part| part.len() >= HEAD));
        texts.push("eyJhbGciOiJSUzI1NiIs".to_owned());
        let forms = texts.iter().flat_map(|text| forms(text));
        Self(forms.flat_map(|form| [form.to_lowercase(), form]).collect())
    }

    /// Asserts that nothing of it is in this text, in whichever form.
    #[track_caller]
    pub(crate) fn assert_absent(&self, what: &str, text: &str) {
        let lower = text.to_lowercase();
        if let Some(at) = lower.find(MARK) {
            let start = lower.floor_char_boundary(at.saturating_sub(80));
            let end = lower.floor_char_boundary(at + 80);
            panic!("{what} tells something planted: …{}…", &lower[start..end]);
        }
        for form in &self.0 {
            let told = text.contains(form) || lower.contains(form);
            assert!(!told, "{what} tells {form:?}:\n{text}");
        }
    }
}

/// Asserts that no secret is in this text, which may tell personal data.
#[track_caller]
pub(crate) fn assert_no_secret(what: &str, text: &str) {
    assert!(!text.to_lowercase().contains(SECRET_MARK), "{what} tells a secret: {text}");
    assert!(!text.contains("eyJ"), "{what} tells a token: {text}");
}

/// How the beginning of a text can look in a log.
fn forms(text: &str) -> Vec<String> {
    let head: String = text.chars().take(HEAD).collect();
    let bytes = head.as_bytes();
    let mut forms = vec![head.clone(), percent(bytes, true), percent(bytes, false)];
    let quoted = serde_json::to_string(&head).unwrap();
    forms.push(quoted.trim_matches('"').to_owned());
    forms.push(head.escape_debug().to_string());
    forms.push(head.escape_default().to_string());
    forms.push(head.escape_unicode().to_string());
    forms.push(hex(bytes));
    // As a debug print of bytes.
    forms.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    // Base64, at whichever place within a longer text.
    for start in 0..3 {
        let padded = [&vec![0; start], bytes].concat();
        let certain = padded.len() * 8 / 6;
        for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
            let encoded = engine.encode(&padded);
            forms.push(encoded[[0, 2, 3][start]..certain].to_owned());
        }
    }
    forms
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
    let planted = Planted::with(&["eyJhbGciOiJFZERTQSJ9.abcdefghijklmnop.ABCDEFGHIJKLMNOP".into()]);
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
