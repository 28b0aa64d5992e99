//! Seeds: what they may contain, and the errors of invalid ones.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;

use conformance::{Caller, ManualClock, acme, catalogue, globex, role};
use domain::{CurrentPassword, ListQuery, NewMember, RoleCatalogue, RoleDefinition, User};
use memory_adapter::{MemoryDirectory, SeedError, SeedSummary};
use ports::{Clock, PasswordCheck, PasswordVerdict, UserDirectory};
use proptest::prelude::*;

fn empty() -> MemoryDirectory {
    MemoryDirectory::new(catalogue(), Arc::new(ManualClock::new()))
}

fn load(directory: &MemoryDirectory, text: impl AsRef<[u8]>) -> Result<SeedSummary, SeedError> {
    directory.load_seed(text.as_ref())
}

async fn find(directory: &MemoryDirectory, id: &str) -> Option<User> {
    let scope = Caller::operator().views();
    directory.find(&scope, &id.parse().unwrap()).await.unwrap().map(std::sync::Arc::unwrap_or_clone)
}

async fn users_of_acme(directory: &MemoryDirectory) -> Vec<User> {
    let scope = Caller::of([acme()]).reads(&acme());
    let page = conformance::select(directory, &scope, ListQuery::default()).await.unwrap();
    page.users.iter().map(|view| User::clone(view)).collect()
}

#[tokio::test]
async fn full_line_sets_every_field() {
    let directory = empty();
    let line = r#"{"id":"auth0|1","email":"Ada@Acme.example","username":"Ada","firstName":"Ada",
        "lastName":"Lovelace","name":"Ada L.","serviceUser":true,"blocked":true,
        "createdAt":"2025-01-01T01:00:00+01:00","updatedAt":"2025-01-02T00:00:00Z",
        "lastLogin":"2025-01-03T00:00:00.5Z","password":"correct-horse","homeTenant":"acme",
        "tenants":{"acme":"admin","globex":"retired"}}"#;
    let summary = load(&directory, line.replace('\n', "")).unwrap();
    assert_eq!(summary, SeedSummary { accounts: 1, passwords: 1, unknown_roles: 1 });

    let ada = find(&directory, "auth0|1").await.unwrap();
    assert_eq!(ada.email.as_str(), "ada@acme.example");
    assert_eq!(ada.username_or_email(), "ada");
    assert_eq!((ada.given_name_or_empty(), ada.family_name_or_empty()), ("Ada", "Lovelace"));
    assert_eq!(ada.display_name.as_ref().unwrap().as_str(), "Ada L.");
    assert!(ada.service_user && ada.blocked);
    assert_eq!(ada.created_at.to_string(), "2025-01-01T00:00:00.000Z");
    assert_eq!(ada.updated_at.unwrap().to_string(), "2025-01-02T00:00:00.000Z");
    assert_eq!(ada.last_login.unwrap().to_string(), "2025-01-03T00:00:00.500Z");
    assert_eq!(ada.home, Some(acme()));
    assert_eq!(ada.role_in(&acme()).unwrap().name().as_str(), "admin");
    assert_eq!(ada.role_in(&globex()), None, "a role outside the catalogue is no access");

    let scope = Caller::of([acme()]).changes();
    let offered = CurrentPassword::offered("correct-horse".to_owned());
    let verdict = directory.verify(&scope, &ada, offered, None).await.unwrap();
    assert_eq!(verdict, PasswordVerdict::Match);
}

