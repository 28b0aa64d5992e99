use std::collections::BTreeSet;

use super::*;

/// Returns the paths of all keys in a schema.
fn keys(schema: &Value, name: &str) -> BTreeSet<String> {
    let items = schema.get("items").filter(|items| items.get("properties").is_some());
    let properties = items.unwrap_or(schema).get("properties").and_then(Value::as_object);
    match properties {
        None => [name.to_owned()].into(),
        Some(properties) => properties
            .iter()
            .flat_map(|(key, schema)| keys(schema, format!("{name}.{key}").trim_start_matches('.')))
            .collect(),
    }
}

#[test]
fn every_key_is_listed_once_with_its_meaning() {
    let sections = super::sections().unwrap();
    let mut listed = BTreeSet::new();
    for Section { name, settings } in &sections {
        for Setting { key, meaning, .. } in settings {
            assert!(meaning.ends_with('.'), "{name}.{key}: {meaning:?} is not a sentence");
            assert!(listed.insert(format!("{name}.{key}")), "{name}.{key} is listed twice");
        }
    }
    assert_eq!(listed, keys(&schema().unwrap(), ""));
    assert!(listed.len() > 60, "{listed:?}");
}

#[test]
fn compiled_in_value_is_listed_as_default() {
    let listed = super::sections().unwrap();
    let default = |name: &str, key: &str| {
        let section = listed.iter().find(|section| section.name == name)?;
        section.settings.iter().find(|setting| setting.key == key)?.default.clone()
    };
    let mut count = 0;
    let mut sections = vec![(String::new(), default_values().unwrap())];
    while let Some((name, section)) = sections.pop() {
        for (key, value) in section.as_object().unwrap() {
            let path = format!("{name}.{key}").trim_start_matches('.').to_owned();
            if value.is_object() {
                sections.push((path, value.clone()));
            } else if !["auth.issuers", "roles"].contains(&path.as_str()) {
                assert_eq!(default(&name, key).as_ref(), Some(value), "{path}");
                count += 1;
            }
        }
    }
    assert!(count > 35, "{count}");
}

#[test]
fn reloaded_keys_match_the_documentation() {
    let sections = super::sections().unwrap();
    let reloaded = sections.iter().flat_map(|Section { name, settings }| {
        let reloaded = settings.iter().filter(|setting| setting.reloaded);
        reloaded.map(move |setting| format!("{name}.{}", setting.key))
    });
    let outside_lists =
        |key: &String| !key.starts_with("auth.issuers.") && !key.starts_with("roles.");
    assert_eq!(
        reloaded.filter(outside_lists).collect::<Vec<_>>(),
        [
            "log.filter",
            "directory.auth0.client_secret",
            "directory.auth0.client_secret_file",
            "auth.known_tenants",
        ]
    );
}
