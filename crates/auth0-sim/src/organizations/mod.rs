//! Organizations, and in [`members`] and [`roles`] who belongs to them as what.
//!
//! Documented: the members of an organization, the limits, that lists and members lag. Observed:
//! the 404 without `errorCode`, status 201 and 204. Assumed: the text of a name that is taken.

pub(crate) mod members;
pub(crate) mod roles;

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use serde_json::{Map, Value, json};

use crate::clock::iso;
use crate::http::{Answer, ApiError, Request};
use crate::keys::KeyError;
use crate::paging::{Listed, Paging};
use crate::state::State;

use self::members::Membership;

/// One organization.
pub(crate) struct Organization {
    name: String,
    display_name: Option<String>,
    branding: Option<Value>,
    metadata: Option<Value>,
    created_at: i64,
    members: Vec<Membership>,
    /// The ids of roles by user, who need not be a member yet.
    roles: BTreeMap<String, Vec<String>>,
}

/// Every organization, by its id.
#[derive(Default)]
pub(crate) struct Organizations(BTreeMap<String, Organization>);

impl Organizations {
    pub(crate) fn exists(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Whether the user belongs to the organization, for `organization_id` in searches.
    /// As the index has it: lists of members lag, this does not (assumed).
    pub(crate) fn is_member(&self, user_id: &str, id: &str, now: i64) -> bool {
        self.0.get(id).is_some_and(|organization| {
            organization.members.iter().any(|member| member.is_of(user_id, now))
        })
    }

    /// The ids of the organizations that the user belongs to.
    pub(crate) fn of(&self, user_id: &str) -> Vec<&str> {
        let belongs = |organization: &&Organization| {
            organization.members.iter().any(|member| member.is_now(user_id))
        };
        self.0.iter().filter(|(_, one)| belongs(one)).map(|(id, _)| id.as_str()).collect()
    }

    /// The user is gone: ends memberships and forgets roles.
    pub(crate) fn forget(&mut self, user_id: &str, now: i64) {
        for organization in self.0.values_mut() {
            for member in &mut organization.members {
                if member.is_now(user_id) {
                    member.until = Some(now);
                }
            }
            organization.roles.remove(user_id);
        }
    }

    fn get(&mut self, id: &str) -> Result<&mut Organization, ApiError> {
        self.0.get_mut(id).ok_or_else(missing)
    }

    fn is_taken(&self, name: &str, by_other_than: &str) -> bool {
        self.0.iter().any(|(id, one)| id != by_other_than && one.name == name)
    }
}

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

fn shown(id: &str, organization: &Organization) -> Value {
    let mut body = Map::from_iter([
        ("id".to_owned(), id.into()),
        ("name".to_owned(), organization.name.as_str().into()),
    ]);
    let optional = [
        ("display_name", organization.display_name.clone().map(Value::from)),
        ("branding", organization.branding.clone()),
        ("metadata", organization.metadata.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    }
    body.into()
}

/// Without an `errorCode` (observed).
fn missing() -> ApiError {
    ApiError::bare(404, "No organization found by that id or name")
}

fn taken() -> ApiError {
    let message = "An organization with this name already exists.";
    ApiError::new(409, message, "organization_conflict")
}

/// The list of ids that is the one member of a body.
fn ids(request: &Request, name: &str) -> Result<Vec<String>, ApiError> {
    let body = request.json_object()?;
    let unknown = body.keys().find(|key| *key != name);
    if let Some(unknown) = unknown {
        let message =
            format!("Payload validation error: 'Additional properties not allowed: {unknown}'.");
        return Err(ApiError::invalid_body(message));
    }
    let Some(found) = body.get(name) else {
        let message = format!("Payload validation error: 'Missing required property: {name}'.");
        return Err(ApiError::invalid_body(message));
    };
    let ids: Option<Vec<String>> = found
        .as_array()
        .filter(|items| !items.is_empty())
        .and_then(|items| items.iter().map(|id| id.as_str().map(str::to_owned)).collect());
    ids.ok_or_else(|| {
        let what = json!(name);
        let message = format!(
            "Payload validation error: 'Expected type array of strings' on property {what}."
        );
        ApiError::invalid_body(message)
    })
}

/// An id that nobody has: the prefix and 16 characters.
fn random_id(prefix: &str) -> Result<String, KeyError> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes)?;
    Ok(format!("{prefix}{:016x}", u64::from_be_bytes(bytes)))
}
