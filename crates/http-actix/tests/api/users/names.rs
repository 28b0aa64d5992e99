//! Names that can be seen, and usernames that say nothing new.

use serde_json::json;

use super::{USERS, change, field_errors, nina, user_path};
use crate::support::App;

/// Names without a visible character.
const INVISIBLE: [&str; 12] = [
    " ",
    "\u{a0}\u{2003}\u{3000}",
    "\u{200b}",
    "\u{200d}\u{200c}\u{2060}",
    "\u{feff}",
    "\u{ad}",
    "\u{3164}",
    "\u{115f}\u{1160}\u{ffa0}",
    "\u{2800}",
    "\u{fe0f}",
    "\u{e0041}\u{e007f}",
    "\u{fff9} \u{180e}",
];

/// The bidirectional controls (Unicode `Bidi_Control`) and the separators of lines.
const REORDERING: [char; 14] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{2028}', '\u{2029}',
];

/// Asserts that neither a new nor a changed user can have the name, in either contract.
async fn assert_rejected(app: &App, name: &str) {
    let acme = app.tenant("acme");
    for member in ["firstName", "lastName"] {
        let mut body = nina();
        body[member] = json!(name);
        let response = acme.post(USERS, body).await;
        assert_eq!(field_errors(&response), [format!("{member} validation_failed")], "{name:?}");
        assert_eq!(response.outcome(), "422 validation_failed", "{name:?}");
    }
    let response = acme.put(&user_path("mia"), change("mia@acme.example", name, name)).await;
    let expected = ["firstName validation_failed", "lastName validation_failed"];
    assert_eq!(field_errors(&response), expected, "{name:?}");

    let users = "/api/acme/admin/users";
    let member = json!({"email": "x@acme.example", "role": "member", "name": name});
    let change = json!({"role": null, "name": name});
    for response in
        [acme.post(users, member).await, acme.put(&format!("{users}/auth0%7Cmia"), change).await]
    {
        assert_eq!(response.outcome(), "422 validation_failed", "{name:?}");
        assert_eq!(response.json()["errors"][0]["field"], "name", "{name:?}");
    }
}

#[tokio::test]
async fn name_without_visible_characters_is_rejected() {
    let app = App::start().await;
    for name in INVISIBLE {
        assert_rejected(&app, name).await;
    }
}

#[tokio::test]
async fn name_with_bidirectional_control_is_rejected() {
    let app = App::start().await;
    for control in REORDERING {
        assert_rejected(&app, &format!("Nina{control}New")).await;
    }
}

#[tokio::test]
async fn visible_name_with_joiners_is_kept() {
    let app = App::start().await;
    for name in ["نرگس\u{200c}سادات", "👩\u{200d}🔧", "❤\u{fe0f}", "שרה", " Anna Maria ", "."]
    {
        let body = change("mia@acme.example", name, name);
        let response = app.tenant("acme").put(&user_path("mia"), body).await;
        assert_eq!(
            (response.outcome(), &response.json()["firstName"]),
            ("200".into(), &json!(name))
        );
    }
}

#[tokio::test]
async fn last_name_of_new_user_can_be_empty() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let mut body = nina();
    body["lastName"] = json!("");

    let created = acme.post(USERS, body).await;

    assert_eq!((created.outcome(), &created.json()["lastName"]), ("201".into(), &json!("")));
    let path = format!("{USERS}/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(acme.get(&path).await.json()["lastName"], "");
}

#[tokio::test]
async fn username_equal_to_own_email_is_none() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    for (email, username) in [
        ("nina@acme.example", "nina@acme.example"),
        ("Nora@Acme.Example", "nora@acme.example"),
        ("nele@acme.example", "NELE@ACME.EXAMPLE"),
    ] {
        let mut body = nina();
        (body["email"], body["username"]) = (json!(email), json!(username));
        let created = acme.post(USERS, body).await;
        assert_eq!(created.outcome(), "201", "{username}: {created:?}");
        assert_eq!(created.json()["username"], email.to_lowercase());
        // It is the address that is shown: it follows a change of the address.
        let path = format!("{USERS}/{}", created.json()["id"].as_str().unwrap());
        let changed = acme.put(&path, change(&format!("x{email}"), "N", "")).await;
        assert_eq!(changed.json()["username"], format!("x{}", email.to_lowercase()));
    }
}

#[tokio::test]
async fn username_equal_to_another_email_is_rejected() {
    let app = App::start().await;
    for (email, username) in
        [("nina@acme.example", "mia@acme.example"), ("nothing", "nina@acme.example")]
    {
        let mut body = nina();
        (body["email"], body["username"]) = (json!(email), json!(username));
        let response = app.tenant("acme").post(USERS, body).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{response:?}");
        let errors = field_errors(&response);
        assert!(errors.contains(&"username validation_failed".to_owned()), "{errors:?}");
    }
}
