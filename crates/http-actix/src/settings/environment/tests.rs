use serde_json::json;

use super::super::schema::schema;
use super::*;

fn with<T>(variables: &[(&str, &str)], f: impl FnOnce(&Environment<'_>) -> T) -> T {
    let schema = schema().unwrap();
    let variables =
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    f(&Environment::new(&schema, variables))
}

fn apply(variables: &[(&str, &str)]) -> (Value, Vec<String>) {
    let (mut settings, mut errors) = (json!({}), Errors::default());
    with(variables, |environment| environment.apply(&mut settings, &mut errors));
    let lines = errors.into_result(()).err().map(|error| error.lines());
    (settings, lines.unwrap_or_default())
}

#[test]
fn variable_has_the_type_of_its_setting() {
    for (name, text, pointer, expected) in [
        ("USHER__HTTP__WORKERS", " 2 ", "/http/workers", json!(2)),
        ("USHER__HTTP__WORKERS", "-2", "/http/workers", json!(-2)),
        ("USHER__HTTP__WORKERS", "2.0", "/http/workers", json!("2.0")),
        ("USHER__HTTP__DOCS", "False", "/http/docs", json!(false)),
        ("USHER__HTTP__DOCS", "no", "/http/docs", json!("no")),
        ("USHER__TRACES__SAMPLE_RATIO", "1", "/traces/sample_ratio", json!(1.0)),
        ("USHER__TRACES__SAMPLE_RATIO", "NaN", "/traces/sample_ratio", json!("NaN")),
        ("USHER__HTTP__CORS_ORIGINS", "a, b,", "/http/cors_origins", json!(["a", "b"])),
        ("USHER__HTTP__CORS_ORIGINS", "", "/http/cors_origins", json!([])),
        ("usher__http__listen", "1", "/http/listen", json!("1")),
        (
            "USHER__DIRECTORY__AUTH0__CLIENT_ID",
            "12345",
            "/directory/auth0/client_id",
            json!("12345"),
        ),
        ("USHER__DIRECTORY__AUTH0__AUDIENCE", "1e5", "/directory/auth0/audience", json!("1e5")),
        (
            "USHER__DIRECTORY__AUTH0__CLIENT_SECRET",
            "a,b",
            "/directory/auth0/client_secret",
            json!("a,b"),
        ),
        (
            "USHER__DIRECTORY__AUTH0__CONNECTION",
            "true",
            "/directory/auth0/connection",
            json!("true"),
        ),
        ("USHER__TRACES__SERVICE_NAME", "0123", "/traces/service_name", json!("0123")),
    ] {
        let (settings, errors) = apply(&[(name, text)]);
        assert_eq!(settings.pointer(pointer), Some(&expected), "{name}={text}");
        assert_eq!(errors, Vec::<String>::new(), "{name}={text}");
    }
}

#[test]
fn unknown_variable_is_an_error_that_names_a_known_one() {
    for (name, expected) in [
        (
            "USHER__HTTP_LISTEN",
            "http_listen: is not a setting; the variable is USHER__HTTP_LISTEN; did you mean \
             USHER__HTTP__LISTEN?",
        ),
        (
            "USHER__DIRECTORY__AUTH0__CLIENT_SECERT",
            "directory.auth0.client_secert: is not a setting; the variable is \
             USHER__DIRECTORY__AUTH0__CLIENT_SECERT; did you mean \
             USHER__DIRECTORY__AUTH0__CLIENT_SECRET?",
        ),
        (
            "USHER__CONFIG",
            "config: is not a setting; the variable is USHER__CONFIG; did you mean USHER_CONFIG?",
        ),
        ("USHER__HTTP__X", "http.x: is not a setting; the variable is USHER__HTTP__X"),
        ("USHER__FOO", "foo: is not a setting; the variable is USHER__FOO"),
        (
            "USHER__ROLES",
            "roles: can be set only in the file, and not by the variable USHER__ROLES",
        ),
        ("USHER__HTTP", "http: can be set only in the file, and not by the variable USHER__HTTP"),
    ] {
        assert_eq!(apply(&[(name, "hunter2")]), (json!({}), vec![expected.to_owned()]), "{name}");
    }
}

#[test]
fn misspelt_prefix_is_reported_and_ignored() {
    let ignored =
        |name, value| with(&[(name, value)], |environment| Vec::from_iter(environment.ignored()));
    for (name, meant) in [
        ("USHER_HTTP_LISTEN", "; did you mean USHER__HTTP__LISTEN?"),
        ("USHER_HTTP__LISTEN", "; did you mean USHER__HTTP__LISTEN?"),
        ("USHER_CONFIG_FILE", ""),
        ("usher_config", "; did you mean USHER_CONFIG?"),
        ("USHER_HTTP_PORT", ""),
    ] {
        let expected =
            format!("{name}: is not a variable of Usher{meant}; the variable is ignored");
        assert_eq!(ignored(name, "hunter2"), [expected], "{name}");
    }
    for (name, value) in [
        ("USHER_CONFIG", "usher.toml"),
        ("USHERS_HTTP_LISTEN", "x"),
        ("USHER__FOO", "an error instead"),
        // Kubernetes sets these for a service `usher` in the same namespace.
        ("USHER_SERVICE_HOST", "10.0.0.1"),
        ("USHER_SERVICE_PORT", "80"),
        ("USHER_SERVICE_PORT_HTTP", "80"),
        ("USHER_PORT", "tcp://10.0.0.1:80"),
        ("USHER_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("USHER_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("USHER_ADMIN_PORT_9090_TCP_PROTO", "tcp"),
    ] {
        assert_eq!(ignored(name, value), Vec::<String>::new(), "{name}");
    }
}
