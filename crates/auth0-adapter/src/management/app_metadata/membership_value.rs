//! The values of a membership's keys.

use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use domain::{Attachment, Membership, Timestamp};
use serde_json::{Value, json};

use crate::management::wire::JsonValue;

/// The value of the membership's own key.
#[derive(Debug)]
pub(super) struct StoredMembership<'a> {
    pub(super) role: &'a str,
    pub(super) attachment: Option<Attachment>,
    /// The display name, where an older version stored it.
    pub(super) name: Option<&'a str>,
}

impl<'a> StoredMembership<'a> {
    /// Reads the value. One whose `m` cannot be read is no membership: as one without `m`, it would
    /// need less proof.
    pub(super) fn parse(value: &'a JsonValue<'_>) -> Option<Self> {
        let attachment = match value.get("m") {
            None | Some(JsonValue::Null) => None,
            Some(attachment) => Some(parse_attachment(attachment.as_str()?)?),
        };
        Some(Self {
            role: value.get("role")?.as_str()?,
            attachment,
            name: value.get("name").and_then(JsonValue::as_str),
        })
    }
}

fn parse_attachment(text: &str) -> Option<Attachment> {
    let mut parts = text.splitn(3, ' ');
    let mut part = || parts.next();
    Some(Attachment {
        id: part()?.parse().ok()?,
        since: part()?.parse().ok()?,
        email: part()?.parse().ok()?,
    })
}

/// Returns the value of the membership's own key with this role, and this name beside it if it is
/// one of an older version.
pub(super) fn membership_value(
    role: &domain::Role,
    attachment: Option<&Attachment>,
    name: Option<&str>,
) -> Value {
    let role = role.name().as_str();
    match (attachment, name) {
        (Some(Attachment { id, since, email }), _) => {
            json!({ "role": role, "m": format!("{id} {since} {}", email.as_str()) })
        }
        (None, Some(name)) => json!({ "role": role, "name": name }),
        (None, None) => json!({ "role": role }),
    }
}

/// What limits a membership in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct StoredLife {
    pub(super) suspended: bool,
    pub(super) expires_at: Option<Timestamp>,
}

impl StoredLife {
    /// Reads `s=0 e=2027-01-01T00:00:00.000Z`. Whatever cannot be read suspends.
    pub(super) fn parse(text: &str) -> Self {
        let read = || {
            let (suspended, end) = text.split_once(' ')?;
            let suspended = match suspended.strip_prefix("s=")? {
                "0" => false,
                "1" => true,
                _ => return None,
            };
            let expires_at = match end.strip_prefix("e=")? {
                "" => None,
                end => Some(end.parse().ok()?),
            };
            Some(Self { suspended, expires_at })
        };
        read().unwrap_or(Self { suspended: true, expires_at: None })
    }

    pub(super) fn of(membership: &Membership) -> Option<Self> {
        let Membership { suspended, expires_at, .. } = *membership;
        let life = Self { suspended, expires_at };
        (life != Self::default()).then_some(life)
    }
}

impl fmt::Display for StoredLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s={} e=", u8::from(self.suspended))?;
        self.expires_at.map_or(Ok(()), |end| write!(f, "{end}"))
    }
}

/// Splits `<id> <text>`.
pub(super) fn tagged_text<'a>(value: &'a JsonValue<'_>) -> Option<(&'a str, &'a str)> {
    value.as_str()?.split_once(' ')
}

/// The id that a name key bears to count for a membership.
///
/// It is the membership's own id. A membership of an older version has none; there it is `-`, and
/// the digest of the name beside its role if there is one. A later rename by an older version,
/// which writes that name, thus prevails over the key, while its change of role, which repeats the
/// name, does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameId {
    text: String,
    /// Whether any membership's own id matches as well: an older version has changed the role of a
    /// membership with an id, and dropped the id.
    is_lost: bool,
}

impl NameId {
    /// Returns the id for a membership with this name beside its role.
    pub(super) fn of(attachment: Option<&Attachment>, name: Option<&str>) -> Self {
        let text = match (attachment, name) {
            (Some(attachment), _) => attachment.id.as_str().to_owned(),
            (None, None) => Self::OLDER.to_owned(),
            (None, Some(name)) => {
                let mut text = Self::OLDER.to_owned();
                for byte in digest(&SHA256, name.as_bytes()).as_ref().iter().take(8) {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{byte:02x}");
                }
                text
            }
        };
        Self { text, is_lost: attachment.is_none() && name.is_none() }
    }

    /// Returns the id for a membership with this value of its own key.
    pub(crate) fn of_value(value: Option<&JsonValue<'_>>) -> Option<Self> {
        let StoredMembership { attachment, name, .. } = StoredMembership::parse(value?)?;
        Some(Self::of(attachment.as_ref(), name))
    }

    /// Returns the id for a membership of an older version without a name beside its role.
    pub(crate) fn without_name() -> Self {
        Self::of(None, None)
    }

    const OLDER: &str = "-";

    /// Whether a name key with this id counts.
    pub(super) fn matches(&self, id: &str) -> bool {
        id == self.text || (self.is_lost && !id.starts_with(Self::OLDER))
    }
}

impl From<&Attachment> for NameId {
    fn from(attachment: &Attachment) -> Self {
        Self::of(Some(attachment), None)
    }
}

impl fmt::Display for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
