//! Changes of credentials by `PATCH /api/v2/users/{id}`: e-mail address, phone number, username,
//! password.
//!
//! Documented: `connection` names the identity whose credentials change, and is needed for a linked
//! one; `email_verified` cannot be set for enterprise and SMS connections; PATCH of a password sets
//! `last_password_reset`; without profile synchronisation, names and picture of users of other
//! providers can be changed. Observed: the text about attributes that a provider owns. Assumed: the
//! e-mail address of a passwordless user can be changed; a change of a linked identity's password
//! sets `last_password_reset` too.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::checks::{
    check_password, check_username, missing_property, unknown_connection, username_taken,
};
use super::identities::{self, PRIMARY};
use super::passwords;
use super::profile::{DATABASE, Profile, set_or_remove, text};
use super::schema::NEW_PASSWORD;
use super::user::User;
use crate::clock::iso_timestamp;
use crate::config::{Connection, Usernames};
use crate::http::error::ApiError;
use crate::state::State;

/// Attributes of the profile that the provider of the primary identity owns.
const PROFILE_ATTRIBUTES: [&str; 5] = ["family_name", "given_name", "name", "nickname", "picture"];
/// Attributes of an identity that its provider owns.
const CREDENTIALS: [&str; 5] = ["email", "email_verified", "password", "phone_number", "username"];

/// The identity whose credentials a request changes.
pub(super) struct Target {
    /// Its index among the identities.
    pub(super) index: usize,
    /// The database connection of the identity, if it is configured.
    database: Option<Connection>,
    connection_name: String,
}

impl Target {
    /// Returns the identity that `connection` in the body names, or else the primary one. Rejects
    /// changes of attributes that another provider owns.
    pub(super) fn of_request(
        state: &State,
        body: &Map<String, Value>,
        profile: &Profile,
    ) -> Result<Self, ApiError> {
        let index = match body.get("connection").and_then(Value::as_str) {
            None => PRIMARY,
            Some(name) => identities::find_in_connection(profile, name)
                .ok_or_else(|| not_in_connection(state, name))?,
        };
        let owned = PROFILE_ATTRIBUTES
            .into_iter()
            .filter(|_| owns_profile(state, profile))
            .chain(CREDENTIALS.into_iter().filter(|key| owns_credential(profile, index, key)));
        let mut owned: Vec<&str> = owned.filter(|key| body.contains_key(*key)).collect();
        owned.sort_unstable();
        let connection_name = identities::member(profile, index, "connection").to_owned();
        if !owned.is_empty() {
            return Err(owned_by_provider(&owned, &connection_name));
        }
        let database = state.connection(&connection_name).filter(|found| found.is_database());
        Ok(Self { index, database: database.cloned(), connection_name })
    }

    /// Changes `username`, if the body has it.
    pub(super) fn change_username(
        &self,
        state: &State,
        profile: &mut Profile,
        body: &Map<String, Value>,
    ) -> Result<(), ApiError> {
        let Some(username) = body.get("username") else { return Ok(()) };
        let connection = self.database.as_ref().ok_or_else(unknown_connection)?;
        let id = text(profile, "user_id").unwrap_or("").to_owned();
        let attributes =
            identities::attributes_mut(profile, self.index).ok_or_else(unknown_connection)?;
        let Some(username) = username.as_str() else {
            if connection.usernames == Usernames::Required {
                return Err(missing_property("username"));
            }
            attributes.remove("username");
            return Ok(());
        };
        let username = check_username(username, connection)?;
        if !attributes.contains_key("username") && !state.switches.username_for_users_without_one {
            return Err(ApiError::bare(
                400,
                "Cannot update username for users without an username already set.",
            ));
        }
        if state.users.is_username_taken(&connection.name, &username, &id) {
            return Err(username_taken());
        }
        set_or_remove(attributes, "username", json!(username));
        Ok(())
    }

    /// Changes `phone_number` and `phone_verified`, each of which may be absent from the body.
    pub(super) fn change_phone(
        &self,
        profile: &mut Profile,
        body: &Map<String, Value>,
    ) -> Result<(), ApiError> {
        for key in ["phone_number", "phone_verified"] {
            if let Some(value) = body.get(key) {
                let attributes = identities::attributes_mut(profile, self.index);
                set_or_remove(attributes.ok_or_else(unknown_connection)?, key, value.clone());
            }
        }
        Ok(())
    }

