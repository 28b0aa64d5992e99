//! Random passwords for accounts created without one.

use aws_lc_rs::rand;
use domain::Password;
use ports::{BoxError, PortError, PortResult};

/// The characters of random passwords: 64 of all four classes, without similar-looking ones.
const ALPHABET: &[u8; 64] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%*+-=";
const LENGTH: usize = 48;

/// Returns a random password that satisfies every policy: 48 characters of all four classes, no two
/// equal ones in a row.
pub(crate) fn random_password() -> PortResult<Password> {
    let failed = |source: BoxError| PortError::Failed { source };
    loop {
        let mut bytes = [0; LENGTH];
        rand::fill(&mut bytes).map_err(|source| failed(source.into()))?;
        // 64 divides 256, so every character is equally likely.
        let characters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 64)));
        let text: String = characters.map(|byte| char::from(*byte)).collect();
        if is_strong(&text) {
            return text.parse().map_err(|source: domain::InvalidPassword| failed(source.into()));
        }
    }
}

fn is_strong(text: &str) -> bool {
    let has = |class: fn(&u8) -> bool| text.bytes().any(|byte| class(&byte));
    let apart = text.bytes().zip(text.bytes().skip(1)).all(|(one, next)| one != next);
    apart
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_punctuation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_passwords_are_strong_and_distinct() {
        let passwords: Vec<_> =
            (0..200).map(|_| random_password().unwrap().expose().to_owned()).collect();
        for password in &passwords {
            assert_eq!(password.len(), 48);
            assert!(is_strong(password));
        }
        let distinct: std::collections::BTreeSet<_> = passwords.iter().collect();
        assert_eq!(distinct.len(), 200);
        assert!(!is_strong("aaB3!") && !is_strong("abcdEF12") && !is_strong("abcd12!"));
    }

    #[test]
    fn alphabet_has_no_repeated_character() {
        let distinct: std::collections::BTreeSet<_> = ALPHABET.iter().collect();
        assert_eq!(distinct.len(), 64);
    }
}
