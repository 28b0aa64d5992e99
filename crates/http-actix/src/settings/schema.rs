//! The JSON schema of a settings file, generated from the types of `raw.rs`.

use config::{Config, File, FileFormat};
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::defaults::DEFAULTS;
use super::error::{InvalidSettings, SettingsResult};
use super::raw::Raw;

/// Returns the JSON schema of a settings file.
///
/// # Errors
/// When the compiled-in defaults cannot be parsed.
pub fn schema() -> SettingsResult<Value> {
    let mut schema = generate(SchemaSettings::draft07());
    add_defaults(&mut schema, &default_values()?);
    Ok(schema)
}

/// Returns the schema for serialization, which requires all keys and lists them in the order of the
/// type.
pub(super) fn ordered_schema() -> Value {
    generate(SchemaSettings::draft07().for_serialize())
}

/// Returns the compiled-in settings.
pub(super) fn default_values() -> SettingsResult<Value> {
    let file = File::from_str(DEFAULTS, FileFormat::Toml);
    let result = Config::builder().add_source(file).build();
    result
        .and_then(Config::try_deserialize)
        .map_err(|error| InvalidSettings::Source(error.to_string()))
}

/// Returns whether the schema is that of a section, and not of a value.
pub(super) fn is_section(schema: &Value) -> bool {
    schema.get("properties").is_some()
}

fn generate(settings: SchemaSettings) -> Value {
    let remove_null_default = |schema: &mut Schema| {
        if schema.get("default").is_some_and(Value::is_null) {
            schema.remove("default");
        }
    };
    let settings = settings
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(remove_null_default));
    settings.into_generator().into_root_schema_for::<Raw>().to_value()
}

/// Adds the compiled-in defaults, which make all keys optional except in the items of lists.
fn add_defaults(schema: &mut Value, defaults: &Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    schema.remove("required");
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (key, property) in properties.into_iter().flatten() {
        let default = defaults.get(key).unwrap_or(&Value::Null);
        if is_section(property) {
            add_defaults(property, default);
        } else if let (Some(property), false) = (property.as_object_mut(), default.is_null()) {
            property.insert("default".to_owned(), default.clone());
        }
    }
}

#[cfg(test)]
mod tests;
