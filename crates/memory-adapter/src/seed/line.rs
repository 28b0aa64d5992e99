//! One line of a seed, parsed into domain values.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

use domain::{
    DisplayName, EmailAddress, Password, PersonName, RoleName, TenantId, Timestamp, UserId,
    Username,
};
use password_hashing::{MIN_PASSWORD_LENGTH, check_policy};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::seed::error::SeedError;
use crate::seed::json::{Json, Name};

/// A member of a line.
#[derive(Clone, Copy)]
enum Member {
    Id,
    Email,
    EmailVerified,
    Username,
    FirstName,
    LastName,
    Name,
    ServiceUser,
    Blocked,
    CreatedAt,
    UpdatedAt,
    LastLogin,
    Password,
    HomeTenant,
    Tenants,
}

impl Member {
    const COUNT: usize = 15;

    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "email" => Self::Email,
            "emailVerified" => Self::EmailVerified,
            "username" => Self::Username,
            "firstName" => Self::FirstName,
            "lastName" => Self::LastName,
            "name" => Self::Name,
            "serviceUser" => Self::ServiceUser,
            "blocked" => Self::Blocked,
            "createdAt" => Self::CreatedAt,
            "updatedAt" => Self::UpdatedAt,
            "lastLogin" => Self::LastLogin,
            "password" => Self::Password,
            "homeTenant" => Self::HomeTenant,
            "tenants" => Self::Tenants,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => "email",
            Self::EmailVerified => "emailVerified",
            Self::Username => "username",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Name => "name",
            Self::ServiceUser => "serviceUser",
            Self::Blocked => "blocked",
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
            Self::LastLogin => "lastLogin",
            Self::Password => "password",
            Self::HomeTenant => "homeTenant",
            Self::Tenants => "tenants",
        }
    }
}

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
    /// The tenants in their order, each with the role.
    pub(super) tenants: Vec<(TenantId, RoleName)>,
}

/// A problem of a line. Its text never contains a value, which may be a secret.
pub(super) struct Problem {
    field: Option<String>,
    text: String,
}

impl Problem {
    pub(super) fn line(text: impl Display) -> Self {
        Self { field: None, text: text.to_string() }
    }

    pub(super) fn field(field: impl Display, text: impl Display) -> Self {
        Self { field: Some(field.to_string()), text: text.to_string() }
    }

    /// Returns the same problem of this field.
    fn in_field(self, field: impl Display) -> Self {
        Self { field: Some(field.to_string()), ..self }
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
        let mut members = Members::parse(text)?;
        let password = members.parsed(Member::Password)?;
        if password.as_ref().is_some_and(|password| check_policy(password).is_err()) {
            let text = format!("must have at least {MIN_PASSWORD_LENGTH} characters");
            return Err(Problem::field("password", text));
        }
        Ok(Self {
            id: members.parsed(Member::Id)?,
            email: members
                .parsed(Member::Email)?
                .ok_or_else(|| Problem::field("email", "is required"))?,
            email_verified: members.flag(Member::EmailVerified)?,
            username: members.parsed(Member::Username)?,
            given_name: members.person_name(Member::FirstName)?,
            family_name: members.person_name(Member::LastName)?,
            display_name: members.parsed(Member::Name)?,
            service_user: members.flag(Member::ServiceUser)?,
            blocked: members.flag(Member::Blocked)?,
            created_at: members.parsed(Member::CreatedAt)?,
            updated_at: members.parsed(Member::UpdatedAt)?,
            last_login: members.parsed(Member::LastLogin)?,
            password,
            home: members.parsed(Member::HomeTenant)?,
            tenants: members.tenants()?,
        })
    }
}

/// The members of one line that are not read yet, each at its position in [`Member`].
#[derive(Default)]
struct Members<'a>([Option<Json<'a>>; Member::COUNT]);

/// A line that is valid JSON. Its own problem is reported only then.
struct JsonLine<'a>(Result<Members<'a>, Problem>);

