//! Errors name the reason, so that the caller can correct the value.

use super::*;

#[test]
fn user_id_error_names_the_reason() {
    assert_eq!(error::<UserId>(""), InvalidUserId::Empty);
    assert_eq!(error::<UserId>(&"a".repeat(1025)), InvalidUserId::TooLong);
    for text in ["a\n", "auth0|\u{0}", "auth0|a\u{7f}", "auth0|\u{85}"] {
        assert_eq!(error::<UserId>(text), InvalidUserId::ControlCharacter, "{text:?}");
    }
    for text in [".", "..", "../a", "auth0|a/../b", "a/.", r"a\..\b"] {
        assert_eq!(error::<UserId>(text), InvalidUserId::PathStep, "{text:?}");
    }
}

#[test]
fn user_id_of_any_provider_is_accepted() {
    for text in [
        r"samlp|corp|CORP\jane",
        "waad|a/b#c?d=e%2F",
        "oidc|corp|\"Doe, Jane\" <jane@corp.example>",
        "adfs|CN=Jörg Müller,OU=Vertrieb",
        "custom|日本 ",
        "no bar",
    ] {
        assert_eq!(text.parse::<UserId>().unwrap().as_str(), text);
    }
}

#[test]
fn long_email_error_names_the_length() {
    let domain = format!("{0}.{0}.{0}.example", "d".repeat(60));
    let (longest, too_long) = ("l".repeat(254 - 1 - domain.len()), "l".repeat(64));
    assert!(accepts::<EmailAddress>(&format!("{longest}@{domain}")));
    assert!(accepts::<EmailAddress>(&format!("{}@example.com", "l".repeat(64))));
    for text in [format!("{too_long}@{domain}"), format!("{too_long}l@example.com")] {
        assert_eq!(error::<EmailAddress>(&text), InvalidEmailAddress::TooLong);
    }
}

#[test]
fn top_level_domain_that_auth0_rejects_is_rejected() {
    for text in ["a@b.c", "a@b.c1", "a@b.1", "a@192.0.2.1", "a@b.co-m", "a@b.xn"] {
        let expected = text == "a@b.xn";
        assert_eq!(accepts::<EmailAddress>(text), expected, "{text}");
    }
    assert!(accepts::<EmailAddress>("a@b.co") && accepts::<EmailAddress>("a@b.xn--p1ai"));
}

#[test]
fn stored_email_has_any_syntax_in_lower_case() {
    for (text, stored) in [
        ("Jane@Corp.Example", "jane@corp.example"),
        ("jane@LOCALHOST", "jane@localhost"),
        ("\"Jane Doe\"@example.com", "\"jane doe\"@example.com"),
        ("JÖRG@müller.example", "jörg@müller.example"),
        ("a@b.c", "a@b.c"),
    ] {
        assert_eq!(EmailAddress::stored(text).unwrap().as_str(), stored);
    }
    for text in ["", " ", "a\n@example.com", &"a".repeat(1025)] {
        assert_eq!(EmailAddress::stored(text), None, "{text:?}");
    }
}

#[test]
fn malformed_email_is_rejected() {
    for text in [
        "",
        "@",
        "a@",
        "@example.com",
        "a@example",
        "a@.com",
        "a@example.",
        "a@-x.com",
        "a@x-.com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@b@example.com",
        "\"a b\"@example.com",
        "a@[127.0.0.1]",
        "a b@example.com",
        " a@example.com",
        "a@example.com\n",
        "ä@example.com",
        "a@exämple.com",
    ] {
        assert_eq!(error::<EmailAddress>(text), InvalidEmailAddress::Syntax, "{text:?}");
    }
}

#[test]
fn username_error_names_the_reason() {
    assert_eq!(error::<Username>(""), InvalidUsername::Empty);
    assert_eq!(error::<Username>(&"a".repeat(129)), InvalidUsername::TooLong);
    assert_eq!(error::<Username>("a b"), InvalidUsername::ForbiddenCharacter);
    assert_eq!(error::<Username>("A.B@Example.com"), InvalidUsername::IsEmailAddress);
    assert!(accepts::<Username>("a@b"), "no e-mail address, and so a username");
}

#[test]
fn name_length_counts_characters() {
    assert!(accepts::<PersonName>(&"é".repeat(150)));
    assert_eq!(error::<PersonName>(&"é".repeat(151)), InvalidName::TooLong { max: 150 });
    assert!(accepts::<DisplayName>(&"🦀".repeat(300)));
    assert_eq!(error::<DisplayName>(&"🦀".repeat(301)), InvalidName::TooLong { max: 300 });
    assert_eq!(error::<PersonName>(""), InvalidName::Empty);
    for text in ["a\nb", "\u{0}", "a\u{9f}", "a\u{2028}b", "a\u{2029}b"] {
        assert_eq!(error::<PersonName>(text), InvalidName::ControlCharacter, "{text:?}");
    }
    for text in ["a\u{202e}b", "\u{200f}a", "\u{2066}", "a\u{61c}"] {
        assert_eq!(error::<DisplayName>(text), InvalidName::BidirectionalControl, "{text:?}");
    }
    for text in [" ", "\u{3000}", "\u{200b}\u{ad}", "\u{2800}", "\u{e0020}"] {
        assert_eq!(error::<PersonName>(text), InvalidName::Invisible, "{text:?}");
    }
}

#[test]
fn password_error_names_the_reason() {
    assert_eq!(error::<Password>(""), InvalidPassword::Empty);
    assert_eq!(error::<Password>(&"p".repeat(73)), InvalidPassword::TooLong);
    for text in ["pass word", "pässword", "pass\u{7f}word", "\u{0}"] {
        assert_eq!(error::<Password>(text), InvalidPassword::ForbiddenCharacter, "{text:?}");
    }
}

#[test]
fn sort_text_round_trips() {
    for field in SortField::ALL {
        for descending in [false, true] {
            let sort = Sort { field, descending };
            assert_eq!(sort.to_string().parse(), Ok(sort));
        }
    }
    assert_eq!(Sort::default().to_string(), "id");
}
