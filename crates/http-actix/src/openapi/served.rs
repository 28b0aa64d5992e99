//! The document as one configuration serves it: with its roles, and with the passwords that its
//! directory takes.

use domain::RoleCatalogue;
use serde_json::Value;
use utoipa::openapi::schema::{Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr};

/// What hangs on the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DocumentSettings<'a> {
    /// The roles that there are.
    pub(crate) roles: &'a RoleCatalogue,
    /// The fewest characters that the directory takes for a password, if that is known here.
    pub(crate) min_password_length: Option<usize>,
}

/// Members that name a role.
const ROLES: [(&str, &str); 2] = [("CreateTenantUser", "role"), ("UpdateTenantUser", "role")];
/// Members that are passwords to be.
const PASSWORDS: [(&str, &str); 3] = [
    ("UserCreateRequest", "password"),
    ("ChangePasswordRequest", "newPassword"),
    ("ChangePasswordRequestV2", "newPassword"),
];

/// The document of everything that is served, under this configuration.
pub(crate) fn text(configured: DocumentSettings<'_>) -> Result<String, serde_json::Error> {
    let mut document = super::document::document();
    for (schema, member) in ROLES {
        if let Some(role) = found(&mut document, schema, member) {
            let names = configured.roles.roles().iter().map(|role| role.name().as_str().into());
            let null = is_nullable(role).then_some(Value::Null);
            role.enum_values = Some(names.chain(null).collect());
        }
    }
    for (schema, member) in PASSWORDS {
        if let Some(password) = found(&mut document, schema, member)
            && configured.min_password_length.is_some()
        {
            password.min_length = configured.min_password_length;
        }
    }
    document.to_pretty_json().map(|text| text + "\n")
}

fn found<'a>(document: &'a mut OpenApi, schema: &str, member: &str) -> Option<&'a mut Object> {
    let schema = document.components.as_mut()?.schemas.get_mut(schema)?;
    let RefOr::T(Schema::Object(schema)) = schema else { return None };
    let RefOr::T(Schema::Object(member)) = schema.properties.get_mut(member)? else { return None };
    Some(member)
}

fn is_nullable(object: &Object) -> bool {
    matches!(&object.schema_type, SchemaType::Array(types) if types.contains(&Type::Null))
}
