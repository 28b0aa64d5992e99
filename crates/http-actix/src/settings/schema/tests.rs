use std::collections::BTreeMap;

use domain::Access;
use token_verifier::{Algorithm, Profile};

use super::*;

/// Returns the enumerated words of each key.
fn words(schema: &Value, key: &str) -> BTreeMap<String, Vec<String>> {
    let list = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let own = schema.get("enum").map(|words| (key.to_owned(), list(words)));
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let fields = properties
        .map(|(name, schema)| words(schema, format!("{key}.{name}").trim_start_matches('.')));
    let items = schema.get("items").map(|items| words(items, key));
    let alternatives = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let alternatives = alternatives.map(|schema| words(schema, key));
    own.into_iter().chain(fields.chain(items).chain(alternatives).flatten()).collect()
}

#[test]
fn schema_lists_the_allowed_words() {
    let words = words(&schema().unwrap(), "");
    for (key, expected) in [
        ("accounts.attach", "verified any"),
        ("accounts.foreign_profile", "shown hidden"),
        (
            "auth.issuers.algorithms",
            "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA Ed25519",
        ),
        ("auth.issuers.profile", "jwt rfc9068 any"),
        ("auth.issuers.tenants", "issuer membership all"),
        ("directory.adapter", "memory auth0 postgres"),
        ("directory.auth0.invite", "none reset_email"),
        ("log.format", "text json"),
        ("roles.may", "read write"),
    ] {
        assert_eq!(words.get(key).map(|words| words.join(" ")).as_deref(), Some(expected), "{key}");
    }
    for word in &words["auth.issuers.algorithms"] {
        assert!(word.parse::<Algorithm>().is_ok(), "{word}");
    }
    for word in &words["auth.issuers.profile"] {
        assert!(word.parse::<Profile>().is_ok(), "{word}");
    }
    assert_eq!(words["roles.may"], Access::ALL.map(Access::as_str));
}

/// A description that lists words in code, as in "`text` or `json`", belongs to a key with an
/// enumeration.
#[test]
fn keys_with_choices_have_enumerations() {
    let words = words(&schema().unwrap(), "");
    let sections = super::super::reference::sections().unwrap();
    for section in sections {
        for setting in section.settings {
            let key = format!("{}.{}", section.name, setting.key);
            let is_flag = setting.default.as_ref().is_some_and(Value::is_boolean);
            let lists_choices = !is_flag && setting.meaning.contains("` or `");
            assert!(!lists_choices || words.contains_key(&key), "{key}: {}", setting.meaning);
        }
    }
}
