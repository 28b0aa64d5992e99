//! The comparison with the contracts finds injected deviations.

use serde_json::{Value, json};

use super::compare::deviations;
use super::{derived_document, read_contract};

/// Returns the deviations from the contracts after one value was replaced, or removed if `value` is
/// null.
fn deviations_with(pointer: &str, value: Value) -> Vec<String> {
    let mut document = derived_document();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer} does not exist"));
    match (parent, value) {
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        (Value::Object(members), Value::Null) => drop(members.remove(&name).unwrap()),
        (parent, value) => parent[&name] = value,
    }
    let contracts = ["tenant-users", "user-management"];
    contracts.into_iter().flat_map(|name| deviations(&read_contract(name), &document)).collect()
}

#[test]
fn every_kind_of_deviation_is_reported() {
    const LIST: &str = "/paths/~1api~1v1~1users/get";
    const USER: &str = "/paths/~1api~1v1~1users~1{userId}";
    const TENANT_USER: &str = "/paths/~1api~1{tenantId}~1admin~1users~1{userId}";
    const SCHEMAS: &str = "/components/schemas";
    let nullable = json!(["string", "null"]);
    let parameter =
        |required| json!({"name": "new", "in": "query", "required": required, "schema": {}});
    let user = json!({"$ref": "#/components/schemas/UserResponse"});
    let content = json!({"application/json": {"schema": user}});
    for (pointer, value, expected) in [
        // Operations
        (USER.to_owned(), json!(null), "PUT /api/v1/users/{userId}: missing"),
        (format!("{USER}/put"), json!(null), "PUT /api/v1/users/{userId}: missing"),
        (format!("{USER}/patch"), json!({}), "PATCH /api/v1/users/{userId}: not in the contract"),
        (
            format!("{USER}/get/operationId"),
            json!("other"),
            "GET /api/v1/users/{userId}: operationId differs",
        ),
        (
            format!("{USER}/get/deprecated"),
            json!(true),
            "GET /api/v1/users/{userId}: deprecated differs",
        ),
        (
            "/paths/~1api~1v1~1users~1{userId}~1change-password/patch/deprecated".to_owned(),
            json!(null),
            "PATCH /api/v1/users/{userId}/change-password: deprecated differs",
        ),
        (format!("{LIST}/security"), json!(null), "GET /api/v1/users: security differs"),
        (
            format!("{LIST}/security"),
            json!([{"bearer": []}, {}]),
            "GET /api/v1/users: security differs",
        ),
        (
            format!("{LIST}/security"),
            json!([{"OAuth2": []}]),
            "GET /api/v1/users: security differs",
        ),
        (
            format!("{TENANT_USER}/get/security/0/OAuth2"),
            json!(["tenant.access:write"]),
            "GET /api/{tenantId}/admin/users/{userId}: security differs",
        ),
        // Parameters
        (
            format!("{LIST}/parameters/0/name"),
            json!("tenant"),
            "GET /api/v1/users filter[tenant]: missing",
        ),
        (
            format!("{LIST}/parameters/0/in"),
            json!("header"),
            "GET /api/v1/users filter[tenant]: missing",
        ),
        (
            format!("{LIST}/parameters/0/required"),
            json!(false),
            "GET /api/v1/users filter[tenant]: required differs",
        ),
        (
            format!("{LIST}/parameters/1/required"),
            json!(true),
            "GET /api/v1/users page[size]: required differs",
        ),
        (
            format!("{LIST}/parameters/1/schema/type"),
            json!("string"),
            "GET /api/v1/users page[size]: type differs",
        ),
        (
            format!("{LIST}/parameters/1/schema/type"),
            json!(["integer", "null"]),
            "GET /api/v1/users page[size]: nullable differs",
        ),
        (format!("{SCHEMAS}/Sort/enum/3"), json!("-name"), "GET /api/v1/users sort: enum differs"),
        (
            format!("{USER}/get/parameters"),
            json!([parameter(true)]),
            "GET /api/v1/users/{userId} userId: missing",
        ),
        (
            format!("{USER}/get/parameters"),
            json!([parameter(true)]),
            "GET /api/v1/users/{userId} new: required, but not in the contract",
        ),
        (
            format!("{TENANT_USER}/get/parameters/0/name"),
            json!("tenant"),
            "GET /api/{tenantId}/admin/users/{userId} tenantId: missing",
        ),
        // Requests
        (
            format!("{USER}/put/requestBody"),
            json!(null),
            "PUT /api/v1/users/{userId} body: missing",
        ),
        (
            format!("{USER}/get/requestBody"),
            json!({"content": content}),
            "GET /api/v1/users/{userId} body: not in the contract",
        ),
        (
            format!("{USER}/put/requestBody/content"),
            json!({"text/json": {"schema": {}}}),
            "PUT /api/v1/users/{userId} body: application/json missing",
        ),
        (
            format!("{SCHEMAS}/UserCreateRequest/required"),
            json!([
                "email",
                "serviceUser",
                "tenantName",
                "username",
                "firstName",
                "lastName",
                "password"
            ]),
            "POST /api/v1/users body: required differs",
        ),
        (
            format!("{SCHEMAS}/UserCreateRequest/properties/password/type"),
            nullable.clone(),
            "POST /api/v1/users body password: nullable differs",
        ),
        (
            format!("{SCHEMAS}/UpdateTenantUser/properties/role/type"),
            json!("string"),
            "PUT /api/{tenantId}/admin/users/{userId} body role: nullable differs",
        ),
        (
            format!("{SCHEMAS}/UpdateTenantUser/required"),
            json!(null),
            "PUT /api/{tenantId}/admin/users/{userId} body: required differs",
        ),
        (
            format!("{SCHEMAS}/CreateTenantUser/properties/email/minLength"),
            json!(null),
            "POST /api/{tenantId}/admin/users body email: minLength differs",
        ),
        // Responses
        (
            format!("{USER}/put/responses/207"),
            json!(null),
            "PUT /api/v1/users/{userId} 207: missing",
        ),
        (
            format!("{USER}/put/responses/202"),
            json!({}),
            "PUT /api/v1/users/{userId} 202: not in the contract",
        ),
        (
            "/paths/~1api~1{tenantId}~1admin~1users/post/responses/409".to_owned(),
            json!(null),
            "POST /api/{tenantId}/admin/users 409: missing",
        ),
        (
            format!("{USER}/delete/responses/204/content"),
            content.clone(),
            "DELETE /api/v1/users/{userId} 204: application/json not in the contract",
        ),
        (
            "/paths/~1api~1{tenantId}~1admin~1users/get/responses/200/content".to_owned(),
            json!({"application/json": {"schema": {"type": "array", "items": user}}}),
            "GET /api/{tenantId}/admin/users 200 [].tenantRole: missing",
        ),
        (
            format!("{SCHEMAS}/UserResponse/required"),
            json!(["id", "email"]),
            "GET /api/v1/users/{userId} 200: required differs",
        ),
        (
            format!("{SCHEMAS}/UserCreateRequest/properties/tenantName/enum"),
            json!(["acme"]),
            "POST /api/v1/users body tenantName: enum differs",
        ),
        (
            format!("{SCHEMAS}/UserResponse/properties/lastLogin/type"),
            json!("string"),
            "GET /api/v1/users 200 data[].lastLogin: nullable differs",
        ),
        (
            format!("{SCHEMAS}/UserResponse/properties/lastLogin/type"),
            json!("string"),
            "PUT /api/v1/users/{userId} 207 lastLogin: nullable differs",
        ),
        (
            format!("{SCHEMAS}/UserResponse/properties/lastLogin/format"),
            json!(null),
            "GET /api/v1/users/{userId} 200 lastLogin: format differs",
        ),
        (
            format!("{SCHEMAS}/UserResponse/properties/lastName"),
            json!(null),
            "POST /api/v1/users 201 lastName: missing",
        ),
        (
            format!("{SCHEMAS}/UserListResponse/properties/data"),
            user.clone(),
            "GET /api/v1/users 200 data: items differ",
        ),
        (
            format!("{SCHEMAS}/Links/properties/href"),
            json!(null),
            "GET /api/v1/users 200 links.prev.href: missing",
        ),
        (
            format!("{SCHEMAS}/TenantUser/properties/tenantRole/type"),
            json!("string"),
            "GET /api/{tenantId}/admin/users 200 [].tenantRole: nullable differs",
        ),
        // Components
        (format!("{SCHEMAS}/ErrorResponse"), json!(null), "ErrorResponse: missing"),
        (
            format!("{SCHEMAS}/ErrorObject/properties/meta"),
            json!({"type": "object"}),
            "Error meta: nullable differs",
        ),
        (
            "/components/securitySchemes/bearer/scheme".to_owned(),
            json!("basic"),
            "bearer: scheme differs",
        ),
        (
            "/components/securitySchemes/OAuth2/flows/implicit/scopes/tenant.access:read"
                .to_owned(),
            json!(null),
            "OAuth2: flows differs",
        ),
    ] {
        let deviations = deviations_with(&pointer, value);
        assert!(
            deviations.iter().any(|one| one == expected),
            "{expected}\nis not in\n{deviations:#?}"
        );
    }
}

#[test]
fn allowed_additions_are_no_deviation() {
    const SCHEMAS: &str = "/components/schemas";
    let optional_parameter = json!({"name": "new", "in": "query", "required": false, "schema": {}});
    for (pointer, value) in [
        ("/paths/~1new".to_owned(), json!({"get": {}})),
        ("/paths/~1api~1v1~1users/get/responses/418".to_owned(), json!({})),
        ("/paths/~1api~1v1~1users/post/parameters".to_owned(), json!([optional_parameter])),
        (format!("{SCHEMAS}/New"), json!({})),
        (
            "/paths/~1api~1v1~1users/get/security".to_owned(),
            json!([{"bearer": []}, {"OAuth2": []}]),
        ),
        (format!("{SCHEMAS}/Links/required"), json!(["href", "meta"])),
        (format!("{SCHEMAS}/UserResponse/properties/tenantName/enum"), json!(["acme", "globex"])),
        (format!("{SCHEMAS}/UserCreateRequest/properties/new"), json!({"type": "string"})),
        (format!("{SCHEMAS}/UserResponse/description"), json!("In other words.")),
    ] {
        assert_eq!(deviations_with(&pointer, value), [""; 0], "{pointer}");
    }
}
