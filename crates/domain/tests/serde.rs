//! The text forms of values in JSON, and what deserializing rejects.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]

use std::fmt::Debug;

use domain::{
    Access, Attachment, CredentialStamp, Credentials, DisplayName, EmailAddress, MembershipId,
    Permission, PersonName, RoleCatalogue, RoleName, Sort, Standing, TenantId, Timestamp, User,
    UserId, Username,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

#[track_caller]
fn round_trip<T>(text: &str, canonical: &str)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + for<'a> TryFrom<&'a str, Error: Debug>,
{
    let value = T::try_from(text).unwrap();
    assert_eq!(to_value(&value).unwrap(), json!(canonical));
    assert_eq!(from_value::<T>(json!(text)).unwrap(), value);
}

#[test]
fn values_serialize_as_their_text() {
    round_trip::<UserId>("auth0|ada", "auth0|ada");
    round_trip::<TenantId>("acme", "acme");
    round_trip::<EmailAddress>("Ada@Example.com", "ada@example.com");
    round_trip::<Username>("Ada", "ada");
    round_trip::<PersonName>("Ada", "Ada");
    round_trip::<DisplayName>("Ada Lovelace", "Ada Lovelace");
    round_trip::<RoleName>("owner", "owner");
    round_trip::<Timestamp>("2026-03-01T10:30:00+01:00", "2026-03-01T09:30:00.000Z");
    round_trip::<Permission>("tenant.access:read", "tenant.access:read");
    round_trip::<Access>("read", "read");
    round_trip::<Sort>("-createdAt", "-createdAt");
    round_trip::<MembershipId>("0aF9", "0aF9");
    let standings = Standing::ALL.map(|standing| to_value(standing).unwrap());
    assert_eq!(standings, ["active", "pending", "suspended", "expired"]);
}

#[track_caller]
fn reject<T: DeserializeOwned + Debug>(values: &[Value]) {
    for value in values {
        let error = from_value::<T>(value.clone()).unwrap_err().to_string();
        assert!(!error.contains("Planted"), "the error repeats the value: {error}");
    }
}

#[test]
fn invalid_values_are_rejected_without_repeating_them() {
    reject::<UserId>(&[json!(""), json!("Planted\nid"), json!(1), json!(null)]);
    reject::<TenantId>(&[json!("Planted"), json!(["acme"])]);
    reject::<EmailAddress>(&[json!("Planted"), json!({})]);
    reject::<Username>(&[json!("Planted name")]);
    reject::<PersonName>(&[json!("Planted\n")]);
    reject::<DisplayName>(&[json!("Planted\n")]);
    reject::<RoleName>(&[json!("Planted role")]);
    reject::<Timestamp>(&[json!("Planted"), json!(0)]);
    reject::<Permission>(&[json!("Planted"), json!("TENANT.ACCESS:READ")]);
    reject::<Access>(&[json!("Planted"), json!("Read")]);
    reject::<Sort>(&[json!("Planted")]);
    reject::<MembershipId>(&[json!("Planted id"), json!(""), json!("a".repeat(65)), json!(1)]);
}

#[test]
fn user_serializes_with_its_memberships_and_role_names() {
    let roles = RoleCatalogue::standard();
    let owner = roles.resolve("owner").unwrap().clone();
    let member = roles.resolve("member").unwrap().clone();
    let seconds = |seconds: i64| Timestamp::from_unix_millis(seconds * 1000).unwrap();
    let attachment = Attachment {
        id: "m1".parse().unwrap(),
        since: seconds(1),
        email: "ada@example.com".parse().unwrap(),
    };
    let stamp = CredentialStamp { at: seconds(2), by: "acme".parse().ok(), sets_address: true };
    let credentials = Credentials {
        email_verified: true,
        stamp: Some(Box::new(stamp)),
        ..Credentials::default()
    };
    let user = User::builder("auth0|ada".parse().unwrap(), "ada@example.com".parse().unwrap())
        .given_name("Ada".parse().unwrap())
        .home("acme".parse().unwrap())
        .membership("acme".parse().unwrap(), owner)
        .attached(&"globex".parse().unwrap(), member.clone(), attachment)
        .named_membership("initech".parse().unwrap(), member, "Guest".parse().unwrap())
        .credentials(credentials)
        .build();
    let expected = json!({
        "id": "auth0|ada",
        "email": "ada@example.com",
        "username": null,
        "given_name": "Ada",
        "family_name": null,
        "display_name": null,
        "service_user": false,
        "blocked": false,
        "created_at": "1970-01-01T00:00:00.000Z",
        "updated_at": null,
        "last_login": null,
        "home": "acme",
        "credentials": {
            "email_verified": true,
            "connections_allowed": true,
            "stamp": {"at": "1970-01-01T00:00:02.000Z", "by": "acme", "sets_address": true},
            "last_password_reset": null,
        },
        "memberships": {
            "acme": {
                "role": "owner",
                "name": null,
                "attachment": null,
                "suspended": false,
                "expires_at": null,
            },
            "globex": {
                "role": "member",
                "name": null,
                "attachment": {
                    "id": "m1",
                    "since": "1970-01-01T00:00:01.000Z",
                    "email": "ada@example.com",
                },
                "suspended": false,
                "expires_at": null,
            },
            "initech": {
                "role": "member",
                "name": "Guest",
                "attachment": null,
                "suspended": false,
                "expires_at": null,
            },
        },
    });
    assert_eq!(to_value(&user).unwrap(), expected);
}
