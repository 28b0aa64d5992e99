//! What makes the document usable on the documentation page and by generators of clients.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::compare::{members, resolve};
use super::{derived_document, operations};
use crate::support::App;

/// The strings of an array.
fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// Adds the names of the schemas that a value refers to, and that those refer to.
fn add_references<'a>(document: &'a Value, value: &'a Value, names: &mut BTreeSet<&'a str>) {
    super::visit(value, &mut |value| {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
        if names.insert(reference.rsplit('/').next().unwrap()) {
            add_references(document, resolve(document, value), names);
        }
    });
}

#[test]
fn contract_operations_accept_both_security_schemes() {
    for (name, operation) in operations(&derived_document()) {
        let requirements = operation["security"].as_array().into_iter().flatten();
        // Each alternative requires one scheme; an empty one would require no token.
        let schemes: BTreeSet<_> = requirements
            .map(|requirement| members(requirement).map(|(scheme, _)| scheme.as_str()).collect())
            .map(|schemes: Vec<_>| schemes.join("+"))
            .collect();
        let expected: &[&str] = if name.contains(" /api/") { &["OAuth2", "bearer"] } else { &[] };
        assert_eq!(Vec::from_iter(schemes), expected, "{name}");
    }
}

#[test]
fn security_schemes_are_described() {
    let document = derived_document();
    for (name, scheme) in members(&document["components"]["securitySchemes"]) {
        assert!(!scheme["description"].as_str().unwrap_or_default().is_empty(), "{name}");
    }
}

#[test]
fn every_operation_has_one_described_tag() {
    let document = derived_document();
    let tags = document["tags"].as_array().unwrap();
    let described: BTreeSet<_> = tags
        .iter()
        .filter(|tag| !tag["description"].as_str().unwrap().is_empty())
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert_eq!(described.len(), tags.len());
    let mut used = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let tags = texts(&operation["tags"]);
        assert_eq!(tags.len(), 1, "{name}");
        used.extend(tags);
    }
    assert_eq!(used, described);
}

#[test]
fn error_codes_are_an_enum() {
    let document = derived_document();
    let schemas = &document["components"]["schemas"];
    let known = texts(&schemas["ErrorCode"]["enum"]);
    for schema in ["Problem", "FieldProblem", "ErrorObject"] {
        let code = &schemas[schema]["properties"]["code"];
        let codes: BTreeSet<_> = texts(&resolve(&document, code)["enum"]).into_iter().collect();
        assert_eq!(codes, known.iter().copied().collect(), "{schema}");
    }
    let described = texts(&schemas["ErrorCode"]["x-enum-descriptions"]);
    assert_eq!(described.len(), known.len());
    assert!(described.iter().all(|text| text.ends_with('.') && !text.starts_with(' ')));
    for (name, operation) in operations(&document) {
        for (status, response) in members(&operation["responses"]) {
            if status.as_str() >= "400" {
                let codes = response["description"].as_str().unwrap();
                assert!(codes.split(", ").all(|code| known.contains(&code)), "{name} {status}");
            }
        }
    }
}

/// The members of responses that can be absent.
const OPTIONAL_MEMBERS: [&str; 8] = [
    "Links.meta",
    "ListLinks.next",
    "ListLinks.prev",
    "Me.memberships",
    "Meta.field",
    "Meta.parameter",
    "Problem.errors",
    "UserResponse.status",
];

#[test]
fn members_that_are_always_present_are_required() {
    let document = derived_document();
    let mut names = BTreeSet::new();
    for (_, operation) in operations(&document) {
        add_references(&document, &operation["responses"], &mut names);
    }
    let mut optional = Vec::new();
    for name in names {
        let schema = &document["components"]["schemas"][name];
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for part in &parts {
            let required = texts(&part["required"]);
            let members = members(&part["properties"]).map(|(member, _)| member.as_str());
            let members = members.filter(|member| !required.contains(member));
            optional.extend(members.map(|member| format!("{name}.{member}")));
        }
    }
    assert_eq!(optional, OPTIONAL_MEMBERS);
}

#[test]
fn sort_orders_have_variable_names() {
    let document = derived_document();
    let sort = &document["components"]["schemas"]["Sort"];
    let names = texts(&sort["x-enum-varnames"]);
    let pairs: Vec<_> = texts(&sort["enum"]).into_iter().zip(names.iter().copied()).collect();
    assert_eq!(pairs.len(), 12);
    assert_eq!(names.len(), 12);
    assert!(pairs.contains(&("firstName", "FirstName")), "{pairs:?}");
    assert!(pairs.contains(&("-firstName", "FirstNameDescending")), "{pairs:?}");
}

/// Names that generators already use in TypeScript or Python.
const RESERVED_NAMES: [&str; 14] = [
    "Any",
    "Array",
    "Client",
    "Date",
    "Dict",
    "Error",
    "Exception",
    "File",
    "List",
    "Map",
    "Object",
    "Promise",
    "Set",
    "String",
];

#[test]
fn no_schema_has_a_reserved_name() {
    let document = derived_document();
    for (name, _) in members(&document["components"]["schemas"]) {
        assert!(!RESERVED_NAMES.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn metrics_are_plain_text_for_generators() {
    let document = derived_document();
    let content = &document["paths"]["/metrics"]["get"]["responses"]["200"]["content"];
    assert_eq!(content["text/plain"]["schema"], json!({"type": "string"}));

    let app = App::start().await;
    for (accept, media_type) in [
        (Some("text/plain"), "text/plain; charset=utf-8"),
        (Some("text/plain;version=0.0.4"), "text/plain; charset=utf-8"),
        (Some("text/*"), "text/plain; charset=utf-8"),
        (
            Some("text/plain, application/openmetrics-text;version=1.0.0"),
            "application/openmetrics-text",
        ),
        (Some("text/plain, */*;q=0.1"), "application/openmetrics-text"),
        (Some("application/openmetrics-text;q=0, text/plain"), "text/plain; charset=utf-8"),
        (Some("*/*"), "application/openmetrics-text"),
        (None, "application/openmetrics-text"),
    ] {
        let client = app.anonymous();
        let client = match accept {
            Some(accept) => client.header("accept", accept),
            None => client,
        };
        let answer = client.get("/metrics").await;
        let sent = answer.header("content-type").unwrap();
        assert!(sent.starts_with(media_type), "{accept:?}: {sent}");
        assert!(content.get(sent.split(';').next().unwrap()).is_some(), "{sent}");
        assert!(answer.text.ends_with("# EOF\n"), "{accept:?}");
    }
}
