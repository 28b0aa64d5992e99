//! The environment variables of Usher: `USHER__SECTION__KEY`.
//!
//! The schema says what a value is: `12345` is text for a client id, and a number for a port.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde_json::{Number, Value};

use super::error::{Errors, InvalidSettings};
use super::schema::is_section;
use super::shape::is;
use super::suggestion::closest;

/// Names the settings file, unless the command line does.
pub(super) const FILE_VARIABLE: &str = "USHER_CONFIG";
const PREFIX: &str = "USHER__";
/// The prefix of misspelt variables.
const SHORT_PREFIX: &str = "USHER_";

/// The variables of Usher among those of the process.
#[derive(Debug)]
pub(super) struct Environment<'a> {
    schema: &'a Value,
    /// By name.
    variables: BTreeMap<String, OsString>,
}

/// What a variable stands for.
enum Target<'a> {
    Setting(&'a Value),
    /// A list of sections, or a section.
    InFileOnly,
    Unknown,
}

impl<'a> Environment<'a> {
    /// Selects the variables that begin with Usher's prefix, in upper case or not.
    pub(super) fn new(
        schema: &'a Value,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Self {
        let named = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let own = named.filter(|(name, _)| name.to_ascii_uppercase().starts_with(SHORT_PREFIX));
        Self { schema, variables: own.collect() }
    }

    /// Sets the keys that variables name. Records a variable that names none as an error.
    pub(super) fn apply(&self, settings: &mut Value, errors: &mut Errors) {
        let mut names = BTreeMap::new();
        for (name, value) in &self.variables {
            let upper = name.to_ascii_uppercase();
            let Some(path) = upper.strip_prefix(PREFIX) else { continue };
            let path = path.to_ascii_lowercase();
            let path: Vec<_> = path.split("__").collect();
            let key = path.join(".");
            let error = |reason| InvalidSettings::Variable { key: key.clone(), reason };
            match (self.target(&path), value.to_str()) {
                (Target::Unknown, _) => {
                    errors.add(error(format!(
                        "is not a setting; the variable is {name}{}",
                        self.hint(name)
                    )));
                }
                (Target::InFileOnly, _) => {
                    errors.add(error(format!(
                        "can be set only in the file, and not by the variable {name}"
                    )));
                }
                (Target::Setting(_), None) => {
                    errors.add(error(format!("must be UTF-8 text; the variable {name} sets it")));
                }
                (Target::Setting(schema), Some(text)) => {
                    set(settings, &path, typed(schema, text));
                    names.insert(key.clone(), name.clone());
                }
            }
        }
        errors.set_variables(names);
    }

    /// Returns a warning about each variable that looks like one of Usher's and sets nothing.
    pub(super) fn ignored(&self) -> Vec<String> {
        let others = self.variables.iter().filter(|(name, value)| {
            let upper = name.to_ascii_uppercase();
            !upper.starts_with(PREFIX)
                && *name != FILE_VARIABLE
                && !is_service_link(&upper, &value.to_string_lossy())
        });
        let warning = |(name, _): (&String, _)| {
            format!(
                "{name}: is not a variable of Usher{}; the variable is ignored",
                self.hint(name)
            )
        };
        others.map(warning).collect()
    }

    fn target(&self, path: &[&str]) -> Target<'a> {
        let properties = |schema: &'a Value, key: &&str| schema.get("properties")?.get(*key);
        match path.iter().try_fold(self.schema, properties) {
            None => Target::Unknown,
            Some(schema) if is_section(schema) => Target::InFileOnly,
            Some(schema) if schema.get("items").is_some_and(is_section) => Target::InFileOnly,
            Some(schema) => Target::Setting(schema),
        }
    }

    /// Returns the question whether a known variable was meant.
    fn hint(&self, name: &str) -> String {
        let mut known = vec![FILE_VARIABLE.to_owned()];
        add_names(self.schema, "USHER", &mut known);
        let meant = closest(name, known.iter().map(String::as_str));
        meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default()
    }
}

/// Adds the names of the variables of a section.
fn add_names(schema: &Value, prefix: &str, names: &mut Vec<String>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, schema) in properties.into_iter().flatten() {
        let name = format!("{prefix}__{}", key.to_ascii_uppercase());
        if is_section(schema) {
            add_names(schema, &name, names);
        } else if !schema.get("items").is_some_and(is_section) {
            names.push(name);
        }
    }
}

/// Returns whether Kubernetes or Docker has set the variable, for a service whose name begins with
/// `usher`: <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>
fn is_service_link(name: &str, value: &str) -> bool {
    let is_port = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split("_PORT_").skip(1).any(is_port)
        || (name.ends_with("_PORT") && value.contains("://"))
}

/// Returns the value of the type that the schema asks for. Other text stays text, which the check
/// of types then refuses.
fn typed(schema: &Value, text: &str) -> Value {
    let trimmed = text.trim();
    let value = if is(schema, "array") {
        let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
        Some(items.map(Value::from).collect())
    } else if is(schema, "boolean") {
        trimmed.to_ascii_lowercase().parse().ok().map(Value::Bool)
    } else if is(schema, "integer") {
        let negative = || trimmed.parse::<i64>().map(Value::from);
        trimmed.parse::<u64>().map(Value::from).or_else(|_| negative()).ok()
    } else if is(schema, "number") {
        trimmed.parse().ok().and_then(Number::from_f64).map(Value::Number)
    } else {
        None
    };
    value.unwrap_or_else(|| Value::from(text))
}

/// Sets the value at the path, unless a part of the path is not a section.
fn set(settings: &mut Value, path: &[&str], value: Value) {
    let Some((key, sections)) = path.split_last() else { return };
    let mut section = settings;
    for name in sections {
        let Some(fields) = section.as_object_mut() else { return };
        section = fields.entry(*name).or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    if let Some(fields) = section.as_object_mut() {
        fields.insert((*key).to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
