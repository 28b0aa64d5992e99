//! Parsing of every value: what is accepted, the canonical form, and the debug output.
//!
//! Each parser is compared with a second implementation: a check of the characters or, for
//! timestamps, `jiff`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot be set up should stop"
)]

mod errors;
mod names;
mod timestamps;

use std::fmt::Debug;
use std::str::FromStr;

use domain::{
    CurrentPassword, DisplayName, EmailAddress, InvalidEmailAddress, InvalidName, InvalidPassword,
    InvalidUserId, InvalidUsername, Password, PersonName, RoleName, Sort, SortField, TenantId,
    Timestamp, UserId, Username,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Generates any text, texts that match the regular expression, and such texts with one random
/// character inserted.
fn texts(near: &'static str) -> impl Strategy<Value = String> {
    let spoiled = (near, any::<Index>(), any::<char>()).prop_map(|(text, at, odd)| {
        let mut characters: Vec<char> = text.chars().collect();
        characters.insert(at.index(characters.len() + 1), odd);
        String::from_iter(characters)
    });
    prop_oneof![1 => any::<String>(), 4 => near, 2 => spoiled]
}

fn accepts<T: FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}

fn error<T: FromStr<Err: PartialEq> + Debug>(text: &str) -> T::Err {
    text.parse::<T>().expect_err("not to be accepted")
}

fn is_letter_or_digit(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9')
}

/// Whether the text is a DNS label, in any case.
fn is_label(text: &str) -> bool {
    let inner = |c| is_letter_or_digit(c) || c == '-';
    let length = text.chars().count();
    length > 0
        && length < 64
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_email_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let [local, domain] = parts[..] else { return false };
    let local_character = |c| is_letter_or_digit(c) || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    local.chars().all(local_character)
        && !format!(".{local}.").contains("..")
        && local.len() <= 64
        && domain.split('.').count() >= 2
        && domain.split('.').all(is_label)
        && domain.split('.').next_back().is_some_and(is_top_level)
        && text.len() <= 254
}

fn is_top_level(label: &str) -> bool {
    let lower = label.to_lowercase();
    (label.len() >= 2 && lower.chars().all(|c| c.is_ascii_lowercase()))
        || (label.len() >= 4 && lower.starts_with("xn"))
}

fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.chars().count())
        && !text.chars().any(names::is_forbidden)
        && !text.chars().all(names::is_invisible)
}