impl<'a> Members<'a> {
    fn parse(text: &'a str) -> Result<Self, Problem> {
        let line = serde_json::from_str(text).map_err(|error| {
            Problem::line(format_args!("is not JSON, at column {}", error.column()))
        });
        line.and_then(|JsonLine(members)| members)
    }

    fn insert(&mut self, name: &str, value: Json<'a>) -> Result<(), Problem> {
        let Some(member) = Member::from_name(name) else { return Err(unknown(name)) };
        let known = self.0.get_mut(member as usize).and_then(|known| known.replace(value));
        match known {
            None => Ok(()),
            Some(_) => Err(Problem::field(member.name(), "must occur only once")),
        }
    }

    /// Removes and returns the member, unless it is absent or null.
    fn take(&mut self, member: Member) -> Option<Json<'a>> {
        let value = self.0.get_mut(member as usize).and_then(Option::take);
        value.filter(|value| !matches!(value, Json::Null))
    }

    fn text(&mut self, member: Member) -> Result<Option<Cow<'a, str>>, Problem> {
        self.take(member).map(|value| text(member.name(), value)).transpose()
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, member: Member) -> Result<Option<T>, Problem> {
        self.text(member)?.map(|text| parse(member.name(), &text)).transpose()
    }

    /// Reads a first or last name; an empty one is absent.
    fn person_name(&mut self, member: Member) -> Result<Option<PersonName>, Problem> {
        let text = self.text(member)?.filter(|text| !text.is_empty());
        text.map(|text| parse(member.name(), &text)).transpose()
    }

    fn flag(&mut self, member: Member) -> Result<bool, Problem> {
        match self.take(member) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(flag),
            Some(Json::Null | Json::Text(_) | Json::Object(_) | Json::Other) => {
                Err(Problem::field(member.name(), "must be true or false"))
            }
        }
    }

    fn tenants(&mut self) -> Result<Vec<(TenantId, RoleName)>, Problem> {
        let list = match self.take(Member::Tenants) {
            None => Vec::new(),
            Some(Json::Object(list)) => list,
            Some(Json::Null | Json::Bool(_) | Json::Text(_) | Json::Other) => {
                return Err(Problem::field("tenants", "must be an object"));
            }
        };
        let mut tenants: Vec<(TenantId, RoleName)> = Vec::with_capacity(list.len());
        for (Name(tenant), role) in list {
            let tenant: TenantId = tenant
                .parse()
                .map_err(|error| Problem::field("tenants", format_args!("a tenant id {error}")))?;
            let of_tenant = |problem: Problem| problem.in_field(format_args!("tenants.{tenant}"));
            let role = text("", role).and_then(|text| parse("", &text)).map_err(of_tenant)?;
            match tenants.binary_search_by(|(earlier, _)| earlier.cmp(&tenant)) {
                Ok(_) => return Err(of_tenant(Problem::line("must occur only once"))),
                Err(position) => tenants.insert(position, (tenant, role)),
            }
        }
        Ok(tenants)
    }
}

impl<'de> Deserialize<'de> for JsonLine<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LineVisitor)
    }
}

/// Reads the members of an object, without a list of them.
struct LineVisitor;

impl<'de> LineVisitor {
    fn not_an_object() -> JsonLine<'de> {
        JsonLine(Err(Problem::line("must be a JSON object")))
    }
}

impl<'de> Visitor<'de> for LineVisitor {
    type Value = JsonLine<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Ok(Members::default());
        while let Some((Name(name), value)) = map.next_entry()? {
            if let Ok(known) = &mut members
                && let Err(problem) = known.insert(&name, value)
            {
                members = Err(problem);
            }
        }
        Ok(JsonLine(members))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Self::not_an_object())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Self::not_an_object())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Self::not_an_object())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Self::not_an_object())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Self::not_an_object())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Self::not_an_object())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::not_an_object())
    }
}

fn text<'a>(field: &str, value: Json<'a>) -> Result<Cow<'a, str>, Problem> {
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
