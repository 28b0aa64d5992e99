//! `/api/v2/organizations`.
//!
//! Documented: the members of an organization, the limits, that lists and members lag. Observed:
//! the 404 without `errorCode`, status 201 and 204. Assumed: the text for a duplicate name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::store::{Organization, not_found, organization_json};
use crate::clock::iso_timestamp;
use crate::crypto::random_id;
use crate::http::error::ApiError;
use crate::http::paging::{PagedList, Paging};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let paging = Paging::from_request(request, state.switches.max_per_page, &["sort"])?;
    let mut items: Vec<(String, (&String, &Organization))> = Vec::new();
    for (id, organization) in &state.organizations.0 {
        let key = match sort_field(request)? {
            "display_name" => organization.display_name.clone().unwrap_or_default(),
            "created_at" => iso_timestamp(organization.created_at),
            _ => organization.name.clone(),
        };
        items.push((format!("{key},{id}"), (id, organization)));
    }
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    // A checkpoint continues after its key, which works in ascending order only.
    if request.query("sort").is_some_and(|sort| sort.ends_with(":-1"))
        && matches!(paging, Paging::Offset { .. })
    {
        items.reverse();
    }
    let list = PagedList::new("organizations", items);
    list.respond(&paging, &mut state.checkpoints, now, |(id, organization)| {
        organization_json(id, organization)
    })
}

fn sort_field(request: &Request) -> Result<&str, ApiError> {
    let Some(sort) = request.query("sort") else { return Ok("name") };
    let field = sort.strip_suffix(":1").or_else(|| sort.strip_suffix(":-1"));
    field.filter(|field| ["name", "display_name", "created_at"].contains(field)).ok_or_else(|| {
        let message = "Query validation error: 'String does not match pattern' on property sort.";
        ApiError::invalid_query(message)
    })
}

pub(crate) fn create(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let body = request.json_object()?;
    let mut organization = Organization {
        name: String::new(),
        display_name: None,
        branding: None,
        metadata: None,
        created_at: now,
        members: Vec::new(),
        roles: BTreeMap::new(),
    };
    if !body.contains_key("name") {
        let message = "Payload validation error: 'Missing required property: name'.";
        return Err(ApiError::invalid_body(message));
    }
    apply_body(&mut organization, body)?;
    if state.organizations.is_name_taken(&organization.name, "") {
        return Err(name_conflict());
    }
    let id = random_id("org_")?;
    let body = organization_json(&id, &organization);
    state.organizations.0.insert(id, organization);
    Ok(Response::json(201, &body))
}

pub(crate) fn by_name(state: &mut State, request: &Request, _: i64) -> Result<Response, ApiError> {
    let name = request.param(0);
    let entry = state.organizations.0.iter().find(|(_, organization)| organization.name == name);
    let (id, organization) = entry.ok_or_else(not_found)?;
    Ok(Response::json(200, &organization_json(id, organization)))
}

pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Response, ApiError> {
    let id = request.param(0);
    Ok(Response::json(200, &organization_json(id, state.organizations.find_mut(id)?)))
}

pub(crate) fn patch(state: &mut State, request: &Request, _now: i64) -> Result<Response, ApiError> {
    let id = request.param(0);
    let body = request.json_object()?;
    state.organizations.find_mut(id)?;
    if let Some(Value::String(name)) = body.get("name")
        && state.organizations.is_name_taken(name, id)
    {
        return Err(name_conflict());
    }
    let organization = state.organizations.find_mut(id)?;
    apply_body(organization, body)?;
    Ok(Response::json(200, &organization_json(id, organization)))
}

pub(crate) fn delete(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    state.organizations.0.remove(request.param(0)).ok_or_else(not_found)?;
    Ok(Response::no_content())
}

/// Copies the body into the organization. Unknown properties are rejected.
fn apply_body(organization: &mut Organization, body: Map<String, Value>) -> Result<(), ApiError> {
    let reject = |what: &str, name: &str| {
        let message = format!("Payload validation error: '{what}' on property {name}.");
        Err(ApiError::invalid_body(message))
    };
    for (member, value) in body {
        match (member.as_str(), value) {
            ("name", Value::String(name)) => {
                let is_allowed =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
                if name.is_empty() || name.len() > 50 || !name.chars().all(is_allowed) {
                    return reject("String does not match pattern", "name");
                }
                organization.name = name;
            }
            ("display_name", Value::String(text)) => organization.display_name = Some(text),
            ("branding", value @ Value::Object(_)) => organization.branding = Some(value),
            ("metadata", Value::Object(members)) => {
                if members.len() > 25 {
                    return reject("Object has too many properties", "metadata");
                }
                organization.metadata = Some(members.into());
            }
            ("enabled_connections", Value::Array(_)) => {}
            ("name" | "display_name", _) => return reject("Expected type string", &member),
            ("branding" | "metadata", _) => return reject("Expected type object", &member),
            _ => {
                let message = format!(
                    "Payload validation error: 'Additional properties not allowed: {member}'."
                );
                return Err(ApiError::invalid_body(message));
            }
        }
    }
    Ok(())
}

fn name_conflict() -> ApiError {
    let message = "An organization with this name already exists.";
    ApiError::new(409, message, "organization_conflict")
}
