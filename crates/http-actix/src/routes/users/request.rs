//! What contract B is told.

use domain::{AccountChange, EmailAddress, NewUser, Password, PersonName, Role, Username};
use utoipa::ToSchema;

use crate::request::json_object::{FromJsonObject, Members};
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;

/// A user to be created.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct UserCreateRequest {
    /// The e-mail address; no other account may have it.
    #[schema(
        format = Email,
        max_length = 254,
        pattern = r"^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
        example = "jane@acme.example"
    )]
    email: String,
    /// Whether a program, and no person, stands behind the account.
    service_user: bool,
    /// The tenant that the account is attached to and at home in.
    #[schema(pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme")]
    pub(super) tenant_name: String,
    /// The username: 1 to 128 characters, and no e-mail address.
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = r"^(?!(?![^@]{65})[A-Za-z0-9!#$'+^_`~-]+(\.[A-Za-z0-9!#$'+^_`~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$)[A-Za-z0-9@^$.!`#+'~_-]*$",
        example = "jane"
    )]
    username: String,
    /// The password: 1 to 72 visible ASCII characters, as the directory's policy wants them.
    /// Without one, nobody knows any until it is changed.
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
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$",
        example = "Jane"
    )]
    first_name: String,
    /// The last name: 1 to 150 characters.
    #[schema(
        min_length = 1,
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$",
        example = "Doe"
    )]
    last_name: String,
}

impl FromJsonObject for UserCreateRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let email = members.required("email");
        let service_user = members.required("serviceUser");
        let tenant_name = members.required("tenantName");
        let username = members.required("username");
        let password = members.optional("password");
        let first_name = members.required("firstName");
        let last_name = members.required("lastName");
        Some(Self {
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
    /// The user to be created, with what goes with a good tenant; `field_errors` has what is known to be
    /// wrong already.
    pub(super) fn into_new_user<T>(
        self,
        role: &Role,
        scope: Option<T>,
        mut field_errors: FieldErrors,
    ) -> Result<(T, NewUser), ApiError> {
        let email = field_errors.take("email", self.email.parse::<EmailAddress>());
        let username = field_errors.take("username", self.username.parse::<Username>());
        let password = self
            .password
            .and_then(|password| field_errors.take("password", password.parse::<Password>()));
        let given_name = field_errors.take("firstName", self.first_name.parse::<PersonName>());
        let family_name = field_errors.take("lastName", self.last_name.parse::<PersonName>());
        field_errors.settle(|| {
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

/// A change to what is the account's own.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct UserUpdateRequest {
    /// The e-mail address; no other account may have it.
    #[schema(
        format = Email,
        max_length = 254,
        pattern = r"^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
        example = "jane@acme.example"
    )]
    email: String,
    /// The first name, at most 150 characters; empty for none.
    #[schema(max_length = 150, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$", example = "Jane")]
    first_name: String,
    /// The last name, at most 150 characters; empty for none.
    #[schema(max_length = 150, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$", example = "Doe")]
    last_name: String,
}

impl FromJsonObject for UserUpdateRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let email = members.required("email");
        let first_name = members.required("firstName");
        let last_name = members.required("lastName");
        Some(Self { email: email?, first_name: first_name?, last_name: last_name? })
    }
}

impl UserUpdateRequest {
    pub(super) fn into_change(self) -> Result<AccountChange, ApiError> {
        let mut field_errors = FieldErrors::default();
        let email = field_errors.take("email", self.email.parse::<EmailAddress>());
        // A user without a name is shown with an empty one, and can be sent back like that.
        let mut name = |field, name: &str| {
            if name.is_empty() {
                None
            } else {
                field_errors.take(field, name.parse::<PersonName>())
            }
        };
        let given_name = name("firstName", &self.first_name);
        let family_name = name("lastName", &self.last_name);
        field_errors.settle(|| Some(AccountChange { email: email?, given_name, family_name }))
    }
}
