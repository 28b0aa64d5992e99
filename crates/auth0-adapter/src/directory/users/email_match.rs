//! Selects accounts by their address.

use domain::EmailAddress;

use crate::management::wire;

/// Returns the accounts that have the address.
pub(super) fn with_email(
    found: Vec<wire::Auth0User>,
    email: &EmailAddress,
) -> impl Iterator<Item = wire::Auth0User> {
    let has_it = |user: &wire::Auth0User| {
        user.email.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(email.as_str()))
    };
    found.into_iter().filter(has_it)
}
