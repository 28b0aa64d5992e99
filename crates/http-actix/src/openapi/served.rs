//! The document as it is served under specific settings: with their roles, password length and
//! server.

use std::sync::Arc;

use domain::RoleCatalogue;
use serde_json::Value;
use utoipa::openapi::schema::{Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Server};

use crate::response::links::PublicUrl;
use crate::server::lazy_text::LazyText;

/// The settings that the document depends on.
#[derive(Debug)]
pub(crate) struct DocumentSettings {
    /// The role catalogue.
    pub(crate) roles: Arc<RoleCatalogue>,
    /// The shortest password that the directory accepts, if that is known.
    pub(crate) min_password_length: Option<usize>,
    /// The base URL for clients, if it is configured. Without it, the document names no server, and
    /// clients take the one that serves the document.
    pub(crate) server: Option<PublicUrl>,
}

/// Returns the document under these settings, which is generated when it is first requested.
pub(crate) fn document(settings: DocumentSettings) -> LazyText {
    LazyText::new(move || text(&settings))
}

/// Members that hold a role name.
const ROLES: [(&str, &str); 2] = [("CreateTenantUser", "role"), ("UpdateTenantUser", "role")];
/// Members that hold a new password.
const PASSWORDS: [(&str, &str); 3] = [
    ("UserCreateRequest", "password"),
    ("ChangePasswordRequest", "newPassword"),
    ("ChangePasswordRequestV2", "newPassword"),
];

/// Returns the document of every operation under these settings.
fn text(settings: &DocumentSettings) -> Result<String, serde_json::Error> {
    let mut document = super::document::document()?;
    for (schema, member) in ROLES {
        if let Some(role) = member_schema(&mut document, schema, member) {
            let names = settings.roles.roles().iter().map(|role| role.name().as_str().into());
            let null = is_nullable(role).then_some(Value::Null);
            role.enum_values = Some(names.chain(null).collect());
        }
    }
    for (schema, member) in PASSWORDS {
        if let Some(password) = member_schema(&mut document, schema, member)
            && settings.min_password_length.is_some()
        {
            password.min_length = settings.min_password_length;
        }
    }
    document.servers = settings.server.as_ref().map(|url| vec![Server::new(url.to_string())]);
    document.to_pretty_json().map(|text| text + "\n")
}

fn member_schema<'a>(
    document: &'a mut OpenApi,
    schema: &str,
    member: &str,
) -> Option<&'a mut Object> {
    let schema = document.components.as_mut()?.schemas.get_mut(schema)?;
    let RefOr::T(Schema::Object(schema)) = schema else { return None };
    let RefOr::T(Schema::Object(member)) = schema.properties.get_mut(member)? else { return None };
    Some(member)
}

fn is_nullable(object: &Object) -> bool {
    matches!(&object.schema_type, SchemaType::Array(types) if types.contains(&Type::Null))
}
