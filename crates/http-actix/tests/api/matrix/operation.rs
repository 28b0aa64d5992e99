//! Requests derived from the OpenAPI document, so that new operations are called without changes
//! here.
//!
//! A parameter's name states what it means. An unknown name is an error: it may be a tenant or a
//! user that the matrix would otherwise not vary.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::users::UserIdentity;

/// What a parameter or member means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameMeaning {
    Tenant,
    User,
    /// Neither; filled with the document's example.
    Other,
}

/// Names that mean neither a tenant nor a user.
const OTHER_NAMES: [&str; 14] = [
    "force",
    "emailVerified",
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

/// An operation, and where its requests name a tenant and a user.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// The path with its parameters in braces.
    pub(crate) template: String,
    /// Whether requests name a tenant.
    pub(crate) names_tenant: bool,
    /// Whether requests name a user.
    pub(crate) names_user: bool,
    /// Whether the path names the user; otherwise the body does, by e-mail address.
    pub(crate) user_in_path: bool,
    query: Vec<String>,
    /// The body, filled with examples.
    pub(crate) body: Option<Value>,
}

/// Returns the operations of the current program, and errors.
pub(crate) fn operations() -> (Vec<Operation>, Vec<String>) {
    let document = serde_json::from_str(&usher_http::openapi::text().unwrap()).unwrap();
    operations_of(&document)
}

/// Returns the secured operations of a document, and errors for those that cannot be called.
pub(crate) fn operations_of(document: &Value) -> (Vec<Operation>, Vec<String>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (template, item) in document["paths"].as_object().unwrap() {
        // A fixed order, whatever that of the document is.
        for method in ["get", "post", "put", "patch", "delete", "head", "options", "trace"] {
            let Some(operation) = item.get(method) else { continue };
            let name = format!("{} {template}", method.to_uppercase());
            if operation.get("security").is_none() {
                if template.starts_with("/api/") {
                    unknown.push(format!("{name}: requires no token"));
                }
                continue;
            }
            let method = method.to_uppercase().parse().unwrap();
            match Operation::parse(document, method, template, operation) {
                Ok(operation) => known.push(operation),
                Err(error) => unknown.push(format!("{name}: {error}")),
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
        if let Some(undeclared) =
            in_template.iter().find(|part| !in_path.iter().any(|known| known == *part))
        {
            return Err(format!("{undeclared}: not declared as a path parameter"));
        }
        if let Some(body) = operation.get("requestBody") {
            let content = body["content"].as_object().unwrap();
            let schema = content.get("application/json").ok_or("its body is not JSON")?;
            parsed.body = Some(parsed.body(document, &schema["schema"])?);
        }
        Ok(parsed)
    }

    /// Returns what a name means, and records that the operation has such a parameter.
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
            // Where the path names the user, this is the new address.
            "email" if !self.user_in_path => {
                self.names_user = true;
                Ok(NameMeaning::User)
            }
            "email" => Ok(NameMeaning::Other),
            _ if OTHER_NAMES.contains(&name) => Ok(NameMeaning::Other),
            _ => Err(format!("{name}: unknown name")),
        }
    }

    /// Builds a body from its schema: examples, and markers for tenants and users. Optional members
    /// without an example are omitted.
    fn body(&mut self, document: &Value, schema: &Value) -> Result<Value, String> {
        let schema = resolve(document, schema);
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut all = Map::new();
            for part in parts {
                let Value::Object(members) = self.body(document, part)? else {
                    return Err("a part of its body is not an object".to_owned());
                };
                all.extend(members);
            }
            return Ok(Value::Object(all));
        }
        if let Some(items) = schema.get("items") {
            return Ok(Value::Array(vec![self.body(document, items)?]));
        }
        let Some(properties) = schema["properties"].as_object() else {
            return Err("its body has an unsupported schema".to_owned());
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

    /// Returns the path and body of a call.
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

    /// Whether a user is visible to the operation only in the tenant that it names; otherwise in any
    /// tenant of the caller.
    pub(crate) fn shows_users_of_named_tenant(&self) -> bool {
        self.names_tenant && !self.template.ends_with("/home")
    }

    /// Whether the operation has a limit for each hour, whoever calls it.
    pub(crate) fn is_limited_by_hour(&self) -> bool {
        self.template.ends_with("/invitation")
    }

    /// Whether only operators may call the operation.
    pub(crate) fn is_for_operators(&self) -> bool {
        ["/home", "/proof", "/release"].iter().any(|end| self.template.ends_with(end))
    }

    /// Whether the operation is about the caller itself.
    pub(crate) fn is_about_caller(&self) -> bool {
        self.template.starts_with("/api/v1/me")
    }

    /// Returns method and path as in the document.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

/// Marks a tenant in a body.
const TENANT_MARKER: &str = "{the tenant}";
/// Marks a user's e-mail address in a body.
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
