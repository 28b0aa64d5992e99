//! Compares the derived document with a published contract.
//!
//! The contracts are OpenAPI 3.0, the document is 3.1; differences of notation are ignored.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Schemas of the contracts that have another name in our document. Requests and responses do not
/// contain the names, but those of generated clients would clash with types of their language.
const RENAMED: [(&str, &str); 1] = [("Error", "ErrorObject")];

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Returns where our document deviates from a contract, such as `GET /api/v1/users 200
/// data[].lastLogin: nullable differs`.
///
/// Our document may have additional paths, error statuses, alternative security schemes, and
/// optional parameters and members. In responses, it may promise more: that a member is always
/// present, or that a text is one of a list.
pub(crate) fn deviations(contract: &Value, ours: &Value) -> Vec<String> {
    let mut comparison = Comparison { contract, ours, found: Vec::new() };
    comparison.paths();
    comparison.components();
    comparison.found
}

/// The use of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Request,
    Response,
}

struct Comparison<'a> {
    contract: &'a Value,
    ours: &'a Value,
    found: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn report(&mut self, at: &str, deviation: &str) {
        self.found.push(format!("{at}: {deviation}"));
    }

    fn expect_equal<T: PartialEq>(&mut self, at: &str, keyword: &str, theirs: &T, ours: &T) {
        if theirs != ours {
            self.report(at, &format!("{keyword} differs"));
        }
    }

    fn paths(&mut self) {
        let (contract, all) = (self.contract, self.ours);
        for (path, item) in members(&contract["paths"]) {
            for method in METHODS {
                let at = format!("{} {path}", method.to_uppercase());
                let ours = all["paths"].get(path).and_then(|item| item.get(method));
                match (item.get(method), ours) {
                    (Some(theirs), Some(ours)) => self.operation(&at, item, theirs, ours),
                    (Some(_), None) => self.report(&at, "missing"),
                    (None, Some(_)) => self.report(&at, "not in the contract"),
                    (None, None) => {}
                }
            }
        }
    }

    fn operation(&mut self, at: &str, item: &'a Value, theirs: &'a Value, ours: &'a Value) {
        if let Some(id) = theirs.get("operationId") {
            self.expect_equal(at, "operationId", &Some(id), &ours.get("operationId"));
        }
        let deprecated = |operation: &Value| operation["deprecated"] == true;
        self.expect_equal(at, "deprecated", &deprecated(theirs), &deprecated(ours));
        let security = |operation: &'a Value, document: &'a Value| -> Vec<&'a Value> {
            items(operation.get("security").unwrap_or(&document["security"])).collect()
        };
        let (theirs_security, ours_security) =
            (security(theirs, self.contract), security(ours, self.ours));
        let requires_token = |requirement: &&Value| members(requirement).next().is_some();
        if !theirs_security.iter().all(|one| ours_security.contains(one))
            || !ours_security.iter().all(requires_token)
        {
            self.report(at, "security differs");
        }

        self.parameters(at, [&item["parameters"], &theirs["parameters"]], &ours["parameters"]);
        let path = format!("{at} body");
        match (theirs.get("requestBody"), ours.get("requestBody")) {
            (Some(theirs), Some(ours)) => self.contents(&path, Use::Request, theirs, ours),
            (Some(_), None) => self.report(&path, "missing"),
            (None, Some(_)) => self.report(&path, "not in the contract"),
            (None, None) => {}
        }
        self.responses(at, &theirs["responses"], &ours["responses"]);
    }

    fn parameters(&mut self, at: &str, theirs: [&'a Value; 2], ours: &'a Value) {
        let key = |parameter: &'a Value| (&parameter["in"], &parameter["name"]);
        let (contract, all) = (self.contract, self.ours);
        let theirs: Vec<_> =
            theirs.into_iter().flat_map(items).map(|one| resolve(contract, one)).collect();
        let ours: Vec<_> = items(ours).map(|one| resolve(all, one)).collect();
        let path = |one: &Value| format!("{at} {}", one["name"].as_str().unwrap());
        for theirs in &theirs {
            let at = path(theirs);
            let Some(ours) = ours.iter().find(|ours| key(ours) == key(theirs)) else {
                self.report(&at, "missing");
                continue;
            };
            self.expect_equal(&at, "required", &required(theirs), &required(ours));
            self.schema(&at, Use::Request, "", &theirs["schema"], &ours["schema"]);
        }
        for ours in ours.iter().filter(|one| required(one)) {
            if !theirs.iter().any(|theirs| key(theirs) == key(ours)) {
                self.report(&path(ours), "required, but not in the contract");
            }
        }
    }

    fn responses(&mut self, at: &str, theirs: &'a Value, ours: &'a Value) {
        let is_success = |status: &str| status.starts_with('2');
        for (status, theirs) in members(theirs) {
            let at = format!("{at} {status}");
            let Some(ours) = ours.get(status) else {
                self.report(&at, "missing");
                continue;
            };
            // The contracts do not specify error bodies.
            if is_success(status) || theirs.get("content").is_some() {
                self.contents(&at, Use::Response, theirs, ours);
            }
        }
        if members(theirs).any(|(status, _)| is_success(status)) {
            for (status, _) in members(ours).filter(|(status, _)| is_success(status)) {
                if theirs.get(status).is_none() {
                    self.report(&format!("{at} {status}"), "not in the contract");
                }
            }
        }
    }

    fn contents(&mut self, at: &str, used: Use, theirs: &'a Value, ours: &'a Value) {
        let (theirs, ours) = (&theirs["content"], &ours["content"]);
        for (media_type, theirs) in members(theirs) {
            match ours.get(media_type) {
                Some(ours) => self.schema(at, used, "", &theirs["schema"], &ours["schema"]),
                None => self.report(at, &format!("{media_type} missing")),
            }
        }
        for (media_type, _) in members(ours) {
            if theirs.get(media_type).is_none() {
                self.report(at, &format!("{media_type} not in the contract"));
            }
        }
    }

    fn components(&mut self) {
        let (theirs, ours) = (&self.contract["components"], &self.ours["components"]);
        for (name, theirs) in members(&theirs["schemas"]) {
            let renamed = RENAMED.iter().find(|(theirs, _)| theirs == name);
            match ours["schemas"].get(renamed.map_or(name.as_str(), |(_, ours)| ours)) {
                // The operations compare the schemas of requests.
                Some(ours) => self.schema(name, Use::Response, "", theirs, ours),
                None => self.report(name, "missing"),
            }
        }
        for (name, theirs) in members(&theirs["securitySchemes"]) {
            let ours = &ours["securitySchemes"][name];
            for keyword in ["type", "scheme", "bearerFormat", "in", "name"] {
                self.expect_equal(name, keyword, &theirs.get(keyword), &ours.get(keyword));
            }
            let scopes = |scheme: &'a Value| -> Vec<(&'a String, Vec<&'a String>)> {
                let names =
                    |flow: &'a Value| members(&flow["scopes"]).map(|(name, _)| name).collect();
                members(&scheme["flows"]).map(|(name, flow)| (name, names(flow))).collect()
            };
            self.expect_equal(name, "flows", &scopes(theirs), &scopes(ours));
        }
    }

    fn schema(&mut self, path: &str, used: Use, inner: &str, theirs: &'a Value, ours: &'a Value) {
        let at = format!("{path} {inner}");
        let at = at.trim_end();
        let theirs = Shape::new(self.contract, theirs);
        let ours = Shape::new(self.ours, ours);
        self.expect_equal(at, "type", &theirs.kind, &ours.kind);
        self.expect_equal(at, "nullable", &theirs.nullable, &ours.nullable);
        // The contracts do not specify the width of integers,
        if theirs.kind != Some("integer") || theirs.format.is_some() {
            self.expect_equal(at, "format", &theirs.format, &ours.format);
        }
        // nor lengths, where they have none.
        if theirs.min_length.is_some() {
            self.expect_equal(at, "minLength", &theirs.min_length, &ours.min_length);
        }
        if used == Use::Request || !theirs.choices.is_empty() {
            self.expect_equal(at, "enum", &theirs.choices, &ours.choices);
        }
        match (theirs.items, ours.items) {
            (Some(theirs), Some(ours)) => {
                self.schema(path, used, &format!("{inner}[]"), theirs, ours);
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => self.report(at, "items differ"),
        }
        // An object schema without members allows any object.
        if theirs.members.is_empty() {
            return;
        }
        match used {
            Use::Request => self.expect_equal(at, "required", &theirs.required, &ours.required),
            Use::Response if ours.required.is_superset(&theirs.required) => {}
            Use::Response => self.report(at, "required differs"),
        }
        for (name, theirs) in theirs.members {
            let inner = if inner.is_empty() { name.to_owned() } else { format!("{inner}.{name}") };
            match ours.members.get(name) {
                Some(ours) => self.schema(path, used, &inner, theirs, ours),
                None => self.report(&format!("{path} {inner}"), "missing"),
            }
        }
    }
}

