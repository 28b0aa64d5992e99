//! The reference of all settings: the tables of `docs/configuration.md`.
//!
//! They are generated from the JSON schema. The meaning of a key is its doc comment in `raw.rs` or
//! `raw_auth.rs`, and its default is the compiled-in one. Whether a key is reloaded is determined by
//! changing it and comparing [`FrozenSections`].

use std::fmt::Display;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::error::{InvalidSettings, SettingsResult};
use super::frozen::FrozenSections;
use super::raw::Raw;
use super::schema::{default_values, is_section, ordered_schema, schema};

/// A section of the settings file.
#[derive(Debug)]
pub struct Section {
    /// The name in the file, such as `directory.auth0`.
    pub name: String,
    /// The keys, in the order of the type.
    pub settings: Vec<Setting>,
}

/// A key of a section.
#[derive(Debug)]
pub struct Setting {
    /// The name in its section.
    pub key: String,
    /// The default; `None` if the key is then absent.
    pub default: Option<Value>,
    /// Whether the key must be set.
    pub required: bool,
    /// Whether a change takes effect without a restart.
    pub reloaded: bool,
    /// The meaning.
    pub meaning: String,
}

/// Returns all sections, each before those nested in it.
///
/// # Errors
/// When the compiled-in defaults do not match the types.
pub fn sections() -> SettingsResult<Vec<Section>> {
    let ordered = ordered_schema();
    let (schema, mut sections) = (schema()?, Vec::new());
    let root =
        Node { name: String::new(), pointer: String::new(), schema: &schema, ordered: &ordered };
    add_sections(&root, &default_values()?, &mut sections)?;
    Ok(sections)
}

/// An object in the schema.
struct Node<'a> {
    name: String,
    /// The JSON pointer to its values in a file.
    pointer: String,
    schema: &'a Value,
    ordered: &'a Value,
}

impl<'a> Node<'a> {
    /// Returns the nodes of the properties, in the order of the type.
    fn children(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let keys = self.ordered.get("required").and_then(Value::as_array).into_iter().flatten();
        keys.filter_map(Value::as_str).filter_map(|key| {
            let child = Self {
                name: format!("{}.{key}", self.name).trim_start_matches('.').to_owned(),
                pointer: format!("{}/{key}", self.pointer),
                schema: self.schema.get("properties")?.get(key)?,
                ordered: self.ordered.get("properties")?.get(key)?,
            };
            Some((key, child))
        })
    }

    /// Returns the node of the list items, if they are objects.
    fn item(&self) -> Option<Self> {
        let schema = self.schema.get("items").filter(|items| is_section(items))?;
        let (name, pointer) = (self.name.clone(), format!("{}/0", self.pointer));
        Some(Self { name, pointer, schema, ordered: self.ordered.get("items")? })
    }

    fn requires(&self, key: &str) -> bool {
        let required = self.schema.get("required").and_then(Value::as_array);
        required.is_some_and(|keys| keys.iter().any(|required| required == key))
    }
}

fn add_sections(node: &Node<'_>, file: &Value, sections: &mut Vec<Section>) -> SettingsResult<()> {
    let (mut settings, mut nested) = (Vec::new(), Vec::new());
    for (key, child) in node.children() {
        if is_section(child.schema) {
            nested.push((child, file.clone()));
        } else if let Some(item) = child.item() {
            let mut file = file.clone();
            let list = file.pointer_mut(&child.pointer).ok_or_else(|| invalid(&child.pointer))?;
            *list = json!([minimal(&item)]);
            nested.push((item, file));
        } else {
            let text = child.schema.get("description").and_then(Value::as_str);
            let default = child.schema.get("default");
            settings.push(Setting {
                key: key.to_owned(),
                default: default.cloned(),
                required: node.requires(key),
                reloaded: is_reloaded(file, &node.pointer, key, default)?,
                meaning: text.unwrap_or_default().replace('\n', " "),
            });
        }
    }
    if !settings.is_empty() {
        sections.push(Section { name: node.name.clone(), settings });
    }
    nested.iter().try_for_each(|(child, file)| add_sections(child, file, sections))
}

/// Returns an object with only the required keys.
fn minimal(node: &Node<'_>) -> Value {
    let required = node.children().filter(|(key, _)| node.requires(key));
    required.map(|(key, _)| (key.to_owned(), Value::from("some text"))).collect()
}

/// Returns whether changing the key in the file changes no frozen section.
fn is_reloaded(
    file: &Value,
    pointer: &str,
    key: &str,
    default: Option<&Value>,
) -> SettingsResult<bool> {
    let mut changed = file.clone();
    let section = changed.pointer_mut(pointer).and_then(Value::as_object_mut);
    let other = match default {
        None | Some(Value::Null | Value::String(_) | Value::Object(_)) => json!("other text"),
        Some(Value::Bool(flag)) => json!(!flag),
        Some(Value::Number(number)) => json!(u8::from(number.as_f64() == Some(0.0))),
        Some(Value::Array(_)) => json!(["other text"]),
    };
    section.ok_or_else(|| invalid(pointer))?.insert(key.to_owned(), other);
    let frozen = |file| Raw::deserialize(file).map(|raw| FrozenSections::of(&raw)).map_err(invalid);
    Ok(frozen(file.clone())?.differing_from(&frozen(changed)?).is_empty())
}

fn invalid(reason: impl Display) -> InvalidSettings {
    InvalidSettings::Source(reason.to_string())
}

#[cfg(test)]
mod tests;
