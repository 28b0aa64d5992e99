//! Names as they are shown: other software writes names that Usher accepts from nobody.

use std::str::FromStr;

use domain::InvalidName;

/// Returns the name as it is shown: without the characters that the domain forbids, and cut to its
/// maximum length. None if nothing is left.
pub(crate) fn shown_name<T: FromStr<Err = InvalidName>>(name: &str) -> Option<T> {
    if let Ok(name) = name.parse() {
        return Some(name);
    }
    let is_allowed = |character: &char| format!("a{character}a").parse::<T>().is_ok();
    let character = |character: char| if is_allowed(&character) { character } else { ' ' };
    let cleaned: String = name.chars().take(MAX_CLEANED).map(character).collect();
    let cleaned = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    match cleaned.parse() {
        Err(InvalidName::TooLong { max }) => {
            let cut: String = cleaned.chars().take(max).collect();
            cut.trim_end().parse().ok()
        }
        shown => shown.ok(),
    }
}

/// The number of characters of an invalid name that are read: more than the longest name has.
const MAX_CLEANED: usize = 1000;

#[cfg(test)]
mod tests {
    use domain::{DisplayName, PersonName};

    use super::*;

    #[test]
    fn forbidden_characters_become_blanks() {
        for (name, shown) in [
            ("line\nbreak", Some("line break")),
            ("\u{0}Jane\t \r\n Doe\u{7f}", Some("Jane Doe")),
            ("Jane", Some("Jane")),
            ("\u{0}\n", None),
            ("", None),
        ] {
            let read: Option<PersonName> = shown_name(name);
            assert_eq!(read.as_ref().map(PersonName::as_str), shown, "{name:?}");
        }
    }

    #[test]
    fn long_name_is_cut() {
        let long = "é".repeat(149) + " and more";
        let read: Option<PersonName> = shown_name(&long);
        assert_eq!(read.unwrap().as_str(), "é".repeat(149));
        let read: Option<DisplayName> = shown_name(&"x".repeat(100_000));
        assert_eq!(read.unwrap().as_str(), "x".repeat(300));
    }
}
