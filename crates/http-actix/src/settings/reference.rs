//! Every setting there is, as its type and the defaults have it: what `docs/configuration.md`
//! lists, and a JSON schema for editors.
//!
//! Nothing is written down twice. What a key means is the comment at its field (`raw.rs`), its
//! default is what is compiled in, and whether it is taken up while the service runs is found out
//! by changing it and asking [`FrozenSections`].

use std::fmt::Display;

use config::{Config, File, FileFormat};
use serde::de::value::Error as NoValue;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use super::error::{InvalidSettings, SettingsResult};
use super::frozen::FrozenSections;
use super::layers::DEFAULTS;
use super::raw::{self, Raw};

/// Settings that stand together.
#[derive(Debug)]
pub struct Section {
    /// What it is called in the file: `directory.auth0`.
    pub name: &'static str,
    /// Whether there may be any number of it: `[[roles]]`.
    pub repeated: bool,
    /// What may stand in it, in the order of the type.
    pub settings: Vec<Setting>,
}

/// A key and all that is to be said of it.
#[derive(Debug)]
pub struct Setting {
    /// What it is called in its section.
    pub key: &'static str,
    /// What it is unless something else is said; nothing if it is not there then.
    pub default: Option<Value>,
    /// Whether it has to be said.
    pub required: bool,
    /// Whether a change counts without a restart.
    pub reloaded: bool,
    /// What it means.
    pub meaning: String,
}

/// What a section is made of. What has a section of its own is not in it.
struct Shape {
    name: &'static str,
    fields: &'static [&'static str],
    schema: Value,
    /// One of it with nothing in it but what has to be there, and the same as it is then read.
    item: Option<(Map<String, Value>, Value)>,
}

/// All of them, in the order in which they are read about.
///
/// # Errors
/// When the types do not go with the defaults, which a test tells first.
pub fn sections() -> SettingsResult<Vec<Section>> {
    let defaults = defaults()?;
    shapes()?.iter().map(|shape| section(shape, &defaults)).collect()
}

/// The JSON schema of a file of settings.
///
/// # Errors
/// As [`sections`].
pub fn schema() -> SettingsResult<Value> {
    let mut root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of Usher",
        "type": "object",
        "properties": {},
        "additionalProperties": false,
    });
    for Shape { name, mut schema, item, .. } in shapes()? {
        let place = format!("/properties/{}", name.replace('.', "/properties/"));
        let (parent, key) = place.rsplit_once('/').unwrap_or_default();
        if item.is_some() {
            schema = json!({ "type": "array", "items": schema });
        } else if let Some(section) = schema.as_object_mut() {
            // Everything has a default, but for what repeats.
            section.remove("required");
        }
        let parent = root.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.ok_or_else(|| unusable(name))?.insert(key.to_owned(), schema);
    }
    Ok(root)
}

/// Sections before those that stand in them.
fn shapes() -> SettingsResult<[Shape; 13]> {
    Ok([
        shape::<raw::Http>("http"),
        shape::<raw::Log>("log"),
        shape::<raw::Directory>("directory"),
        shape::<raw::Memory>("directory.memory"),
        shape::<raw::Auth0>("directory.auth0"),
        shape::<raw::Auth>("auth"),
        repeated::<raw::Issuer>("auth.issuers")?,
        shape::<raw::Passwords>("passwords"),
        shape::<raw::Limits>("limits"),
        shape::<raw::Overload>("overload"),
        shape::<raw::Reload>("reload"),
        shape::<raw::Traces>("traces"),
        repeated::<raw::Role>("roles")?,
    ])
}

fn shape<T: DeserializeOwned + PartialSchema>(name: &'static str) -> Shape {
    let mut schema = serde_json::to_value(T::schema()).unwrap_or_default();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        join(property);
    }
    Shape { name, fields: fields::<T>(), schema, item: None }
}