proptest! {
    #[test]
    fn tenant_id_is_a_lower_case_dns_label(text in texts("[a-z0-9-]{1,65}")) {
        let expected = is_label(&text) && text == text.to_lowercase();
        prop_assert_eq!(accepts::<TenantId>(&text), expected);
        if let Ok(tenant) = TenantId::from_str(&text) {
            prop_assert_eq!(tenant.as_str(), &text);
            prop_assert_eq!(tenant.to_string(), text);
        }
    }

    #[test]
    fn user_id_is_any_bounded_text_without_control_characters(
        text in texts(r"auth0\|[ -~é日\x00\x7f]{0,24}|[!-~]{1020,1028}|[./]{1,3}"),
    ) {
        let expected = (1..=1024).contains(&text.len())
            && !text.chars().any(char::is_control)
            && !text.split(['/', '\\']).any(|step| [".", ".."].contains(&step));
        prop_assert_eq!(accepts::<UserId>(&text), expected);
        if let Ok(id) = UserId::from_str(&text) {
            prop_assert_eq!(id.as_str(), &text);
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn email_has_dot_atom_and_domain(
        text in texts(
            "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,67}@[a-zA-Z0-9-]{1,65}(\\.[a-zA-Z0-9-]{1,64}){0,4}",
        ),
    ) {
        prop_assert_eq!(accepts::<EmailAddress>(&text), is_email_address(&text));
    }

    #[test]
    fn plain_email_is_kept_in_lower_case(
        text in "[a-zA-Z0-9+_-]{1,20}(\\.[a-zA-Z0-9]{1,9}){0,2}@[a-zA-Z0-9]{1,20}(\\.[a-zA-Z]{2,9}){1,3}",
    ) {
        let address = EmailAddress::from_str(&text).expect("an address");
        prop_assert_eq!(address.as_str(), text.to_lowercase());
        prop_assert_eq!(EmailAddress::from_str(address.as_str()), Ok(address));
    }

    #[test]
    fn username_has_allowed_characters_and_is_no_email(
        text in texts("[a-zA-Z0-9@^$.!`#+'~_-]{1,131}|[a-z]{1,9}@[a-z]{1,9}\\.[a-z]{1,9}"),
    ) {
        let allowed = |c| is_letter_or_digit(c) || "@^$.!`-#+'~_".contains(c);
        let expected = (1..=128).contains(&text.len())
            && text.chars().all(allowed)
            && !is_email_address(&text);
        prop_assert_eq!(accepts::<Username>(&text), expected);
        if let Ok(username) = Username::from_str(&text) {
            prop_assert_eq!(username.as_str(), text.to_lowercase());
            prop_assert_eq!(Username::from_str(username.as_str()), Ok(username));
        }
    }

    #[test]
    fn valid_name_is_kept_unchanged(
        text in texts("\\PC{1,20}|[a-zßé語🦀 ]{145,155}|[a-zßé語🦀 ]{295,305}"),
    ) {
        prop_assert_eq!(accepts::<PersonName>(&text), is_name(&text, 150));
        prop_assert_eq!(accepts::<DisplayName>(&text), is_name(&text, 300));
        if let Ok(name) = DisplayName::from_str(&text) {
            prop_assert_eq!(name.as_str(), text);
        }
    }

    #[test]
    fn password_is_1_to_72_visible_ascii_characters(text in texts("[!-~]{1,75}|[ -~]{1,9}")) {
        let expected =
            (1..=72).contains(&text.len()) && text.chars().all(|c| ('!'..='~').contains(&c));
        prop_assert_eq!(accepts::<Password>(&text), expected);
        if let Ok(password) = Password::from_str(&text) {
            prop_assert_eq!(password.expose(), text);
        }
    }

    #[test]
    fn role_name_is_1_to_64_plain_characters(text in texts("[a-zA-Z0-9._:-]{1,66}")) {
        let allowed = |c| is_letter_or_digit(c) || matches!(c, '.' | '_' | ':' | '-');
        let expected = (1..=64).contains(&text.len()) && text.chars().all(allowed);
        prop_assert_eq!(accepts::<RoleName>(&text), expected);
        if let Ok(name) = RoleName::from_str(&text) {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn sort_is_one_of_twelve_published(
        text in texts("-{0,2}(id|username|email|firstName|lastName|createdAt|name|Id|ID)"),
    ) {
        let published = [
            "id", "-id", "username", "-username", "email", "-email", "firstName", "-firstName",
            "lastName", "-lastName", "createdAt", "-createdAt",
        ];
        prop_assert_eq!(accepts::<Sort>(&text), published.contains(&text.as_str()));
    }

    #[test]
    fn debug_output_hides_personal_data(
        address in "[a-z]{12}@[a-z]{12}\\.example",
        secret in "[a-z]{12}",
    ) {
        let shown = [
            format!("{:?}", EmailAddress::from_str(&address)),
            format!("{:?}", Username::from_str(&secret)),
            format!("{:?}", PersonName::from_str(&secret)),
            format!("{:?}", DisplayName::from_str(&secret)),
            format!("{:?}", Password::from_str(&secret)),
            format!("{:?}", CurrentPassword::offered(secret.clone())),
        ];
        for text in shown {
            prop_assert!(!text.contains(&secret) && !text.contains(&address), "{}", text);
            prop_assert!(text.contains("(…)"), "{}", text);
        }
    }
}
