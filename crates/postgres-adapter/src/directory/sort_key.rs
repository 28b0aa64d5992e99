//! The texts by which the database sorts, made here so that its order is exactly that of `domain`.

use std::cmp::Ordering;

use domain::{AccountRules, SortField, SortValue, TenantId, Timestamp, User, lower_case};

/// Returns a text whose order by bytes is the order of the value: by its Unicode lower case, then
/// by its bytes.
///
/// It is the lower case; then a character below all that a value can have, so that a lower case
/// which begins another one comes first; then what tells values of one lower case apart.
pub(crate) fn text_key(text: &str) -> String {
    let mut key = lower_case(text).into_owned();
    let (mark, rest) = match text.cmp(key.as_str()) {
        Ordering::Less => ('\u{1}', text),
        Ordering::Equal => ('\u{2}', ""),
        Ordering::Greater => ('\u{3}', text),
    };
    key.push(mark);
    key.push_str(rest);
    key
}

/// What lists of a tenant are sorted by, of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortKeys {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) created: Timestamp,
}

impl SortKeys {
    pub(crate) fn of(user: &User, tenant: &TenantId, rules: AccountRules) -> Self {
        let text = |field| match SortValue::of_shown(user, field, tenant, rules) {
            SortValue::Text(text) => text_key(text),
            SortValue::Moment(_) => String::new(),
        };
        let created = match SortValue::of_shown(user, SortField::CreatedAt, tenant, rules) {
            SortValue::Moment(moment) => moment,
            SortValue::Text(_) => user.created_at,
        };
        Self {
            id: text(SortField::Id),
            username: text(SortField::Username),
            email: text(SortField::Email),
            first_name: text(SortField::FirstName),
            last_name: text(SortField::LastName),
            created,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_compare_as_values(left in "[a-cA-CßẞİıKΑΣςσ ]{0,4}", right in "[a-cA-CßẞİıKΑΣςσ ]{0,4}") {
            let expected = SortValue::Text(&left).cmp(&SortValue::Text(&right));
            prop_assert_eq!(text_key(&left).cmp(&text_key(&right)), expected);
        }

        #[test]
        fn keys_of_any_text_compare_as_values(left in "\\PC{0,12}", right in "\\PC{0,12}") {
            let expected = SortValue::Text(&left).cmp(&SortValue::Text(&right));
            prop_assert_eq!(text_key(&left).cmp(&text_key(&right)), expected);
        }
    }

    #[test]
    fn lower_case_beyond_ascii_follows_unicode() {
        // The Kelvin sign is greater than its lower case, which is ASCII.
        assert!(text_key("k") < text_key("\u{212a}"));
        assert!(text_key("K") < text_key("k"));
        assert!(text_key("ΑΣ").starts_with("ας"));
    }
}