#[tokio::test]
async fn email_is_verified_only_if_the_line_says_so() {
    let directory = empty();
    let lines = r#"{"id":"auth0|1","email":"a@x.test","emailVerified":true}
{"id":"auth0|2","email":"b@x.test","emailVerified":false}
{"id":"auth0|3","email":"c@x.test","emailVerified":null}
{"id":"auth0|4","email":"d@x.test"}
"#;
    load(&directory, lines).unwrap();
    for (id, verified) in
        [("auth0|1", true), ("auth0|2", false), ("auth0|3", false), ("auth0|4", false)]
    {
        let user = find(&directory, id).await.unwrap();
        assert_eq!(user.credentials.email_verified, verified, "{id}");
    }
    for value in ["1", "\"true\"", "[]"] {
        let line = format!(r#"{{"email":"e@x.test","emailVerified":{value}}}"#);
        let error = load(&directory, line).unwrap_err().to_string();
        assert!(error.contains("emailVerified"), "{error}");
    }
}

#[tokio::test]
async fn membership_survives_catalogues_without_its_role() {
    let directory = empty();
    load(&directory, r#"{"id":"auth0|1","email":"a@x.test","homeTenant":"globex"}"#).unwrap();
    let writes = Caller::of([acme()]).writes(&acme());
    let name = Some("Guest".parse().unwrap());
    let email = "a@x.test".parse().unwrap();
    let member = NewMember { email, role: role("viewer"), name };
    directory.attach_or_create(&writes, member).await.unwrap();
    let edited = directory.edit(&"auth0|1".parse().unwrap(), |user| {
        let membership = user.memberships.get_mut(&acme()).unwrap();
        membership.suspended = true;
        membership.expires_at = Some(ManualClock::new().now());
    });
    assert!(edited);
    let before = find(&directory, "auth0|1").await.unwrap();

    let without = RoleCatalogue::new(vec![RoleDefinition {
        name: "owner".parse().unwrap(),
        access: [].into(),
        protected: false,
        default: true,
    }]);
    directory.set_roles(&Arc::new(without.unwrap()));
    assert_eq!(find(&directory, "auth0|1").await.unwrap().memberships, [].into());
    directory.set_roles(&catalogue());
    assert_eq!(find(&directory, "auth0|1").await, Some(before));
    assert!(!directory.edit(&"auth0|2".parse().unwrap(), |_| {}));
}

#[tokio::test]
async fn email_alone_is_a_valid_line() {
    let directory = empty();
    let summary = load(&directory, r#"{"email":"ada@acme.example","tenants":{"acme":"member"}}"#);
    assert_eq!(summary.unwrap(), SeedSummary { accounts: 1, passwords: 0, unknown_roles: 0 });

    let [ada] = users_of_acme(&directory).await.try_into().unwrap();
    let hex = ada.id.as_str().strip_prefix("auth0|").unwrap();
    assert!(hex.len() == 24 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!((&ada.username, &ada.given_name, &ada.family_name), (&None, &None, &None));
    assert_eq!((&ada.display_name, &ada.home), (&None, &None));
    assert!(!ada.service_user && !ada.blocked);
    assert_eq!(ada.created_at, ManualClock::new().now());
    assert_eq!((ada.updated_at, ada.last_login), (None, None));
}

#[tokio::test]
async fn null_and_empty_names_are_absent() {
    let directory = empty();
    let line = r#"{"id":null,"email":"ada@acme.example","username":null,"firstName":"",
        "lastName":"","name":null,"serviceUser":null,"blocked":null,"createdAt":null,
        "updatedAt":null,"lastLogin":null,"password":null,"homeTenant":null,"tenants":null}
        "#;
    load(&directory, line.replace('\n', "")).unwrap();
    let line =
        r#"{"id":"x","email":"b@acme.example","firstName":null,"lastName":null,"tenants":{}}"#;
    load(&directory, line).unwrap();
    let bob = find(&directory, "x").await.unwrap();
    assert_eq!((bob.given_name, bob.family_name, bob.memberships.len()), (None, None, 0));
}

#[tokio::test]
async fn blank_lines_bom_and_crlf_are_accepted() {
    let directory = empty();
    let seed =
        "\u{feff}{\"email\":\"a@acme.example\"}\r\n\r\n  \t\n\n{\"email\":\"b@acme.example\"}";
    assert_eq!(load(&directory, seed).unwrap().accounts, 2);
    assert_eq!(load(&directory, "").unwrap(), SeedSummary::default());
    assert_eq!(load(&directory, "\u{feff}").unwrap(), SeedSummary::default());
    // On a later line it is an error.
    let error = load(&directory, "\n\u{feff}{\"email\":\"c@acme.example\"}").unwrap_err();
    assert_eq!(error.to_string(), "line 2: is not JSON, at column 1");
}

#[tokio::test]
async fn public_seed_has_the_same_passwords() {
    let directory = empty();
    let line = r#"{"id":"auth0|1","email":"a@x.test","password":"correct-horse"}"#;
    assert_eq!(directory.load_public_seed(line.as_bytes()).unwrap().passwords, 1);
    let user = find(&directory, "auth0|1").await.unwrap();
    let scope = Caller::operator().changes();
    for (offered, expected) in
        [("wrong-horse", PasswordVerdict::Mismatch), ("correct-horse", PasswordVerdict::Match)]
    {
        let offered = CurrentPassword::offered(offered.to_owned());
        assert_eq!(directory.verify(&scope, &user, offered, None).await.unwrap(), expected);
    }
    let weak = r#"{"email":"b@x.test","password":"1234567"}"#;
    let error = directory.load_public_seed(weak.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "line 1: password: must have at least 8 characters");
}

#[tokio::test]
async fn each_account_gets_its_own_password_hash() {
    let directory = empty();
    let line = |n| {
        format!("{{\"id\":\"u{n}\",\"email\":\"u{n}@x.test\",\"password\":\"password-{n}\"}}\n")
    };
    let seed: String = (0..5).map(line).collect();
    assert_eq!(load(&directory, seed).unwrap().passwords, 5);
    let scope = Caller::operator().changes();
    for n in 0..5 {
        let user = find(&directory, &format!("u{n}")).await.unwrap();
        let offered = CurrentPassword::offered(format!("password-{n}"));
        let verdict = directory.verify(&scope, &user, offered, None).await.unwrap();
        assert_eq!(verdict, PasswordVerdict::Match);
    }
}

/// Invalid lines, each with its problem.
const BAD: [(&str, &str); 46] = [
    ("nonsense", "is not JSON, at column 2"),
    (r#"{"email":"a@x.test"} {}"#, "is not JSON, at column 22"),
    (r#"{"email":"a@x.test",}"#, "is not JSON, at column 21"),
    (r#"{"email":"a@x.test""#, "is not JSON, at column 19"),
    (r#"["a@x.test"]"#, "must be a JSON object"),
    (r#""a@x.test""#, "must be a JSON object"),
    ("null", "must be a JSON object"),
    ("17", "must be a JSON object"),
    ("{}", "email: is required"),
    (r#"{"email":null}"#, "email: is required"),
    (r#"{"id":"1"}"#, "email: is required"),
    (r#"{"email":17}"#, "email: must be a string"),
    (r#"{"email":true}"#, "email: must be a string"),
    (r#"{"email":["a@x.test"]}"#, "email: must be a string"),
    (r#"{"email":{"a":"b"}}"#, "email: must be a string"),
    (r#"{"email":"a"}"#, "email: must be an e-mail address"),
    (r#"{"email":""}"#, "email: must be an e-mail address"),
    (r#"{"email":"a@x.test","email":"b@x.test"}"#, "email: must occur only once"),
    (r#"{"email":"a@x.test","blocked":true,"blocked":null}"#, "blocked: must occur only once"),
    (r#"{"email":"a@x.test","colour":"red"}"#, "colour: is not a known member"),
    (r#"{"email":"a@x.test","Email":"a@x.test"}"#, "Email: is not a known member"),
    (r#"{"email":"a@x.test","b@x.test":1}"#, "has an unknown member"),
    (r#"{"email":"a@x.test","":1}"#, "has an unknown member"),
    (r#"{"email":"a@x.test","id":""}"#, "id: must not be empty"),
    (r#"{"email":"a@x.test","id":"a\u0000"}"#, "id: must not contain control characters"),
    (r#"{"email":"a@x.test","username":""}"#, "username: must not be empty"),
    (r#"{"email":"a@x.test","username":"b@x.test"}"#, "username: must not be an e-mail address"),
    (
        r#"{"email":"a@x.test","firstName":"\u0000"}"#,
        "firstName: must not contain control characters or line separators",
    ),
    (r#"{"email":"a@x.test","lastName":7}"#, "lastName: must be a string"),
    (r#"{"email":"a@x.test","name":""}"#, "name: must not be empty"),
    (r#"{"email":"a@x.test","serviceUser":"yes"}"#, "serviceUser: must be true or false"),
    (r#"{"email":"a@x.test","blocked":0}"#, "blocked: must be true or false"),
    (
        r#"{"email":"a@x.test","createdAt":"yesterday"}"#,
        "createdAt: must be an RFC 3339 date and time between the years 0000 and 9999",
    ),
    (r#"{"email":"a@x.test","updatedAt":1767225600}"#, "updatedAt: must be a string"),
    (
        r#"{"email":"a@x.test","lastLogin":"2026-13-01T00:00:00Z"}"#,
        "lastLogin: must be an RFC 3339 date and time between the years 0000 and 9999",
    ),
    (r#"{"email":"a@x.test","password":""}"#, "password: must not be empty"),
    (r#"{"email":"a@x.test","password":"1234567"}"#, "password: must have at least 8 characters"),
    (
        r#"{"email":"a@x.test","password":"with a space"}"#,
        "password: must contain only visible ASCII characters, without spaces",
    ),
    (r#"{"email":"a@x.test","password":12345678}"#, "password: must be a string"),
    (
        r#"{"email":"a@x.test","homeTenant":"Acme"}"#,
        "homeTenant: must be 1 to 63 lower-case letters, digits or hyphens, \
         with no hyphen at either end",
    ),
    (r#"{"email":"a@x.test","tenants":["acme"]}"#, "tenants: must be an object"),
    (r#"{"email":"a@x.test","tenants":"acme"}"#, "tenants: must be an object"),
    (
        r#"{"email":"a@x.test","tenants":{"b@x.test":"admin"}}"#,
        "tenants: a tenant id must be 1 to 63 lower-case letters, digits or hyphens, \
         with no hyphen at either end",
    ),
    (r#"{"email":"a@x.test","tenants":{"acme":null}}"#, "tenants.acme: must be a string"),
    (
        r#"{"email":"a@x.test","tenants":{"acme":"two words"}}"#,
        "tenants.acme: must be 1 to 64 letters, digits, dots, underscores, colons \
         or hyphens",
    ),
    (
        r#"{"email":"a@x.test","tenants":{"acme":"admin","acme":"owner"}}"#,
        "tenants.acme: must occur only once",
    ),
];

#[tokio::test]
async fn invalid_line_is_reported_and_nothing_is_loaded() {
    for (line, problem) in BAD {
        let directory = empty();
        let good = r#"{"id":"good","email":"good@x.test","tenants":{"acme":"owner"}}"#;
        let error = load(&directory, format!("{good}\n\n{line}\n")).unwrap_err();
        assert_eq!(error.to_string(), format!("line 3: {problem}"), "{line}");
        assert_eq!(users_of_acme(&directory).await, [], "all or nothing");
    }
}

#[tokio::test]
async fn duplicate_id_email_or_username_is_rejected() {
    let first = r#"{"id":"1","email":"a@x.test","username":"one"}"#;
    let cases = [
        (r#"{"id":"1","email":"b@x.test"}"#, "id"),
        (r#"{"id":"2","email":"A@X.test"}"#, "email"),
        (r#"{"id":"2","email":"b@x.test","username":"ONE"}"#, "username"),
    ];
    for (second, field) in cases {
        let problem = format!("{field}: another account has the same");
        let error = load(&empty(), format!("{first}\n{second}")).unwrap_err();
        assert_eq!(error.to_string(), format!("line 2: {problem}"));
        // The same for an account that exists already.
        let directory = empty();
        load(&directory, first).unwrap();
        let seed = format!("{{\"id\":\"3\",\"email\":\"c@x.test\"}}\n{second}");
        let error = load(&directory, seed).unwrap_err();
        assert_eq!(error.to_string(), format!("line 2: {problem}"));
        assert_eq!(find(&directory, "3").await, None, "all or nothing");
    }
}

#[test]
fn text_that_is_not_utf_8_cannot_be_read() {
    let error = load(&empty(), b"{\"email\":\"a@x.test\"}\n{\"email\":\"\xff\"}").unwrap_err();
    assert_eq!(error.to_string(), "line 2: cannot be read");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn debug_output_hides_emails_and_passwords() {
    let directory = empty();
    let line = r#"{"email":"secret@x.test","password":"secret-password"}"#;
    load(&directory, line).unwrap();
    assert!(!format!("{directory:?}").contains("secret"));
    for line in [
        r#"{"email":"secret"}"#,
        r#"{"email":"a@x.test","password":"secret "}"#,
        r#"{"email":"a@x.test","secret@x.test":1}"#,
        r#"{"email":"a@x.test","tenants":{"secret@x.test":"member"}}"#,
        r#"{"email":"secret@x.test","blocked":"secret"}"#,
        r#"{"email":"secret@x.test","#,
    ] {
        let error = load(&empty(), line).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

/// Generates JSON similar to a line of a seed, with many kinds of invalid values.
fn likely_line() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        Just("email"),
        Just("id"),
        Just("username"),
        Just("blocked"),
        Just("createdAt"),
        Just("homeTenant"),
        Just("tenants"),
        Just("other"),
    ];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("7".to_owned()),
        Just(r#"{"acme":"admin"}"#.to_owned()),
        Just(r#"{"acme":7}"#.to_owned()),
        Just(r#""2026-01-01T00:00:00Z""#.to_owned()),
        "\"[a-z]{1,8}@[a-z]{1,8}\\.test\"",
        "\"[a-zA-Z |.-]{0,8}\"",
    ];
    prop::collection::vec((member, value), 0..6).prop_map(|members| {
        let members: Vec<_> =
            members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn any_text_is_loaded_fully_or_rejected_with_line(
        lines in prop::collection::vec(prop_oneof![likely_line(), "\\PC*"], 0..5),
    ) {
        let directory = empty();
        let text = lines.join("\n");
        let filled = text.split('\n').filter(|line| !line.trim().is_empty()).count();
        match load(&directory, &text) {
            Ok(summary) => prop_assert_eq!(summary.accounts, filled),
            Err(error) => prop_assert!(error.to_string().starts_with("line "), "{}", error),
        }
    }
}
