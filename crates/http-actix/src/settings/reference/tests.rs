use std::collections::BTreeSet;

use super::*;

#[test]
fn whatever_can_be_set_stands_in_one_section() {
    let sections = super::sections().unwrap();
    let mut listed = BTreeSet::new();
    for Section { name, settings, .. } in &sections {
        for Setting { key, meaning, .. } in settings {
            assert!(meaning.ends_with('.'), "{name}.{key}: {meaning:?} is no sentence");
            assert!(listed.insert(format!("{name}.{key}")), "{name}.{key} stands there twice");
        }
    }
    let apart: BTreeSet<_> = sections.iter().map(|section| section.name.to_owned()).collect();
    let known: BTreeSet<_> = listed.union(&apart).cloned().collect();
    // Whatever a type asks for is either a key in a table or a section.
    let asked = shapes().unwrap().into_iter().flat_map(|Shape { name, fields, .. }| {
        fields.iter().map(move |key| format!("{name}.{key}"))
    });
    let asked = asked.chain(fields::<Raw>().iter().map(|&section| section.to_owned()));
    assert_eq!(asked.collect::<BTreeSet<_>>(), known);
    assert!(listed.len() > 60, "{listed:?}");
}

#[test]
fn whatever_is_compiled_in_is_listed_with_what_it_is() {
    let listed = super::sections().unwrap();
    let default = |name: &str, key: &str| {
        let section = listed.iter().find(|section| section.name == name)?;
        section.settings.iter().find(|setting| setting.key == key)?.default.clone()
    };
    let mut count = 0;
    let mut sections = vec![(String::new(), defaults().unwrap())];
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
fn what_is_reloaded_is_what_the_run_book_says() {
    let sections = super::sections().unwrap();
    let reloaded = sections.iter().flat_map(|Section { name, settings, .. }| {
        let reloaded = settings.iter().filter(|setting| setting.reloaded);
        reloaded.map(move |setting| format!("{name}.{}", setting.key))
    });
    let apart = |key: &String| !key.starts_with("auth.issuers.") && !key.starts_with("roles.");
    assert_eq!(
        reloaded.filter(apart).collect::<Vec<_>>(),
        ["log.filter", "directory.auth0.client_secret", "directory.auth0.client_secret_file",]
    );
}
