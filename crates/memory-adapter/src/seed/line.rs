//! One line of a seed, parsed into domain values.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use domain::{
    DisplayName, EmailAddress, Password, PersonName, RoleName, TenantId, Timestamp, UserId,
    Username,
};

use crate::password_hash::{MIN_PASSWORD_LENGTH, check_policy};
use crate::seed::error::SeedError;
use crate::seed::json::Json;

/// The members of a line.
const MEMBERS: [&str; 15] = [
    "id",
    "email",
    "emailVerified",
    "username",
    "firstName",
    "lastName",
    "name",
    "serviceUser",
    "blocked",
    "createdAt",
    "updatedAt",
    "lastLogin",
    "password",
    "homeTenant",
    "tenants",
];

/// One account as the seed describes it.
pub(super) struct Line {
    pub(super) id: Option<UserId>,
    pub(super) email: EmailAddress,
    pub(super) email_verified: bool,
    pub(super) username: Option<Username>,
    pub(super) given_name: Option<PersonName>,
    pub(super) family_name: Option<PersonName>,
    pub(super) display_name: Option<DisplayName>,
    pub(super) service_user: bool,
    pub(super) blocked: bool,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) last_login: Option<Timestamp>,
    pub(super) password: Option<Password>,
    pub(super) home: Option<TenantId>,
    pub(super) tenants: BTreeMap<TenantId, RoleName>,
}

/// A problem of a line. Its text never contains a value, which may be a secret.
pub(super) struct Problem {
    field: Option<String>,
    text: String,
}

impl Problem {
    fn line(text: impl Display) -> Self {
        Self { field: None, text: text.to_string() }
    }

    fn field(field: impl Display, text: impl Display) -> Self {
        Self { field: Some(field.to_string()), text: text.to_string() }
    }

    pub(super) fn into_error(self, line: usize) -> SeedError {
        let Self { field, text: problem } = self;
        match field {
            Some(field) => SeedError::Field { line, field, problem },
            None => SeedError::Line { line, problem },
        }
    }
}

impl Line {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let json = serde_json::from_str(text).map_err(|error| {
            Problem::line(format_args!("is not JSON, at column {}", error.column()))
        })?;
        let mut members = Members::from_json(json)?;
        let password = members.parsed("password")?;
        if password.as_ref().is_some_and(|password| check_policy(password).is_err()) {
            let text = format!("must have at least {MIN_PASSWORD_LENGTH} characters");
            return Err(Problem::field("password", text));
        }
        Ok(Self {
            id: members.parsed("id")?,
            email: members
                .parsed("email")?
                .ok_or_else(|| Problem::field("email", "is required"))?,
            email_verified: members.flag("emailVerified")?,
            username: members.parsed("username")?,
            given_name: members.person_name("firstName")?,
            family_name: members.person_name("lastName")?,
            display_name: members.parsed("name")?,
            service_user: members.flag("serviceUser")?,
            blocked: members.flag("blocked")?,
            created_at: members.parsed("createdAt")?,
            updated_at: members.parsed("updatedAt")?,
            last_login: members.parsed("lastLogin")?,
            password,
            home: members.parsed("homeTenant")?,
            tenants: members.tenants()?,
        })
    }
}

/// The members of one line that are not read yet.
struct Members(BTreeMap<&'static str, Json>);

impl Members {
    fn from_json(json: Json) -> Result<Self, Problem> {
        let Json::Object(list) = json else {
            return Err(Problem::line("must be a JSON object"));
        };
        let mut members = BTreeMap::new();
        for (name, value) in list {
            let Some(known) = MEMBERS.into_iter().find(|known| *known == name) else {
                return Err(unknown(&name));
            };
            if members.insert(known, value).is_some() {
                return Err(Problem::field(known, "must occur only once"));
            }
        }
        Ok(Self(members))
    }

    /// Removes and returns the member, unless it is absent or null.
    fn take(&mut self, name: &'static str) -> Option<Json> {
        self.0.remove(name).filter(|value| !matches!(value, Json::Null))
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.take(name).map(|value| text(name, value)).transpose()
    }

    fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, Problem> {
        self.text(name)?.map(|text| parse(name, &text)).transpose()
    }

    /// Reads a first or last name; an empty one is absent.
    fn person_name(&mut self, name: &'static str) -> Result<Option<PersonName>, Problem> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.map(|text| parse(name, &text)).transpose()
    }

    fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(flag),
            Some(Json::Null | Json::Text(_) | Json::Object(_) | Json::Other) => {
                Err(Problem::field(name, "must be true or false"))
            }
        }
    }

    fn tenants(&mut self) -> Result<BTreeMap<TenantId, RoleName>, Problem> {
        let list = match self.take("tenants") {
            None => Vec::new(),
            Some(Json::Object(list)) => list,
            Some(Json::Null | Json::Bool(_) | Json::Text(_) | Json::Other) => {
                return Err(Problem::field("tenants", "must be an object"));
            }
        };
        let mut tenants = BTreeMap::new();
        for (tenant, role) in list {
            let tenant: TenantId = tenant
                .parse()
                .map_err(|error| Problem::field("tenants", format_args!("a tenant id {error}")))?;
            let field = format!("tenants.{tenant}");
            let role = parse(&field, &text(&field, role)?)?;
            if tenants.insert(tenant, role).is_some() {
                return Err(Problem::field(field, "must occur only once"));
            }
        }
        Ok(tenants)
    }
}

fn text(field: &str, value: Json) -> Result<String, Problem> {
    match value {
        Json::Text(text) => Ok(text),
        Json::Null | Json::Bool(_) | Json::Object(_) | Json::Other => {
            Err(Problem::field(field, "must be a string"))
        }
    }
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| Problem::field(field, error))
}

/// Returns the problem of an unknown member, with its name only if it looks like one: it could be a
/// misplaced value such as an e-mail address.
fn unknown(name: &str) -> Problem {
    let is_name = |text: &str| {
        (1..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if is_name(name) {
        Problem::field(name, "is not a known member")
    } else {
        Problem::line("has an unknown member")
    }
}
