//! Limits of values, and what debug output and errors omit.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use domain::policy::{Action, decide, tenant_scope};
use domain::{
    AccountChange, Actor, Attachment, CurrentPassword, DisplayName, EmailAddress, InvalidPassword,
    InvalidUserId, Membership, MembershipChange, NewMember, NewUser, Operation, Page, Password,
    Permission, Permissions, PersonName, PolicyContext, Role, RoleCatalogue, RoleDefinition,
    TenantId, Timestamp, User, UserId, UserView, Username,
};

const SECRET: &str = "Planted-secret-1";

fn role() -> Role {
    let definition = RoleDefinition {
        name: "admin".parse().unwrap(),
        access: BTreeSet::new(),
        protected: false,
        default: false,
    };
    RoleCatalogue::new(vec![definition]).unwrap().default_role().clone()
}

fn email() -> EmailAddress {
    "planted@mail.example".parse().unwrap()
}

fn first() -> PersonName {
    "Plantedfirst".parse().unwrap()
}

fn last() -> PersonName {
    "Plantedlast".parse().unwrap()
}

fn display() -> DisplayName {
    "Planteddisplay".parse().unwrap()
}

fn user() -> User {
    User::builder("auth0|known".parse().unwrap(), email())
        .username("plantedlogin".parse().unwrap())
        .given_name(first())
        .family_name(last())
        .display_name(display())
        .home("acme".parse().unwrap())
        .named_membership("globex".parse().unwrap(), role(), display())
        .build()
}

/// Returns the user as globex sees it.
fn view() -> UserView<'static> {
    let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
    let tenant: TenantId = "globex".parse().unwrap();
    let operation = Operation::ReadTenantUsers;
    let scope = tenant_scope(&Actor::operator(), operation, Some(&tenant), &context).unwrap();
    scope.into_view(user()).unwrap()
}

/// Returns both debug outputs of a value.
fn debug_outputs(value: &dyn Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn debug_output_contains_no_secret_or_personal_data() {
    let password: Password = SECRET.parse().unwrap();
    let new_user = NewUser {
        email: email(),
        username: Some("plantedlogin".parse().unwrap()),
        given_name: Some(first()),
        family_name: Some(last()),
        display_name: Some(display()),
        service_user: false,
        role: role(),
        password: Some(password.clone()),
    };
    let change =
        AccountChange { email: email(), given_name: Some(first()), family_name: Some(last()) };
    let username: Username = "plantedlogin".parse().unwrap();
    let attachment =
        Attachment { id: "m1".parse().unwrap(), since: Timestamp::UNIX_EPOCH, email: email() };
    let values: [&dyn Debug; 15] = [
        &password,
        &CurrentPassword::offered(SECRET.to_owned()),
        &email(),
        &username,
        &first(),
        &display(),
        &user(),
        &new_user,
        &NewMember { email: email(), role: role(), name: Some(display()) },
        &MembershipChange { role: Some(role()), name: Some(display()) },
        &change,
        &Page { users: vec![view()], total: 1 },
        &Membership { name: Some(display()), ..Membership::new(role()) },
        &view(),
        &attachment,
    ];
    for value in values {
        let outputs = debug_outputs(value);
        assert!(!outputs.to_lowercase().contains("planted"), "{outputs}");
        assert!(outputs.contains('…') && outputs.contains('('), "{outputs}");
    }
}

#[test]
fn debug_output_contains_identifiers() {
    let outputs = debug_outputs(&user());
    for text in ["UserId(auth0|known)", "TenantId(globex)", "TenantId(acme)", "Role(admin)"] {
        assert!(outputs.contains(text), "{outputs}");
    }
    let permissions: Permissions = [Permission::TenantAccessRead].into_iter().collect();
    assert_eq!(format!("{permissions:?}"), "{TenantAccessRead}");
}

#[test]
fn errors_do_not_repeat_the_value() {
    let errors = [
        SECRET.repeat(9).parse::<Password>().unwrap_err().to_string(),
        "Planted ü".parse::<Password>().unwrap_err().to_string(),
        SECRET.parse::<EmailAddress>().unwrap_err().to_string(),
        "planted login".parse::<Username>().unwrap_err().to_string(),
        "planted\nid".parse::<UserId>().unwrap_err().to_string(),
        SECRET.parse::<TenantId>().unwrap_err().to_string(),
        "Planted\n".parse::<PersonName>().unwrap_err().to_string(),
        SECRET.parse::<Timestamp>().unwrap_err().to_string(),
    ];
    for text in errors {
        assert!(!text.to_lowercase().contains("planted"), "{text}");
    }
}

#[test]
fn maximum_lengths_are_inclusive() {
    assert!("a".repeat(1024).parse::<UserId>().is_ok());
    assert_eq!("a".repeat(1025).parse::<UserId>(), Err(InvalidUserId::TooLong));
    assert!("a".repeat(72).parse::<Password>().is_ok());
    assert_eq!("a".repeat(73).parse::<Password>(), Err(InvalidPassword::TooLong));
}

#[test]
fn exposed_password_is_unchanged() {
    assert_eq!(SECRET.parse::<Password>().unwrap().expose(), SECRET);
    assert_eq!(CurrentPassword::offered(SECRET.to_owned()).expose(), SECRET);
}

#[test]
fn repeated_permission_name_is_held() {
    for permission in Permission::ALL {
        let name = permission.as_str();
        assert!(Permissions::from_names([name, name]).has(permission));
    }
}

#[test]
fn changes_names_compares_both_names() {
    let other = || Some("Other".parse::<PersonName>().unwrap());
    for (given_name, family_name, renames) in [
        (Some(first()), Some(last()), false),
        (other(), Some(last()), true),
        (Some(first()), other(), true),
        (other(), other(), true),
        (None, Some(last()), true),
        (Some(first()), None, true),
    ] {
        let email: EmailAddress = "another@mail.example".parse().unwrap();
        let change = AccountChange { email, given_name, family_name };
        assert_eq!(change.changes_names(&user()), renames, "{change:?}");
    }
}

#[test]
fn holder_of_another_protected_role_does_not_count() {
    let definition = |name: &str| RoleDefinition {
        name: name.parse().unwrap(),
        access: BTreeSet::new(),
        protected: true,
        default: false,
    };
    let roles = RoleCatalogue::new(vec![definition("owner"), definition("auditor")]).unwrap();
    let tenant: TenantId = "globex".parse().unwrap();
    let holder = |id: &str, role: &str| {
        let role = roles.resolve(role).unwrap().clone();
        User::builder(id.parse().unwrap(), email()).membership(tenant.clone(), role).build()
    };
    let target = holder("auth0|target", "auditor");
    let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
    for (name, kept) in [("owner", false), ("auditor", true)] {
        let other = holder("auth0|other", name);
        let verdict =
            decide(&Actor::operator(), Action::Detach(&tenant), &target, [&other], &context);
        assert_eq!(verdict.is_ok(), kept, "{name}");
    }
}
