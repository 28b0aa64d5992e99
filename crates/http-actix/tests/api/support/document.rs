//! Checks responses against the OpenAPI document.

use std::sync::OnceLock;

use reqwest::Method;
use serde_json::Value;

use super::Answer;

/// The derived document.
#[derive(Debug)]
pub(crate) struct Document(pub(crate) Value);

impl Document {
    /// Returns the document of the current program.
    pub(crate) fn current() -> &'static Self {
        static DOCUMENT: OnceLock<Document> = OnceLock::new();
        DOCUMENT.get_or_init(|| {
            let text = usher_http::openapi::text().unwrap();
            Self(serde_json::from_str(&text).unwrap())
        })
    }

    /// Returns the operation for a method and a concrete path.
    pub(crate) fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap();
        let segments: Vec<&str> = path.split('/').collect();
        let paths = self.0["paths"].as_object().unwrap();
        let matches = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == segments.len()
                && parts.iter().zip(&segments).all(|(part, segment)| {
                    part == segment || (part.starts_with('{') && !segment.is_empty())
                })
        };
        let (_, item) = paths.iter().find(|(template, _)| matches(template))?;
        item.get(method.as_str().to_lowercase())
    }

    /// Panics if the document does not describe this answer.
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let Some(operation) = self.operation(method, path) else { return };
        let status = answer.status.as_str();
        let response = operation["responses"]
            .get(status)
            .unwrap_or_else(|| panic!("{method} {path}: {status} is not documented: {answer:?}"));
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            assert_eq!(answer.text, "", "{method} {path}: the document has no body for {status}");
            return;
        };
        let media_type = answer.header("content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap();
        let schema = content
            .get(media_type)
            .unwrap_or_else(|| panic!("{method} {path}: {media_type} is not documented"));
        if media_type.ends_with("json") {
            let at = format!("{method} {path} {status}");
            self.check_schema(&answer.json(), &schema["schema"], &at);
        }
        if !answer.status.is_success() {
            let codes = response["description"].as_str().unwrap();
            let code = answer.code();
            assert!(
                codes.split(", ").any(|known| known == code),
                "{method} {path}: {code} is not documented"
            );
        }
    }

    /// Checks a value against a schema: types, required members, no undocumented members.
    pub(crate) fn check_schema(&self, value: &Value, schema: &Value, at: &str) {
        if schema.get("$ref").is_some() {
            return self.check_schema(value, self.resolve(schema), at);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            for part in parts {
                self.check_required(value, part, at);
            }
            let known: Vec<_> = parts
                .iter()
                .filter_map(|part| self.resolve(part)["properties"].as_object())
                .collect();
            for (name, member) in value.as_object().into_iter().flatten() {
                let schema = known.iter().find_map(|known| known.get(name));
                let schema = schema.unwrap_or_else(|| panic!("{at}: {name} is not documented"));
                self.check_schema(member, schema, &format!("{at}.{name}"));
            }
            return;
        }
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            let null = choices.iter().any(|choice| choice["type"] == "null");
            if value.is_null() && null {
                return;
            }
            let other = choices.iter().find(|choice| choice["type"] != "null").unwrap();
            return self.check_schema(value, other, at);
        }
        if let Some(values) = schema["enum"].as_array() {
            assert!(values.contains(value), "{at}: {value} is not one of {values:?}");
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            Value::String(only) => vec![only.as_str()],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return,
        };
        let actual = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert!(types.contains(&actual), "{at}: {actual} instead of {types:?}");
        if let Some(items) = value.as_array() {
            for (index, item) in items.iter().enumerate() {
                self.check_schema(item, &schema["items"], &format!("{at}[{index}]"));
            }
        }
        if let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object())
        {
            self.check_required(value, schema, at);
            for (name, member) in members {
                let schema =
                    known.get(name).unwrap_or_else(|| panic!("{at}: {name} is not documented"));
                self.check_schema(member, schema, &format!("{at}.{name}"));
            }
        }
    }

    fn check_required(&self, value: &Value, schema: &Value, at: &str) {
        for name in self.resolve(schema)["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            assert!(value.get(name).is_some(), "{at}: {name} is missing");
        }
    }

    /// Follows a reference.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        let target = self.0.pointer(reference.strip_prefix('#').unwrap());
        target.unwrap_or_else(|| panic!("{reference} does not resolve"))
    }
}
