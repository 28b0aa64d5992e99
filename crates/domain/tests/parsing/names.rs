//! Which characters a name can have, compared with regular expressions over Unicode properties.

use std::sync::LazyLock;

use regex::Regex;

use super::*;

fn matches(regex: &Regex, c: char) -> bool {
    regex.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Whether no name can contain the character.
pub(crate) fn is_forbidden(c: char) -> bool {
    static FORBIDDEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\A[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]\z").expect("a regex"));
    matches(&FORBIDDEN, c)
}

/// Whether a name of such characters only cannot be seen.
pub(crate) fn is_invisible(c: char) -> bool {
    static INVISIBLE: LazyLock<Regex> = LazyLock::new(|| {
        let properties = r"\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\x{2800}";
        Regex::new(&format!(r"\A[{properties}]\z")).expect("a regex")
    });
    matches(&INVISIBLE, c)
}

#[test]
fn every_character_is_classified_as_unicode_does() {
    // The planes with characters, apart from those for private use.
    for c in ('\u{0}'..='\u{3ffff}').chain('\u{e0000}'..='\u{e1fff}') {
        let alone = c.to_string();
        assert_eq!(accepts::<PersonName>(&alone), !is_forbidden(c) && !is_invisible(c), "{c:?}");
        let among = format!("a{c}b");
        assert_eq!(accepts::<DisplayName>(&among), !is_forbidden(c), "{c:?}");
    }
}

#[test]
fn cleaned_name_leaves_out_what_is_not_allowed() {
    let person = |text| PersonName::cleaned(text).map(|name| name.as_str().to_owned());
    let display = |text| DisplayName::cleaned(text).map(|name| name.as_str().to_owned());
    for (text, cleaned) in [
        ("Jane", Some("Jane")),
        (" Jane ", Some(" Jane ")),
        ("Ja\nne", Some("Jane")),
        ("\u{202e}Jane\u{2069}\u{2028}", Some("Jane")),
        ("Ja\u{200d}ne", Some("Ja\u{200d}ne")),
        ("", None),
        (" ", None),
        ("\n\u{200b}\u{202e}", None),
    ] {
        assert_eq!(person(text).as_deref(), cleaned, "{text:?}");
        assert_eq!(display(text).as_deref(), cleaned, "{text:?}");
    }
    let long = "\n".repeat(10) + &"é".repeat(301);
    assert_eq!(person(&long), Some("é".repeat(150)));
    assert_eq!(display(&long), Some("é".repeat(300)));
}

proptest! {
    #[test]
    fn cleaned_name_is_a_name(text in texts("\\PC{0,20}|[ \u{200b}\u{202e}\n]{0,9}")) {
        match PersonName::cleaned(&text) {
            Some(name) => {
                prop_assert_eq!(PersonName::from_str(name.as_str()), Ok(name.clone()));
                prop_assert_eq!(PersonName::cleaned(name.as_str()), Some(name));
            }
            None => prop_assert!(text.chars().all(|c| is_forbidden(c) || is_invisible(c))),
        }
        if let Ok(name) = PersonName::from_str(&text) {
            prop_assert_eq!(PersonName::cleaned(&text), Some(name));
        }
    }
}
