//! The bodies that create and change a user, from the API description.

use crate::http::validation::{Property, Rule};

const fn plain(name: &'static str, rule: Rule, description: &'static str) -> Property {
    Property { name, rule, nullable: false, description }
}

const fn nullable(name: &'static str, rule: Rule, description: &'static str) -> Property {
    Property { name, rule, nullable: true, description }
}

/// The password in a body of `POST`.
pub(super) const PASSWORD: Property = plain(
    "password",
    Rule::Text(1, usize::MAX),
    "Initial password for this user. Only valid for auth0 connection strategy.",
);
/// In both bodies.
pub(super) const APP_METADATA: Property = plain(
    "app_metadata",
    Rule::Object,
    "Data related to the user that does affect the application's core functionality.",
);
/// In both bodies.
pub(super) const USER_METADATA: Property = plain(
    "user_metadata",
    Rule::Object,
    "Data related to the user that does not affect the application's core functionality.",
);
/// In a body of `POST`.
pub(super) const USERNAME: Property = plain(
    "username",
    Rule::Text(1, 128),
    "The user's username. Only valid if the connection requires a username.",
);
/// The body of `POST`.
pub(super) const CREATE: &[Property] = &[
    plain(
        "connection",
        Rule::Text(1, 256),
        "Name of the connection this user should be created in.",
    ),
    plain(
        "user_id",
        Rule::NoWhitespace(1, 255),
        "The external user's id provided by the identity provider.",
    ),
    plain("email", Rule::Email, "The user's email."),
    plain(
        "email_verified",
        Rule::Flag,
        "Whether this email address is verified (true) or unverified (false). User will receive a verification email after creation if `email_verified` is false or not specified",
    ),
    plain(
        "verify_email",
        Rule::Flag,
        "Whether the user will receive a verification email after creation (true) or no email (false). Overrides behavior of `email_verified` parameter.",
    ),
    USERNAME,
    plain(
        "phone_number",
        Rule::Phone,
        "The user's phone number (following the E.164 recommendation).",
    ),
    plain(
        "phone_verified",
        Rule::Flag,
        "Whether this phone number has been verified (true) or not (false).",
    ),
    plain("given_name", Rule::Text(1, 150), "The user's given name(s)."),
    plain("family_name", Rule::Text(1, 150), "The user's family name(s)."),
    plain("name", Rule::Text(1, 300), "The user's full name."),
    plain("nickname", Rule::Text(1, 300), "The user's nickname."),
    plain("picture", Rule::Url, "A URI pointing to the user's picture."),
    plain(
        "blocked",
        Rule::Flag,
        "Whether this user was blocked by an administrator (true) or not (false).",
    ),
    APP_METADATA,
    USER_METADATA,
    PASSWORD,
];

/// The password in a body of `PATCH`.
pub(super) const NEW_PASSWORD: Property = nullable(
    "password",
    Rule::Text(1, usize::MAX),
    "New password for this user. Only valid for database connections.",
);
/// The body of `PATCH`.
pub(super) const PATCH: &[Property] = &[
    plain(
        "blocked",
        Rule::Flag,
        "Whether this user was blocked by an administrator (true) or not (false).",
    ),
    plain(
        "email_verified",
        Rule::Flag,
        "Whether this email address is verified (true) or unverified (false). If set to false the user will not receive a verification email unless `verify_email` is set to true.",
    ),
    nullable("email", Rule::Email, "Email address of this user."),
    nullable(
        "phone_number",
        Rule::Phone,
        "The user's phone number (following the E.164 recommendation).",
    ),
    plain(
        "phone_verified",
        Rule::Flag,
        "Whether this phone number has been verified (true) or not (false).",
    ),
    USER_METADATA,
    APP_METADATA,
    nullable("given_name", Rule::Text(1, 150), "The user's given name(s)."),
    nullable("family_name", Rule::Text(1, 150), "The user's family name(s)."),
    nullable("name", Rule::Text(1, 300), "Name of this user."),
    nullable("nickname", Rule::Text(1, 300), "Preferred nickname or alias of this user."),
    nullable("picture", Rule::Url, "URL to picture, photo, or avatar of this user."),
    plain(
        "verify_email",
        Rule::Flag,
        "Whether this user will receive a verification email after creation (true) or no email (false). Overrides behavior of `email_verified` parameter.",
    ),
    plain(
        "verify_phone_number",
        Rule::Flag,
        "Whether this user will receive a text after changing the phone number (true) or no text (false).",
    ),
    NEW_PASSWORD,
    plain(
        "connection",
        Rule::Text(1, 256),
        "Name of the connection to target for this user update.",
    ),
    plain(
        "client_id",
        Rule::Text(1, 256),
        "Auth0 client ID. Only valid when updating email address.",
    ),
    nullable(
        "username",
        Rule::Text(1, 128),
        "The user's username. Only valid if the connection requires a username.",
    ),
];
