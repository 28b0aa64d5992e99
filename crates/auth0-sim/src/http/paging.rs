//! Pages by offset and by checkpoint, used by every list except that of users.
//!
//! Documented: page sizes, the checkpoint's lifetime of 24 hours, the members of a page (no
//! `length` here). Observed: the format of a checkpoint, the error past the 1000th record.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;

/// The lifetime of a checkpoint.
const CHECKPOINT_LIFETIME_MILLIS: i64 = 86_400_000;

/// The requested page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Paging {
    Offset { page: usize, per_page: usize, include_totals: bool },
    Checkpoint { from: Option<String>, take: usize },
}

impl Paging {
    /// Parses the query. Parameters other than paging ones and `other_params` are rejected.
    pub(crate) fn from_request(
        request: &Request,
        max: u64,
        other_params: &[&str],
    ) -> Result<Self, ApiError> {
        const PAGING_PARAMS: [&str; 5] = ["page", "per_page", "include_totals", "from", "take"];
        let unknown = |(name, _): &&(String, String)| {
            !PAGING_PARAMS.contains(&name.as_str()) && !other_params.contains(&name.as_str())
        };
        if let Some((name, _)) = request.query.iter().find(unknown) {
            return Err(ApiError::invalid_query(format!(
                "Query validation error: 'Additional properties not allowed: {name}'."
            )));
        }
        if request.query("from").is_some() || request.query("take").is_some() {
            let take = number(request, "take", 1, 100, 50)?;
            let from = request.query("from").map(str::to_owned);
            return Ok(Self::Checkpoint { from, take });
        }
        let page = number(request, "page", 0, 1_000_000, 0)?;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let per_page = number(request, "per_page", 1, 100, 50)?.min(max);
        let include_totals = match request.query("include_totals") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                return Err(ApiError::invalid_query(
                    "Query validation error: 'Expected type boolean' on property include_totals.",
                ));
            }
        };
        Ok(Self::Offset { page, per_page, include_totals })
    }
}

/// A list of which one page is returned.
pub(crate) struct PagedList<T> {
    /// The name of the list's member in responses that are objects.
    pub(crate) name: &'static str,
    /// All items in order, each with the key that a checkpoint encodes.
    pub(crate) items: Vec<(String, T)>,
    /// Whether the last non-empty page has a `next`.
    pub(crate) next_after_last: bool,
    /// Whether `total` is reported as 0.
    pub(crate) report_zero_total: bool,
}

impl<T> PagedList<T> {
    pub(crate) fn new(name: &'static str, items: Vec<(String, T)>) -> Self {
        Self { name, items, next_after_last: false, report_zero_total: false }
    }

    /// Returns the requested page. `view` is called for the items of this page only.
    pub(crate) fn respond(
        self,
        paging: &Paging,
        checkpoints: &mut Checkpoints,
        now: i64,
        view: impl Fn(T) -> Value,
    ) -> Result<Response, ApiError> {
        let total = self.items.len();
        let body = match paging {
            Paging::Offset { page, per_page, include_totals } => {
                let start = page.saturating_mul(*per_page);
                if start.saturating_add(*per_page) > 1_000 {
                    let message = "Requesting page exceeds the allowed maximum of 1000 records.";
                    return Err(ApiError::new(400, message, "invalid_paging"));
                }
                let part = self.items.into_iter().skip(start).take(*per_page);
                let items: Vec<Value> = part.map(|(_, item)| view(item)).collect();
                if *include_totals {
                    let total = if self.report_zero_total { 0 } else { total };
                    let mut body = json!({"start": start, "limit": per_page, "total": total});
                    if let Some(members) = body.as_object_mut() {
                        members.insert(self.name.to_owned(), items.into());
                    }
                    body
                } else {
                    items.into()
                }
            }
            Paging::Checkpoint { from, take } => {
                let after = from.as_deref().map(|from| checkpoints.read(from, now)).transpose()?;
                let mut rest = self
                    .items
                    .into_iter()
                    .skip_while(|(key, _)| after.as_ref().is_some_and(|after| key <= after))
                    .peekable();
                let mut last = None;
                let mut items = Vec::new();
                while let Some((key, item)) = rest.next_if(|_| items.len() < *take) {
                    items.push(view(item));
                    last = Some(key);
                }
                let mut body = Map::new();
                let has_more = rest.peek().is_some() || self.next_after_last;
                if let Some(last) = last.filter(|_| has_more) {
                    body.insert("next".to_owned(), checkpoints.issue(&last, now).into());
                }
                body.insert(self.name.to_owned(), items.into());
                body.into()
            }
        };
        Ok(Response::json(200, &body))
    }
}

/// The checkpoints that have been issued.
#[derive(Default)]
pub(crate) struct Checkpoints(HashMap<String, i64>);

impl Checkpoints {
    fn issue(&mut self, key: &str, now: i64) -> String {
        let text = STANDARD.encode(key);
        self.0.insert(text.clone(), now);
        text
    }

    fn read(&self, text: &str, now: i64) -> Result<String, ApiError> {
        let is_valid =
            self.0.get(text).is_some_and(|issued| now < issued + CHECKPOINT_LIFETIME_MILLIS);
        let key = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        key.filter(|_| is_valid).ok_or_else(|| {
            ApiError::invalid_query("Query validation error: 'Invalid cursor' on property from.")
        })
    }
}

fn number(
    request: &Request,
    name: &str,
    min: usize,
    max: usize,
    default: usize,
) -> Result<usize, ApiError> {
    let Some(text) = request.query(name) else { return Ok(default) };
    let invalid = |what: String| {
        ApiError::invalid_query(format!("Query validation error: '{what}' on property {name}."))
    };
    let number: usize = text
        .parse()
        .map_err(|_| invalid("Expected type integer but found type string".to_owned()))?;
    if number < min {
        return Err(invalid(format!("Value {number} is less than minimum {min}")));
    }
    if number > max {
        return Err(invalid(format!("Value {number} is greater than maximum {max}")));
    }
    Ok(number)
}
