//! Requests of contract B.

use domain::{AccountChange, EmailAddress, NewUser, Password, PersonName, Role, Username};
use utoipa::ToSchema;

use crate::request::json_object::{FromJsonObject, InvalidMember, Members};
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;

/// A user to create.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct UserCreateRequest {
    /// The e-mail address; no other account may have it.
    #[schema(
        format = Email,
        max_length = 254,
        pattern = r"^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}|[Xx][Nn][A-Za-z0-9-]{1,60}[A-Za-z0-9])$",
        example = "jane@acme.example"
    )]
    email: String,
    /// Whether the account belongs to a program rather than a person.
    service_user: bool,
    /// The account's home tenant, to which it is attached.
    #[schema(pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme")]
    pub(super) tenant_name: String,
    /// The username: 1 to 128 characters. The user's own e-mail address means that there is none;
    /// another e-mail address is not a username.
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = r"^[A-Za-z0-9@^$.!`#+'~_-]*$",
        example = "jane"
    )]
    username: String,
    /// The password: 1 to 72 visible ASCII characters that meet the password policy of the
    /// directory. An account without one gets a random password that is not disclosed.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 72,
        pattern = r"^[!-~]*$",
        example = "correct-horse-7"
    )]
    password: Option<String>,
    /// The first name: 1 to 150 characters.
    #[schema(
        min_length = 1,
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*$",
        example = "Jane"
    )]
    first_name: String,
    /// The last name: at most 150 characters; may be empty.
    #[schema(
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*$",
        example = "Doe"
    )]
    last_name: String,
}

impl FromJsonObject for UserCreateRequest {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        let email = members.required("email");
        let service_user = members.required("serviceUser");
        let tenant_name = members.required("tenantName");
        let username = members.required("username");
        let password = members.optional("password");
        let first_name = members.required("firstName");
        let last_name = members.required("lastName");
        Ok(Self {
            email: email?,
            service_user: service_user?,
            tenant_name: tenant_name?,
            username: username?,
            password: password?,
            first_name: first_name?,
            last_name: last_name?,
        })
    }
}

impl UserCreateRequest {
    /// Validates the values and combines the new user with `scope`, which is `None` if the tenant
    /// is invalid; `field_errors` contains the errors found before.
    pub(super) fn into_new_user<T>(
        self,
        role: &Role,
        scope: Option<T>,
        mut field_errors: FieldErrors,
    ) -> Result<(T, NewUser), ApiError> {
        let email = field_errors.check("email", self.email.parse::<EmailAddress>());
        // Responses show the address of an account without a username, so clients send it back.
        let is_own_address =
            |email: &EmailAddress| self.username.eq_ignore_ascii_case(email.as_str());
        let username = if email.as_ref().is_some_and(is_own_address) {
            None
        } else {
            field_errors.check("username", self.username.parse::<Username>())
        };
        let password = self
            .password
            .and_then(|password| field_errors.check("password", password.parse::<Password>()));
        let given_name = field_errors.check("firstName", self.first_name.parse::<PersonName>());
        let family_name = optional_name(&mut field_errors, "lastName", &self.last_name);
        field_errors.finish(|| {
            let new = NewUser {
                email: email?,
                username,
                given_name,
                family_name,
                display_name: None,
                service_user: self.service_user,
                role: role.clone(),
                password,
            };
            Some((scope?, new))
        })
    }
}

/// A change to an account.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct UserUpdateRequest {
    /// The e-mail address; no other account may have it.
    #[schema(
        format = Email,
        max_length = 254,
        pattern = r"^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}|[Xx][Nn][A-Za-z0-9-]{1,60}[A-Za-z0-9])$",
        example = "jane@acme.example"
    )]
    email: String,
    /// The first name: at most 150 characters; empty to remove it.
    #[schema(
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*$",
        example = "Jane"
    )]
    first_name: String,
    /// The last name: at most 150 characters; empty to remove it.
    #[schema(
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*$",
        example = "Doe"
    )]
    last_name: String,
}

impl FromJsonObject for UserUpdateRequest {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        let email = members.required("email");
        let first_name = members.required("firstName");
        let last_name = members.required("lastName");
        Ok(Self { email: email?, first_name: first_name?, last_name: last_name? })
    }
}

impl UserUpdateRequest {
    /// Returns whether the address has a syntax that only an existing account may have.
    pub(super) fn has_odd_email(&self) -> bool {
        self.email.parse::<EmailAddress>().is_err() && EmailAddress::stored(&self.email).is_some()
    }

    /// Validates the values. `stored` is the address that the account has: it may be sent back
    /// whatever its syntax.
    pub(super) fn into_change(
        self,
        stored: Option<&EmailAddress>,
    ) -> Result<AccountChange, ApiError> {
        let mut field_errors = FieldErrors::default();
        let is_stored =
            |email: &EmailAddress| EmailAddress::stored(&self.email).as_ref() == Some(email);
        let email = match stored.filter(|email| is_stored(email)) {
            Some(stored) => Some(stored.clone()),
            None => field_errors.check("email", self.email.parse::<EmailAddress>()),
        };
        let given_name = optional_name(&mut field_errors, "firstName", &self.first_name);
        let family_name = optional_name(&mut field_errors, "lastName", &self.last_name);
        field_errors.finish(|| Some(AccountChange { email: email?, given_name, family_name }))
    }
}

/// Validates a name that may be empty: responses show a missing name so, and clients send it back.
fn optional_name(
    field_errors: &mut FieldErrors,
    field: &'static str,
    name: &str,
) -> Option<PersonName> {
    if name.is_empty() { None } else { field_errors.check(field, name.parse::<PersonName>()) }
}
