//! Pages of search results, and the projection of profiles.
//!
//! Documented: `page` from 0, `per_page` from 0 to 100 with 50 as default, an array, or with
//! `include_totals` an object that also has `length`; nothing past the first thousand records.
//! Observed: the text of that error, that it depends on the requested window, and that `total`
//! stops at 1000. Contradictory, hence a switch: whether `per_page` stops at 50 or at 100.

use serde_json::{Map, Value, json};

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::validation::{Param, ParamRule};
use crate::switches::Switches;

/// The members that `fields` may name. Documented.
pub(crate) const FIELDS: &[&str] = &[
    "phone_number",
    "email",
    "email_verified",
    "picture",
    "username",
    "user_id",
    "name",
    "nickname",
    "created_at",
    "identities",
    "app_metadata",
    "user_metadata",
    "last_ip",
    "last_login",
    "logins_count",
    "updated_at",
    "blocked",
    "family_name",
    "given_name",
];

/// The parameter `fields`.
pub(crate) const FIELDS_PARAM: Param = Param {
    name: "fields",
    rule: ParamRule::Names(FIELDS),
    description: "Comma-separated list of fields to include or exclude (based on value provided for include_fields) in the result. Leave empty to retrieve all fields.",
};
/// The parameter `include_fields`.
pub(crate) const INCLUDE_FIELDS_PARAM: Param = Param {
    name: "include_fields",
    rule: ParamRule::Flag,
    description: "Whether specified fields are to be included (true) or excluded (false).",
};

const WINDOW: &str = "You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation";

/// The requested page. The request has been validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    start: u64,
    limit: u64,
    totals: bool,
}

impl Page {
    pub(crate) fn from_request(request: &Request, switches: &Switches) -> Result<Self, ApiError> {
        let number = |name, default| {
            request.query(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(default)
        };
        let limit = number("per_page", 50).min(switches.max_per_page);
        let start = number("page", 0).saturating_mul(limit);
        let window = u64::try_from(switches.search_window).unwrap_or(u64::MAX);
        if start.saturating_add(limit) > window {
            return Err(ApiError::new(400, WINDOW, "invalid_paging"));
        }
        Ok(Self { start, limit, totals: request.query("include_totals") == Some("true") })
    }

    /// Returns the body with this page of the results.
    pub(crate) fn to_json(
        self,
        matching: &[&Map<String, Value>],
        projection: &Projection,
        switches: &Switches,
    ) -> Value {
        let offset = usize::try_from(self.start).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let users: Vec<Value> =
            matching.iter().skip(offset).take(limit).map(|user| projection.apply(user)).collect();
        if !self.totals {
            return Value::Array(users);
        }
        let total = if switches.cap_total {
            matching.len().min(switches.search_window)
        } else {
            matching.len()
        };
        json!({
            "start": self.start,
            "limit": self.limit,
            "length": users.len(),
            "users": users,
            "total": total,
        })
    }
}

/// The members of a profile to return.
#[derive(Debug)]
pub(crate) struct Projection {
    fields: Vec<String>,
    include: bool,
}

impl Projection {
    /// Reads `fields` and `include_fields`. The request has been validated.
    pub(crate) fn from_request(request: &Request) -> Self {
        let fields = request.query("fields").unwrap_or("");
        Self {
            fields: fields
                .split(',')
                .map(|field| field.trim().to_owned())
                .filter(|field| !field.is_empty())
                .collect(),
            include: request.query("include_fields") != Some("false"),
        }
    }

    pub(crate) fn apply(&self, user: &Map<String, Value>) -> Value {
        let is_shown =
            |name: &String| self.fields.is_empty() || self.fields.contains(name) == self.include;
        let members = user.iter().filter(|(name, _)| is_shown(name));
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}
