//! The order of search results.
//!
//! Documented: one field, ascending or descending, no metadata. Assumed: which fields, that records
//! without a value come last in both directions, and that case-insensitive fields sort so.
//! Contradictory, hence a switch: whether the order of records with equal sort keys is stable.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

/// The sortable fields.
const SORTABLE_FIELDS: [&str; 17] = [
    "user_id",
    "email",
    "email_verified",
    "username",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "phone_number",
    "created_at",
    "updated_at",
    "last_login",
    "last_ip",
    "logins_count",
    "blocked",
    "connection",
    "identities.connection",
];
const CASE_INSENSITIVE_FIELDS: [&str; 5] =
    ["email", "name", "given_name", "family_name", "nickname"];

/// A field and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    field: &'static str,
    descending: bool,
}

/// The order of records with equal sort keys, or of all records of an unsorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TieOrder {
    /// The order of creation.
    Stable,
    /// An order derived from this number, which differs for each request.
    Shuffled(u64),
}

/// A sort key.
#[derive(Debug, PartialEq, PartialOrd)]
enum SortKey<'a> {
    Flag(bool),
    Number(f64),
    Text(Cow<'a, str>),
}

impl Sort {
    /// Parses `field:1` or `field:-1`. Errors say what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!(r"String does not match pattern ^((.+):(-1|1))$: {text}");
        let (field, direction) = text.rsplit_once(':').ok_or_else(malformed)?;
        let descending = match direction {
            "1" => false,
            "-1" => true,
            _ => return Err(malformed()),
        };
        match SORTABLE_FIELDS.iter().find(|sortable| **sortable == field) {
            Some(field) => Ok(Self { field, descending }),
            None => Err(format!("Sorting by {field} is not supported")),
        }
    }

    fn key(self, user: &Map<String, Value>) -> Option<SortKey<'_>> {
        let value = match self.field {
            "connection" | "identities.connection" => {
                user.get("identities")?.get(0)?.get("connection")
            }
            field => user.get(field),
        };
        match value? {
            Value::Bool(flag) => Some(SortKey::Flag(*flag)),
            Value::Number(number) => number.as_f64().map(SortKey::Number),
            Value::String(text) if CASE_INSENSITIVE_FIELDS.contains(&self.field) => {
                Some(SortKey::Text(Cow::Owned(text.to_lowercase())))
            }
            Value::String(text) => Some(SortKey::Text(Cow::Borrowed(text))),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn compare(self, a: Option<&SortKey<'_>>, b: Option<&SortKey<'_>>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => {
                let ordering = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                if self.descending { ordering.reverse() } else { ordering }
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

/// Sorts users, which are given in order of creation.
pub(crate) fn sorted<'a>(
    users: Vec<&'a Map<String, Value>>,
    sort: Option<Sort>,
    tie_order: TieOrder,
) -> Vec<&'a Map<String, Value>> {
    let mut keyed: Vec<(Option<SortKey<'a>>, u64, &'a Map<String, Value>)> = users
        .into_iter()
        .map(|user| (sort.and_then(|sort| sort.key(user)), tie_order.tie_breaker(user), user))
        .collect();
    keyed.sort_by(|a, b| {
        let by_field =
            sort.map_or(Ordering::Equal, |sort| sort.compare(a.0.as_ref(), b.0.as_ref()));
        by_field.then(a.1.cmp(&b.1))
    });
    keyed.into_iter().map(|(_, _, user)| user).collect()
}

impl TieOrder {
    fn tie_breaker(self, user: &Map<String, Value>) -> u64 {
        match self {
            // The sort is stable.
            Self::Stable => 0,
            Self::Shuffled(request) => {
                let mut hasher = DefaultHasher::new();
                request.hash(&mut hasher);
                user.get("user_id").and_then(Value::as_str).hash(&mut hasher);
                hasher.finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn users() -> Vec<Map<String, Value>> {
        [
            json!({"user_id": "a", "name": "beta", "logins_count": 10, "created_at": "2026-01-02"}),
            json!({"user_id": "b", "name": "Alpha", "logins_count": 9, "created_at": "2026-01-01"}),
            json!({"user_id": "c", "created_at": "2026-01-02"}),
            json!({"user_id": "d", "name": "gamma", "logins_count": 100, "created_at": "2026-01-02"}),
        ]
        .into_iter()
        .map(|user| user.as_object().unwrap().clone())
        .collect()
    }

    fn ids(sort: &str, tie_order: TieOrder) -> String {
        let users = users();
        let sort = (!sort.is_empty()).then(|| Sort::parse(sort).unwrap());
        let users = sorted(users.iter().collect(), sort, tie_order);
        users.iter().map(|user| user.get("user_id").unwrap().as_str().unwrap()).collect()
    }

    #[test]
    fn missing_values_sort_last_in_both_directions() {
        for (sort, order) in [
            ("", "abcd"),
            ("name:1", "badc"),
            ("name:-1", "dabc"),
            ("logins_count:1", "badc"),
            ("logins_count:-1", "dabc"),
            ("user_id:-1", "dcba"),
            ("created_at:1", "bacd"),
            ("created_at:-1", "acdb"),
        ] {
            assert_eq!(ids(sort, TieOrder::Stable), order, "{sort}");
        }
    }

    #[test]
    fn shuffled_ties_keep_order_by_field() {
        let orders: std::collections::BTreeSet<_> =
            (0..64).map(|request| ids("created_at:1", TieOrder::Shuffled(request))).collect();
        assert_eq!(orders.len(), 6, "all orders of the three tied users");
        assert!(orders.iter().all(|order| order.starts_with('b')));
    }

    #[test]
    fn unsortable_field_is_rejected() {
        for sort in [
            "",
            "name",
            "name:2",
            "name:asc",
            "name:1,email:1",
            "app_metadata.a:1",
            "user_metadata:1",
            "picture:1",
            ":1",
            "Name:1",
        ] {
            assert!(Sort::parse(sort).is_err(), "{sort}");
        }
    }
}