    /// Changes `email` and `email_verified`, each of which may be absent from the body.
    pub(super) fn change_email(
        &self,
        state: &State,
        profile: &mut Profile,
        body: &Map<String, Value>,
    ) -> Result<(), ApiError> {
        let verified = body.get("email_verified");
        let email = body.get("email");
        if verified.is_none() && email.is_none() {
            return Ok(());
        }
        let id = text(profile, "user_id").unwrap_or("").to_owned();
        let attributes =
            identities::attributes_mut(profile, self.index).ok_or_else(unknown_connection)?;
        match email {
            Some(Value::String(email)) => {
                let email = email.to_lowercase();
                if state.users.is_email_taken(&self.connection_name, &email, &id) {
                    return Err(ApiError::new(
                        400,
                        "The specified new email already exists",
                        "auth0_idp_error",
                    ));
                }
                let is_other = text(attributes, "email") != Some(&email);
                set_or_remove(attributes, "email", json!(email));
                if is_other && state.switches.email_change_unverifies
                    || !attributes.contains_key("email_verified")
                {
                    set_or_remove(attributes, "email_verified", json!(false));
                }
            }
            Some(_) => {
                // A user needs at least one identifier (assumed).
                if !attributes.contains_key("username") && !attributes.contains_key("phone_number")
                {
                    return Err(missing_property("email"));
                }
                attributes.remove("email");
                attributes.remove("email_verified");
            }
            None => {}
        }
        if let Some(verified) = verified {
            set_or_remove(attributes, "email_verified", verified.clone());
        }
        Ok(())
    }

    /// Sets the password, or removes it if the value is null.
    pub(super) fn change_password(
        &self,
        user: &mut User,
        password: &Value,
        now: i64,
    ) -> Result<(), ApiError> {
        let connection = self.database.as_ref().ok_or_else(unknown_connection)?;
        if let Some(password) = password.as_str() {
            check_password(password, &NEW_PASSWORD)?;
        }
        set_password(user, self.index, password.as_str(), connection, now)?;
        let profile = Arc::make_mut(&mut user.profile);
        if profile.contains_key("blocked") {
            set_or_remove(profile, "blocked", json!(false));
        }
        Ok(())
    }
}

/// Sets or removes the password of an identity, and sets `last_password_reset`.
pub(crate) fn set_password(
    user: &mut User,
    index: usize,
    password: Option<&str>,
    connection: &Connection,
    now: i64,
) -> Result<(), ApiError> {
    if let Some(password) = password {
        let history = user.passwords(index).cloned().unwrap_or_default();
        passwords::check_policy(password, connection, &user.profile, &history)?;
    }
    user.passwords_mut(index).replace(password);
    let profile = Arc::make_mut(&mut user.profile);
    set_or_remove(profile, "last_password_reset", json!(iso_timestamp(now)));
    Ok(())
}

/// Returns whether the provider of the primary identity owns names and picture.
fn owns_profile(state: &State, profile: &Profile) -> bool {
    let provider = identities::member(profile, PRIMARY, "provider");
    let connection = state.connection(identities::member(profile, PRIMARY, "connection"));
    ![DATABASE, "email", "sms", ""].contains(&provider)
        && connection.is_none_or(|connection| connection.profile_sync)
}

/// Returns whether the provider of this identity owns a credential of it.
fn owns_credential(profile: &Profile, index: usize, attribute: &str) -> bool {
    match identities::member(profile, index, "provider") {
        DATABASE | "email" | "" => false,
        "sms" => attribute == "email_verified",
        _ => true,
    }
}

/// Returns the error for a connection in the body that the user has no identity in.
fn not_in_connection(state: &State, name: &str) -> ApiError {
    match state.connection(name) {
        None => unknown_connection(),
        Some(_) => ApiError::new(
            400,
            "The user does not belong to the connection.",
            "operation_not_supported",
        ),
    }
}

/// Returns the error for attributes that a provider owns. Observed.
fn owned_by_provider(attributes: &[&str], connection: &str) -> ApiError {
    let attributes = attributes.join(", ");
    ApiError::new(
        400,
        format!(
            "The following user attributes cannot be updated: {attributes}. The connection ({connection}) must either be a database connection (using the Auth0 store), a passwordless connection (email or sms) or has disabled 'Sync user profile attributes at each login'. For more information, see https://auth0.com/docs/dashboard/guides/connections/configure-connection-sync"
        ),
        "operation_not_supported",
    )
}
