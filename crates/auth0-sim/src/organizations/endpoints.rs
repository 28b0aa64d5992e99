//! `/api/v2/organizations`.
//!
//! Documented: the members of an organization, the limits, that lists and members lag. Observed:
//! the 404 without `errorCode`, status 201 and 204. Assumed: the text of a name that is taken.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::store::{Organization, missing, shown};
use crate::clock::iso;
use crate::crypto::random_id;
use crate::http::error::ApiError;
use crate::http::paging::{Listed, Paging};
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::state::State;

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let paging = Paging::read(request, state.switches.max_per_page, &["sort"])?;
    let mut items: Vec<(String, (&String, &Organization))> = Vec::new();
    for (id, one) in &state.organizations.0 {
        let key = match sort_field(request)? {
            "display_name" => one.display_name.clone().unwrap_or_default(),
            "created_at" => iso(one.created_at),
            _ => one.name.clone(),
        };
        items.push((format!("{key},{id}"), (id, one)));
    }
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    // A checkpoint goes on behind its key, which only works upwards.
    if request.query("sort").is_some_and(|sort| sort.ends_with(":-1"))
        && matches!(paging, Paging::Offset { .. })
    {
        items.reverse();
    }
    let listed = Listed::new("organizations", items);
    listed.answer(&paging, &mut state.cursors, now, |(id, one)| shown(id, one))
}

fn sort_field(request: &Request) -> Result<&str, ApiError> {
    let Some(sort) = request.query("sort") else { return Ok("name") };
    let field = sort.strip_suffix(":1").or_else(|| sort.strip_suffix(":-1"));
    field.filter(|field| ["name", "display_name", "created_at"].contains(field)).ok_or_else(|| {
        let message = "Query validation error: 'String does not match pattern' on property sort.";
        ApiError::invalid_query(message)
    })
}

pub(crate) fn create(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
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
    change(&mut organization, body)?;
    if state.organizations.is_taken(&organization.name, "") {
        return Err(taken());
    }
    let id = random_id("org_")?;
    let body = shown(&id, &organization);
    state.organizations.0.insert(id, organization);
    Ok(Answer::json(201, &body))
}

pub(crate) fn by_name(state: &mut State, request: &Request, _: i64) -> Result<Answer, ApiError> {
    let name = request.param(0);
    let found = state.organizations.0.iter().find(|(_, one)| one.name == name);
    let (id, one) = found.ok_or_else(missing)?;
    Ok(Answer::json(200, &shown(id, one)))
}

pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    Ok(Answer::json(200, &shown(id, state.organizations.get(id)?)))
}

pub(crate) fn patch(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    let body = request.json_object()?;
    state.organizations.get(id)?;
    if let Some(Value::String(name)) = body.get("name")
        && state.organizations.is_taken(name, id)
    {
        return Err(taken());
    }
    let organization = state.organizations.get(id)?;
    change(organization, body)?;
    Ok(Answer::json(200, &shown(id, organization)))
}

pub(crate) fn delete(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    state.organizations.0.remove(request.param(0)).ok_or_else(missing)?;
    Ok(Answer::no_content())
}

/// Takes over what a body says; nothing else may be in it.
fn change(organization: &mut Organization, body: Map<String, Value>) -> Result<(), ApiError> {
    let refused = |what: &str, name: &str| {
        let message = format!("Payload validation error: '{what}' on property {name}.");
        Err(ApiError::invalid_body(message))
    };
    for (member, value) in body {
        match (member.as_str(), value) {
            ("name", Value::String(name)) => {
                let fits =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
                if name.is_empty() || name.len() > 50 || !name.chars().all(fits) {
                    return refused("String does not match pattern", "name");
                }
                organization.name = name;
            }
            ("display_name", Value::String(text)) => organization.display_name = Some(text),
            ("branding", value @ Value::Object(_)) => organization.branding = Some(value),
            ("metadata", Value::Object(members)) => {
                if members.len() > 25 {
                    return refused("Object has too many properties", "metadata");
                }
                organization.metadata = Some(members.into());
            }
            ("enabled_connections", Value::Array(_)) => {}
            ("name" | "display_name", _) => return refused("Expected type string", &member),
            ("branding" | "metadata", _) => return refused("Expected type object", &member),
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

fn taken() -> ApiError {
    let message = "An organization with this name already exists.";
    ApiError::new(409, message, "organization_conflict")
}
