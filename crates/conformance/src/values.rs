//! Values that tests start from.

use std::fmt::Debug;
use std::str::FromStr;

use domain::{NewMember, NewUser, User, UserBuilder};

use crate::catalogue::role;

/// Returns a builder of the user `auth0|name` with the e-mail address `name@example.com`.
pub fn user(name: &str) -> UserBuilder {
    User::builder(valid(&format!("auth0|{name}")), valid(&address(name)))
}

/// Returns the e-mail address of this name, as text.
pub fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// Parses a value that must be valid.
pub fn valid<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Returns a new user with an address and a role only.
pub fn new_user(name: &str, role_name: &str) -> NewUser {
    NewUser {
        email: valid(&address(name)),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        role: role(role_name),
        password: None,
    }
}

/// Returns a new member without a name.
pub fn new_member(name: &str, role_name: &str) -> NewMember {
    NewMember { email: valid(&address(name)), role: role(role_name), name: None }
}
