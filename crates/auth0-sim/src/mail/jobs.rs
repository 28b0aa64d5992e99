//! `POST /api/v2/jobs/verification-email` and `GET /api/v2/jobs/{id}`.
//!
//! Documented: the body, and that `identity` is needed for linked identities and for those of
//! social, enterprise and passwordless connections. Observed: 201, the members of a job, that it
//! is `pending` at first. Assumed: it is `completed` afterwards; the mail is sent at once, and to a
//! verified address too; 404 for an unknown user, or another status by a switch; the other errors.

use serde_json::{Map, Value, json};

use super::links::send_mail;
use super::tickets::LinkKind;
use crate::clock::iso_timestamp;
use crate::crypto::random_id;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{Property, Rule, check_body};
use crate::state::State;
use crate::users::checks::missing_property;
use crate::users::identities::{self, PRIMARY};
use crate::users::profile::{DATABASE, Profile};

const BODY: &[Property] = &[
    Property {
        name: "user_id",
        rule: Rule::Text(1, usize::MAX),
        nullable: false,
        description: "The user_id of the user to send the verification email to.",
    },
    Property {
        name: "client_id",
        rule: Rule::Text(1, usize::MAX),
        nullable: false,
        description: "client_id of the client (application). If no value provided, the global Client ID will be used.",
    },
    Property {
        name: "identity",
        rule: Rule::Object,
        nullable: false,
        description: "This must be provided to verify primary social, enterprise and passwordless email identities. Also, is needed to verify secondary identities.",
    },
    Property {
        name: "organization_id",
        rule: Rule::Text(1, 50),
        nullable: false,
        description: "(Optional) Organization ID – the ID of the Organization.",
    },
];

/// Handles `POST /api/v2/jobs/verification-email`.
pub(crate) fn send_verification_mail(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let body = request.json_object()?;
    check_body(&body, BODY, "")?;
    let text = |key| body.get(key).and_then(Value::as_str);
    let id = text("user_id").ok_or_else(|| missing_property("user_id"))?;
    if let Some(client) = text("client_id")
        && !state.clients.iter().any(|known| known.id == client)
    {
        return Err(ApiError::new(400, "The client does not exist.", "inexistent_client"));
    }
    let Some(user) = state.users.get(id).cloned() else {
        let status = state.switches.unknown_job_user_status;
        return Err(ApiError::new(status, "The user does not exist.", "inexistent_user"));
    };
    let index = find_identity(&body, &user.profile)?;
    if identities::attributes(&user.profile, index).is_none_or(|one| !one.contains_key("email")) {
        return Err(ApiError::bare(400, "The user does not have an email address."));
    }
    send_mail(state, LinkKind::VerifyEmail, &user, index, now)?;
    let job = json!({
        "type": "verification_email",
        "status": "pending",
        "created_at": iso_timestamp(now),
        "id": random_id("job_")?,
    });
    let id = job.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    state.jobs.insert(id, job.clone());
    Ok(Response::json(201, &job))
}

/// Handles `GET /api/v2/jobs/{id}`.
pub(crate) fn read_job(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let job = state.jobs.get(request.param(0));
    let mut job = job
        .cloned()
        .ok_or_else(|| ApiError::new(404, "The job does not exist.", "inexistent_job"))?;
    if let Some(members) = job.as_object_mut() {
        members.insert("status".to_owned(), json!("completed"));
    }
    Ok(Response::json(200, &job))
}

/// Returns the index of the identity that the body names, or of the primary one.
fn find_identity(body: &Map<String, Value>, profile: &Profile) -> Result<usize, ApiError> {
    let Some(identity) = body.get("identity") else {
        if identities::member(profile, PRIMARY, "provider") != DATABASE {
            return Err(ApiError::new(
                400,
                "The identity is required for this type of connection.",
                "operation_not_supported",
            ));
        }
        return Ok(PRIMARY);
    };
    let member = |key| identity.get(key).and_then(Value::as_str);
    let (Some(id), Some(provider)) = (member("user_id"), member("provider")) else {
        return Err(missing_property("identity"));
    };
    identities::find_by_id(profile, provider, id)
        .ok_or_else(|| ApiError::bare(400, "The user does not have the identity."))
}
