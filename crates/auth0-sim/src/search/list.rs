//! `GET /api/v2/users`.
//!
//! Documented: a search that times out is 503, a URI that is too long is 414. Assumed: the limit of
//! 8 KiB.

use serde_json::{Map, Value};

use super::error::UnsupportedQuery;
use super::page::{FIELDS_PARAM, INCLUDE_FIELDS_PARAM, Page, Projection};
use super::query::Query;
use super::sort::{Sort, TieOrder, sorted};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{Param, ParamRule, check_query, invalid_param};
use crate::state::State;

/// The maximum length of path and query.
const MAX_TARGET: usize = 8192;

const SORT: Param = Param {
    name: "sort",
    rule: ParamRule::Text,
    description: "Field to sort by. Use field:order where order is 1 for ascending and -1 for descending. e.g. created_at:1",
};
const Q: Param = Param {
    name: "q",
    rule: ParamRule::Text,
    description: "Query in Lucene query string syntax. Some query types cannot be used on metadata fields.",
};
const PARAMS: &[Param] = &[
    Param {
        name: "page",
        rule: ParamRule::Number(0, u64::MAX),
        description: "Page index of the results to return. First page is 0.",
    },
    Param {
        name: "per_page",
        rule: ParamRule::Number(0, 100),
        description: "Number of results per page.",
    },
    Param {
        name: "include_totals",
        rule: ParamRule::Flag,
        description: "Return results inside an object that contains the total result count (true) or as a direct array of results (false, default).",
    },
    SORT,
    Param {
        name: "connection",
        rule: ParamRule::Text,
        description: "Connection filter. Only applies when using search_engine=v1.",
    },
    FIELDS_PARAM,
    INCLUDE_FIELDS_PARAM,
    Q,
    Param {
        name: "search_engine",
        rule: ParamRule::OneOf(&["v3"]),
        description: "The version of the search engine.",
    },
    Param {
        name: "primary_order",
        rule: ParamRule::Flag,
        description: "If true (default), results are returned in a deterministic order. If false, results may be returned in a non-deterministic order, which can enhance performance for complex queries targeting a small number of users.",
    },
];

/// Handles `GET /api/v2/users`.
pub(crate) fn list_users(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    if request.target.len() > MAX_TARGET {
        return Err(ApiError::bare(414, "Request-URI Too Large"));
    }
    check_query(request, PARAMS)?;
    let sort = request
        .query("sort")
        .map(|sort| Sort::parse(sort).map_err(|what| invalid_param(&what, &SORT)))
        .transpose()?;
    let page = Page::from_request(request, &state.switches)?;
    let query = Query::parse(request.query("q").unwrap_or(""))
        .map_err(|UnsupportedQuery(why)| invalid_param(&why, &Q))?;
    if state.switches.slow_search {
        return Err(ApiError::bare(
            503,
            "The query exceeded the timeout. Please try refining your search criteria. See https://auth0.com/docs/best-practices/search-best-practices.",
        ));
    }
    let tie_order =
        if state.switches.unstable_ties || request.query("primary_order") == Some("false") {
            TieOrder::Shuffled(state.users.next_search_number())
        } else {
            TieOrder::Stable
        };
    let organizations = &state.organizations;
    let is_member =
        |user: &str, organization: &str| organizations.is_member(user, organization, now);
    let matching: Vec<&Map<String, Value>> = state
        .users
        .searchable(now, state.switches.search_lag_millis)
        .filter(|user| query.matches(user, &is_member))
        .collect();
    let matching = sorted(matching, sort, tie_order);
    let body = page.to_json(&matching, &Projection::from_request(request), &state.switches);
    Ok(Response::json(200, &body))
}
