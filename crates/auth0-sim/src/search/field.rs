//! The searchable fields and their properties.

use super::error::UnsupportedQuery;

/// How the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name of a user: case-insensitive, and an unquoted word matches a word inside.
    Name,
    /// An e-mail address or its domain: case-insensitive.
    Email,
    /// Case-sensitive text.
    Exact,
    Flag,
    Number,
    Date,
    /// Any JSON value: case-sensitive text, numbers, flags.
    Json,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldSource {
    /// A path in the profile. Arrays on the path are searched element by element.
    Path(Vec<String>),
    /// The part of the e-mail address after the `@`.
    EmailDomain,
    /// The organizations that the user is a member of.
    Organization,
}

/// A searchable field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate rule in the docs")]
pub(crate) struct Field {
    pub(crate) source: FieldSource,
    pub(crate) kind: Kind,
    /// Whether ranges (`[a TO b]`) are supported.
    pub(crate) ranges: bool,
    /// Whether wildcards (`a*`) are supported.
    pub(crate) wildcards: bool,
    /// Whether `*` alone is supported, which tests for a value.
    pub(crate) existence: bool,
    /// Whether values can be compared, and not only tested for existence.
    pub(crate) has_values: bool,
}

/// The root fields with values. Documented.
const ROOT: [(&str, Kind); 16] = [
    ("user_id", Kind::Exact),
    ("email", Kind::Email),
    ("email_verified", Kind::Flag),
    ("username", Kind::Exact),
    ("name", Kind::Name),
    ("given_name", Kind::Name),
    ("family_name", Kind::Name),
    ("nickname", Kind::Name),
    ("phone_number", Kind::Exact),
    ("phone_verified", Kind::Flag),
    ("created_at", Kind::Date),
    ("updated_at", Kind::Date),
    ("last_login", Kind::Date),
    ("last_ip", Kind::Exact),
    ("logins_count", Kind::Number),
    ("blocked", Kind::Flag),
];

/// The fields that a term without a field is compared with. Documented: `user_metadata` is not
/// among them. The rest is assumed.
const DEFAULT: [&str; 8] = [
    "email",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "username",
    "user_id",
    "phone_number",
];

impl Field {
    /// Returns the field with this name, if it is searchable.
    pub(crate) fn named(name: &str) -> Result<Self, UnsupportedQuery> {
        if let Some((_, kind)) = ROOT.iter().find(|(root, _)| *root == name) {
            return Ok(Self::root(name, *kind));
        }
        let special = |source, kind, existence| Self {
            source,
            kind,
            ranges: false,
            wildcards: existence,
            existence,
            has_values: true,
        };
        match name {
            "email.domain" => return Ok(special(FieldSource::EmailDomain, Kind::Email, true)),
            "organization_id" => return Ok(special(FieldSource::Organization, Kind::Exact, false)),
            _ => {}
        }
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        let root = path.first().map_or("", String::as_str);
        let nested = path.len() > 1 && path.iter().all(|key| !key.is_empty());
        let whole = path.len() == 1;
        match root {
            "identities" | "app_metadata" | "user_metadata" if nested || whole => Ok(Self {
                ranges: false,
                wildcards: root != "user_metadata",
                existence: root != "user_metadata",
                has_values: nested,
                source: FieldSource::Path(path),
                kind: Kind::Json,
            }),
            _ => Err(UnsupportedQuery(format!("field '{name}' is not searchable"))),
        }
    }

    /// Returns the fields that a term without a field is compared with.
    pub(crate) fn defaults() -> Vec<Self> {
        ROOT.iter()
            .filter(|(name, _)| DEFAULT.contains(name))
            .map(|(name, kind)| Self::root(name, *kind))
            .collect()
    }

    fn root(name: &str, kind: Kind) -> Self {
        Self {
            source: FieldSource::Path(vec![name.to_owned()]),
            kind,
            ranges: kind != Kind::Flag,
            wildcards: matches!(kind, Kind::Name | Kind::Email | Kind::Exact),
            existence: true,
            has_values: true,
        }
    }
}
