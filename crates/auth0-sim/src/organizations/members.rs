//! `/api/v2/organizations/{id}/members` and `/api/v2/users/{id}/organizations`.
//!
//! Documented: five fields at most, ten members in one request, the lag. Observed: both variants of
//! the last page by checkpoint, `total: 0` in a user's organizations. Assumed: adding a member
//! again and removing a non-member succeed; the status for more than ten members and for an unknown
//! user (both are switches).

use serde_json::{Map, Value};

use super::store::{Membership, Organization, not_found, organization_json};
use crate::clock::iso_timestamp;
use crate::http::error::ApiError;
use crate::http::id_list::id_list;
use crate::http::paging::{PagedList, Paging};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

/// The maximum number of members added in one request.
const MAX_MEMBERS_PER_REQUEST: usize = 10;
/// The fields of a member. Without the parameter `fields`, all but the roles are returned.
const FIELDS: [&str; 5] = ["user_id", "email", "name", "picture", "roles"];

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let paging =
        Paging::from_request(request, state.switches.max_per_page, &["fields", "include_fields"])?;
    let fields = fields(request)?;
    if fields.contains(&"roles") && !request.has_scope("read:organization_member_roles") {
        return Err(ApiError::insufficient_scope(&["read:organization_member_roles"]));
    }
    let organization = state.organizations.0.get(request.param(0)).ok_or_else(not_found)?;
    let lag = i64::try_from(state.switches.member_lag_millis).unwrap_or(i64::MAX);
    // Ordered by the time of addition, then by id (observed in checkpoints).
    let mut items: Vec<(String, &str)> = organization
        .members
        .iter()
        .filter(|member| member.is_listed(now, lag))
        .map(|member| {
            (format!("{}UTC,{}", iso_timestamp(member.added_at), member.user_id), &*member.user_id)
        })
        .collect();
    items.sort();
    let (users, roles) = (&state.users, &state.roles);
    let member_json = |id: &str| {
        let user = users.get_json(id).unwrap_or_default();
        let mut member = Map::new();
        for field in &fields {
            let value = match *field {
                "user_id" => Some(id.into()),
                "roles" => Some(roles.role_summaries(organization.roles.get(id))),
                other => user.get(other).cloned(),
            };
            if let Some(value) = value {
                member.insert((*field).to_owned(), value);
            }
        }
        member.into()
    };
    let mut listed = PagedList::new("members", items);
    listed.next_after_last = state.switches.members_next_quirk;
    listed.respond(&paging, &mut state.checkpoints, now, member_json)
}

fn fields(request: &Request) -> Result<Vec<&'static str>, ApiError> {
    let Some(requested) = request.query("fields") else {
        return Ok(FIELDS.into_iter().filter(|field| *field != "roles").collect());
    };
    let requested: Vec<&str> = requested.split(',').collect();
    if let Some(unknown) = requested.iter().find(|field| !FIELDS.contains(field)) {
        return Err(ApiError::invalid_query(format!(
            "Query validation error: 'String does not match pattern' on property fields ({unknown})."
        )));
    }
    let include = request.query("include_fields") != Some("false");
    let is_selected = |field: &&str| requested.contains(field) == include;
    Ok(FIELDS.into_iter().filter(is_selected).collect())
}

pub(crate) fn add(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let users = id_list(request, "members")?;
    if users.len() > MAX_MEMBERS_PER_REQUEST {
        let message = format!(
            "Payload validation error: 'Too many items' on property members ({MAX_MEMBERS_PER_REQUEST})."
        );
        let status = state.switches.too_many_members_status;
        return Err(ApiError::new(status, message, "invalid_body"));
    }
    let organization = state.organizations.0.get_mut(request.param(0)).ok_or_else(not_found)?;
    if users.iter().any(|id| state.users.get_json(id).is_none()) {
        let status = state.switches.unknown_member_status;
        return Err(ApiError::new(status, "One or more users do not exist.", "inexistent_user"));
    }
    for user_id in users {
        if !organization.members.iter().any(|member| member.is_current(&user_id)) {
            organization.members.push(Membership { user_id, added_at: now, removed_at: None });
        }
    }
    Ok(Response::no_content())
}

pub(crate) fn remove(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let users = id_list(request, "members")?;
    let organization = state.organizations.find_mut(request.param(0))?;
    for member in &mut organization.members {
        if member.removed_at.is_none() && users.contains(&member.user_id) {
            member.removed_at = Some(now);
        }
    }
    organization.roles.retain(|user_id, _| !users.contains(user_id));
    Ok(Response::no_content())
}

/// Handles `GET /api/v2/users/{id}/organizations`.
pub(crate) fn list_user_organizations(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let paging = Paging::from_request(request, state.switches.max_per_page, &[])?;
    let user_id = request.param(0);
    if state.users.get_json(user_id).is_none() {
        return Err(ApiError::inexistent_user());
    }
    let organizations = &state.organizations;
    let items: Vec<(String, (&str, &Organization))> = organizations
        .ids_of_user(user_id)
        .into_iter()
        .filter_map(|id| Some((id.to_owned(), (id, organizations.0.get(id)?))))
        .collect();
    let mut listed = PagedList::new("organizations", items);
    listed.report_zero_total = state.switches.wrong_organizations_total;
    let organization_view = |(id, organization): (&str, &Organization)| -> Value {
        organization_json(id, organization)
    };
    listed.respond(&paging, &mut state.checkpoints, now, organization_view)
}
