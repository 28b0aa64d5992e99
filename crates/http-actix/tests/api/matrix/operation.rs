//! Requests made from the OpenAPI document, so that an operation of tomorrow is called without
//! anybody saying how.
//!
//! What a place in a request stands for is told by its name. A name that is not known here is an
//! error: it may be one for a tenant or a user, and then nobody would have looked.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::users::UserIdentity;

/// What a place in a request stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameMeaning {
    Tenant,
    User,
    /// Something else, filled with the document's example.
    Other,
}

/// What stands neither for a tenant nor for a user.
const OTHER_NAMES: [&str; 12] = [
    "page[size]",
    "page[number]",
    "sort",
    "name",
    "role",
    "username",
    "firstName",
    "lastName",
    "serviceUser",
    "password",
    "currentPassword",
    "newPassword",
];

/// One operation, and where its requests name a tenant and a user.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// The method.
    pub(crate) method: Method,
    /// The path, with the names of its places in braces.
    pub(crate) template: String,
    /// Whether its requests name a tenant.
    pub(crate) names_tenant: bool,
    /// Whether its requests name a user.
    pub(crate) names_user: bool,
    /// Whether the user is named by the path; else it is by the body's e-mail address.
    pub(crate) user_in_path: bool,
    query: Vec<String>,
    /// What is sent, with examples.
    pub(crate) body: Option<Value>,
}

/// Those of the program as it is now.
pub(crate) fn operations() -> (Vec<Operation>, Vec<String>) {
    let document = serde_json::from_str(&usher_http::openapi::text().unwrap()).unwrap();
    operations_of(&document)
}

/// The operations of a document that want a token, and what keeps others from being called.
pub(crate) fn operations_of(document: &Value) -> (Vec<Operation>, Vec<String>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (template, item) in document["paths"].as_object().unwrap() {
        // In this order, whatever that of the document is.
        for method in ["get", "post", "put", "patch", "delete", "head", "options", "trace"] {
            let Some(operation) = item.get(method) else { continue };
            let name = format!("{} {template}", method.to_uppercase());
            if operation.get("security").is_none() {
                if template.starts_with("/api/") {
                    unknown.push(format!("{name}: wants no token"));
                }
                continue;
            }
            let method = method.to_uppercase().parse().unwrap();
            match Operation::parse(document, method, template, operation) {
                Ok(operation) => known.push(operation),
                Err(what) => unknown.push(format!("{name}: {what}")),
            }
        }
    }
    (known, unknown)
}

impl Operation {
    fn parse(
        document: &Value,
        method: Method,
        template: &str,
        operation: &Value,
    ) -> Result<Self, String> {
        let mut parsed = Self {
            method,
            template: template.to_owned(),
            names_tenant: false,
            names_user: false,
            user_in_path: template.contains("{userId}"),
            query: Vec::new(),
            body: None,
        };
        let mut in_path = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let meaning = parsed.meaning(name)?;
            match (parameter["in"].as_str().unwrap(), meaning) {
                ("path", NameMeaning::Tenant | NameMeaning::User) => {
                    in_path.push(format!("{{{name}}}"));
                }
                ("query", NameMeaning::Tenant) => parsed.query.push(name.to_owned()),
                ("query", NameMeaning::Other) if parameter["required"] != true => {}
                (kind, meaning) => return Err(format!("{name}: {meaning:?} in {kind}")),
            }
        }
        let in_template: Vec<_> = template.split('/').filter(|part| part.contains('{')).collect();
        if let Some(lost) =
            in_template.iter().find(|part| !in_path.iter().any(|known| known == *part))
        {
            return Err(format!("{lost}: no parameter of the path"));
        }
        if let Some(body) = operation.get("requestBody") {
            let content = body["content"].as_object().unwrap();
            let schema = content.get("application/json").ok_or("its body is no JSON")?;
            parsed.body = Some(parsed.body(document, &schema["schema"])?);
        }
        Ok(parsed)
    }

    /// What a name stands for, and notes that there is such a place.
    fn meaning(&mut self, name: &str) -> Result<NameMeaning, String> {
        match name {
            "tenantId" | "tenantName" | "filter[tenant]" => {
                self.names_tenant = true;
                Ok(NameMeaning::Tenant)
            }
            "userId" => {
                self.names_user = true;
                Ok(NameMeaning::User)
            }
            // Where the path names the user, it is the address that the user is to have.
            "email" if !self.user_in_path => {
                self.names_user = true;
                Ok(NameMeaning::User)
            }
            "email" => Ok(NameMeaning::Other),
            _ if OTHER_NAMES.contains(&name) => Ok(NameMeaning::Other),
            _ => Err(format!("{name}: nobody knows what it stands for")),
        }
    }

    /// A body by its schema: examples, and markers where a tenant or a user is named. What may be
    /// left out and has no example is left out.
    fn body(&mut self, document: &Value, schema: &Value) -> Result<Value, String> {
        let schema = resolve(document, schema);
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut all = Map::new();
            for part in parts {
                let Value::Object(members) = self.body(document, part)? else {
                    return Err("a part of its body is no object".to_owned());
                };
                all.extend(members);
            }
            return Ok(Value::Object(all));
        }
        if let Some(items) = schema.get("items") {
            return Ok(Value::Array(vec![self.body(document, items)?]));
        }
        let Some(properties) = schema["properties"].as_object() else {
            return Err("its body is made of something unknown".to_owned());
        };
        let mut members = Map::new();
        for (name, member) in properties {
            let member = resolve(document, member);
            let required =
                schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            let value = if member.get("properties").or(member.get("items")).is_some() {
                Some(self.body(document, member)?)
            } else {
                match self.meaning(name)? {
                    NameMeaning::Tenant => Some(TENANT_MARKER.into()),
                    NameMeaning::User => Some(USER_MARKER.into()),
                    NameMeaning::Other if member["type"] == "boolean" => Some(false.into()),
                    NameMeaning::Other => member.get("example").cloned(),
                }
            };
            match value {
                Some(value) => drop(members.insert(name.clone(), value)),
                None if required => return Err(format!("{name}: the document has no example")),
                None => {}
            }
        }
        Ok(Value::Object(members))
    }

    /// The path and the body of a call.
    pub(crate) fn request(&self, tenant: &str, user: &UserIdentity) -> (String, Option<Value>) {
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let path = self.template.replace("{tenantId}", &escaped(tenant));
        let path = path.replace("{userId}", &escaped(&user.id));
        let query = self.query.iter().map(|name| format!("{name}={}", escaped(tenant)));
        let query: Vec<_> = query.collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let body = self.body.as_ref().map(|body| fill(body, tenant, &user.email));
        (format!("{path}{query}"), body)
    }

    /// Its method and path, as the document has them.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

/// In a body, where a tenant goes.
const TENANT_MARKER: &str = "{the tenant}";
/// In a body, where a user's e-mail address goes.
const USER_MARKER: &str = "{the user}";

fn fill(body: &Value, tenant: &str, email: &str) -> Value {
    match body {
        Value::String(text) if text == TENANT_MARKER => tenant.into(),
        Value::String(text) if text == USER_MARKER => email.into(),
        Value::Array(items) => items.iter().map(|item| fill(item, tenant, email)).collect(),
        Value::Object(members) => {
            let fill = |(name, value): (&String, _)| (name.clone(), fill(value, tenant, email));
            Value::Object(members.iter().map(fill).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => body.clone(),
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}
