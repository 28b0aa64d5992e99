use serde_json::json;

use super::super::schema::schema;
use super::*;

/// Checks the values over the defaults; returns the repaired values and the errors.
fn checked(mut value: Value) -> (Value, Vec<String>) {
    let mut errors = Errors::default();
    check(&schema().unwrap(), &mut value, "", &mut errors);
    let lines = errors.into_result(()).err().map(|error| error.lines());
    (value, lines.unwrap_or_default())
}

#[test]
fn every_error_is_found_and_repaired() {
    let (repaired, errors) = checked(json!({
        "http": {"workers": "2", "max_body_bytes": -1, "listn": 1, "public_url": true},
        "log": {"format": "xml"},
        "limits": {"reads_per_minute": 4_294_967_296_u64},
        "traces": {"sample_ratio": 1.5},
        "auth": {"issuers": [{"issuer": 1, "algorithms": ["RS256", "HS256"], "tenants": 2}]},
        "roles": [{"name": "a", "may": ["fly"]}],
        "nonsense": 1,
    }));
    let expected = [
        "nonsense: is not a setting; known here: accounts, auth, database, directory, http, \
         limits, log, overload, passwords, reload, roles, traces",
        "auth.issuers[0].audience: is required",
        "auth.issuers[0].algorithms[1]: must be RS256, RS384, RS512, PS256, PS384, PS512, ES256, \
         ES384, EdDSA or Ed25519",
        "auth.issuers[0].issuer: must be a string",
        "auth.issuers[0].tenants: must be \"issuer\", \"membership\", \"all\" or { claim = \"…\" }",
        "http.listn: is not a setting; did you mean listen?",
        "http.max_body_bytes: must be a non-negative integer",
        "http.public_url: must be a string",
        "http.workers: must be a non-negative integer",
        "limits.reads_per_minute: must be an integer from 0 to 4294967295",
        "log.format: must be text or json",
        "roles[0].may[0]: must be read or write",
        "traces.sample_ratio: must be a number from 0 to 1",
    ];
    assert_eq!(errors, expected);
    assert_eq!(checked(repaired.clone()).1, Vec::<String>::new(), "{repaired}");
    assert_eq!(repaired["http"], json!({"workers": 0, "max_body_bytes": 65536}));
}

#[test]
fn section_of_wrong_type_becomes_its_defaults() {
    let (repaired, errors) = checked(json!({"http": 1, "roles": {}}));
    assert_eq!(errors, ["http: must be a table", "roles: must be a list"]);
    assert_eq!(repaired["http"]["workers"], 0);
    assert_eq!(repaired["roles"].as_array().map(Vec::len), Some(4));
}
