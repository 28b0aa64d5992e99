//! Catalogues of roles: the default, ranks, and what is rejected.

use super::*;
use domain::InvalidRoleCatalogue;

#[test]
fn last_role_is_default_if_none_is_marked() {
    let definitions = ["owner", "member"].map(|name| definition(name, &[], false));
    let catalogue = RoleCatalogue::new(definitions.into()).expect("a catalogue");
    assert_eq!(catalogue.default_role().name().as_str(), "member");
}

#[test]
fn marked_role_is_default() {
    let marked = RoleDefinition { default: true, ..definition("admin", &[], false) };
    let definitions = vec![marked, definition("member", &[], false)];
    let catalogue = RoleCatalogue::new(definitions).expect("a catalogue");
    assert_eq!(catalogue.default_role().name().as_str(), "admin");
}

#[test]
fn empty_duplicate_or_two_defaults_are_rejected() {
    let marked = |name| RoleDefinition { default: true, ..definition(name, &[], false) };
    let name = |text: &str| text.parse().expect("a role's name");
    assert_eq!(RoleCatalogue::new(vec![]), Err(InvalidRoleCatalogue::Empty));
    assert_eq!(
        RoleCatalogue::new(vec![definition("a", &[], true), definition("a", &[], false)]),
        Err(InvalidRoleCatalogue::Duplicate(name("a")))
    );
    assert_eq!(
        RoleCatalogue::new(vec![marked("a"), marked("b")]),
        Err(InvalidRoleCatalogue::TwoDefaults(name("a"), name("b")))
    );
}

#[test]
fn roles_of_different_catalogues_outrank_each_other() {
    let define = |name: &str| RoleDefinition {
        name: name.parse().unwrap(),
        access: [].into(),
        protected: false,
        default: false,
    };
    let catalogue = |names: &[&str]| {
        RoleCatalogue::new(names.iter().map(|name| define(name)).collect()).unwrap()
    };
    let before = catalogue(&["owner", "admin", "member"]);
    let after = catalogue(&["root", "owner", "admin", "member"]);
    for old in before.roles() {
        for new in after.roles() {
            assert!(old.outranks(new) && new.outranks(old), "{old:?} and {new:?}");
        }
    }
    // A catalogue of equal roles is the same catalogue.
    let again = catalogue(&["owner", "admin", "member"]);
    let [owner, admin] = ["owner", "admin"].map(|name| again.resolve(name).unwrap());
    assert!(before.resolve("owner").unwrap().outranks(admin));
    assert!(!before.resolve("admin").unwrap().outranks(owner));
    assert!(!before.resolve("admin").unwrap().outranks(admin));
}

#[test]
fn role_outranks_only_lower_roles() {
    assert!(role("owner").outranks(&role("admin")));
    assert!(!role("admin").outranks(&role("owner")));
    assert!(!role("owner").outranks(&role("owner")));
}

#[test]
fn unknown_or_differently_cased_name_is_no_role() {
    let definitions = vec![definition("owner", READ_WRITE, true)];
    let catalogue = RoleCatalogue::new(definitions).expect("a catalogue");
    for name in ["Owner", "OWNER", "owner ", "root", ""] {
        assert!(catalogue.resolve(name).is_none(), "{name:?}");
    }
    assert!(catalogue.resolve("owner").is_some());
}

#[test]
fn standard_catalogue_has_the_default_roles() {
    let standard = RoleCatalogue::standard();
    let described: Vec<_> = standard
        .roles()
        .iter()
        .map(|role| {
            let access = Access::ALL.map(|access| role.allows(access));
            (role.name().as_str(), access, role.is_protected())
        })
        .collect();
    let expected = [
        ("owner", [true, true], true),
        ("admin", [true, true], false),
        ("viewer", [true, false], false),
        ("member", [false, false], false),
    ];
    assert_eq!(described, expected);
    assert_eq!(standard.default_role().name().as_str(), "member");
}

#[test]
fn catalogues_of_equal_definitions_are_the_same() {
    let definitions: Vec<_> = RoleCatalogue::standard().definitions().cloned().collect();
    let is_same = |change: fn(&mut Vec<RoleDefinition>)| {
        let mut changed = definitions.clone();
        change(&mut changed);
        let other = RoleCatalogue::new(changed).unwrap();
        RoleCatalogue::standard().has_same_definitions(&other)
    };
    assert!(is_same(|_| {}));
    assert!(!is_same(|roles| drop(roles.pop())));
    assert!(!is_same(|roles| roles.swap(1, 2)));
    assert!(!is_same(|roles| roles[0].protected = false));
    assert!(!is_same(|roles| roles[2].access.clear()));
}