/// The content of a schema, independent of its notation.
#[derive(Debug, Default)]
struct Shape<'a> {
    kind: Option<&'a str>,
    nullable: bool,
    format: Option<&'a str>,
    min_length: Option<u64>,
    choices: BTreeSet<&'a str>,
    items: Option<&'a Value>,
    members: BTreeMap<&'a str, &'a Value>,
    required: BTreeSet<&'a str>,
}

impl<'a> Shape<'a> {
    fn new(document: &'a Value, schema: &'a Value) -> Self {
        let mut shape = Self::default();
        shape.add(document, schema);
        shape
    }

    fn add(&mut self, document: &'a Value, schema: &'a Value) {
        let schema = resolve(document, schema);
        match &schema["type"] {
            Value::String(kind) => self.kind(kind),
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).for_each(|kind| self.kind(kind));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
        self.nullable |= schema["nullable"] == true;
        self.format = self.format.or_else(|| schema["format"].as_str());
        self.min_length = self.min_length.or_else(|| schema["minLength"].as_u64());
        self.choices.extend(items(&schema["enum"]).filter_map(Value::as_str));
        self.items = self.items.or_else(|| schema.get("items"));
        self.members.extend(members(&schema["properties"]).map(|(name, one)| (&**name, one)));
        self.required.extend(items(&schema["required"]).filter_map(Value::as_str));
        for part in ["allOf", "oneOf", "anyOf"].into_iter().flat_map(|how| items(&schema[how])) {
            self.add(document, part);
        }
    }

    fn kind(&mut self, kind: &'a str) {
        match kind {
            "null" => self.nullable = true,
            _ => self.kind = Some(kind),
        }
    }
}

/// Follows references.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value.get("$ref") else { return value };
    let target = reference.as_str().and_then(|text| document.pointer(text.strip_prefix('#')?));
    resolve(document, target.unwrap_or_else(|| panic!("{reference} does not resolve")))
}

/// Returns an object's members; none for other values.
pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn required(parameter: &Value) -> bool {
    parameter["required"] == true
}
