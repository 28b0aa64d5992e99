//! Request bodies that consist of one list of ids.

use serde_json::json;

use super::error::ApiError;
use super::request::Request;

/// Returns the ids in the body's only member, `name`.
pub(crate) fn id_list(request: &Request, name: &str) -> Result<Vec<String>, ApiError> {
    let body = request.json_object()?;
    let unknown = body.keys().find(|key| *key != name);
    if let Some(unknown) = unknown {
        let message =
            format!("Payload validation error: 'Additional properties not allowed: {unknown}'.");
        return Err(ApiError::invalid_body(message));
    }
    let Some(value) = body.get(name) else {
        let message = format!("Payload validation error: 'Missing required property: {name}'.");
        return Err(ApiError::invalid_body(message));
    };
    let ids: Option<Vec<String>> = value
        .as_array()
        .filter(|items| !items.is_empty())
        .and_then(|items| items.iter().map(|id| id.as_str().map(str::to_owned)).collect());
    ids.ok_or_else(|| {
        let name_json = json!(name);
        let message = format!(
            "Payload validation error: 'Expected type array of strings' on property {name_json}."
        );
        ApiError::invalid_body(message)
    })
}
