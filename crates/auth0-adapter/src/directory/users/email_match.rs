//! Accounts by their address.

use domain::EmailAddress;

use crate::management::wire;

/// Those of the accounts that do have the address.
pub(super) fn of_address(
    found: Vec<wire::User>,
    email: &EmailAddress,
) -> impl Iterator<Item = wire::User> {
    let has_it = |user: &wire::User| {
        user.email.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(email.as_str()))
    };
    found.into_iter().filter(has_it)
}