/// Makes one of what a type says of itself and what its field says of it, which would have to be an
/// object too.
fn join(property: &mut Value) {
    let parts = property.get("allOf").and_then(Value::as_array).map(Vec::as_slice);
    let Some([of_type, of_field]) = parts else { return };
    let (mut joined, meaning) = (of_type.clone(), of_field.get("description").cloned());
    if let (Some(joined), Some(meaning)) = (joined.as_object_mut(), meaning) {
        joined.insert("description".to_owned(), meaning);
    }
    *property = joined;
}

fn repeated<T>(name: &'static str) -> SettingsResult<Shape>
where
    T: DeserializeOwned + Serialize + PartialSchema,
{
    let shape = shape::<T>(name);
    let required = shape.schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let least: Map<_, _> = required
        .filter_map(Value::as_str)
        .map(|key| (key.to_owned(), Value::from(SOMETHING)))
        .collect();
    let read = T::deserialize(Value::Object(least.clone())).map_err(unusable)?;
    let mut read = serde_json::to_value(read).map_err(unusable)?;
    if let Some(read) = read.as_object_mut() {
        // What is not there is not written down.
        read.retain(|_, value| !value.is_null());
    }
    Ok(Shape { item: Some((least, read)), ..shape })
}

fn section(shape: &Shape, defaults: &Value) -> SettingsResult<Section> {
    let place = format!("/{}", shape.name.replace('.', "/"));
    let mut file = defaults.clone();
    if let (Some((_, read)), Some(list)) = (&shape.item, file.pointer_mut(&place)) {
        *list = json!([read]);
    }
    let place = if shape.item.is_some() { format!("{place}/0") } else { place };
    let read = file.pointer(&place);
    let mut settings = Vec::new();
    for &key in shape.fields {
        // A reference, or a list of them, is to what has a section of its own.
        let text = shape.schema.pointer(&format!("/properties/{key}"));
        if text.is_none_or(|text| text.to_string().contains("\"$ref\"")) {
            continue;
        }
        let meaning = text.and_then(|text| text.get("description")).and_then(Value::as_str);
        let required = shape.item.as_ref().is_some_and(|(least, _)| least.contains_key(key));
        let default = read.and_then(|read| read.get(key));
        settings.push(Setting {
            key,
            default: default.filter(|_| !required).cloned(),
            required,
            reloaded: is_reloaded(&file, &place, key)?,
            meaning: meaning.unwrap_or_default().replace('\n', " "),
        });
    }
    Ok(Section { name: shape.name, repeated: shape.item.is_some(), settings })
}

/// Whether such a file with another value for this key differs in nothing that is frozen.
fn is_reloaded(file: &Value, place: &str, key: &str) -> SettingsResult<bool> {
    let mut changed = file.clone();
    let section = changed.pointer_mut(place).and_then(Value::as_object_mut);
    let section = section.ok_or_else(|| unusable(place))?;
    let other = match section.get(key) {
        None | Some(Value::Null | Value::String(_) | Value::Object(_)) => json!("something else"),
        Some(Value::Bool(flag)) => json!(!flag),
        Some(Value::Number(number)) => json!(u8::from(number.as_f64() == Some(0.0))),
        Some(Value::Array(_)) => json!(["something else"]),
    };
    section.insert(key.to_owned(), other);
    let frozen =
        |file| Raw::deserialize(file).map(|raw| FrozenSections::of(&raw)).map_err(unusable);
    Ok(frozen(file.clone())?.differing_from(&frozen(changed)?).is_empty())
}

/// What a text may be where any will do.
const SOMETHING: &str = "something";

/// What is compiled in.
fn defaults() -> SettingsResult<Value> {
    let file = File::from_str(DEFAULTS, FileFormat::Toml);
    let read = Config::builder().add_source(file).build();
    read.and_then(Config::try_deserialize).map_err(unusable)
}

fn unusable(reason: impl Display) -> InvalidSettings {
    InvalidSettings::Source(reason.to_string())
}

/// The names of the fields that the type asks for when it is read, in its own order.
fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It fails by design: there is nothing to be read.
    drop(T::deserialize(Asked(&mut fields)));
    fields
}

/// Takes down what is asked for, and has nothing.
struct Asked<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = NoValue;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NoValue> {
        Err(NoValue::custom("there is nothing to be read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NoValue> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
