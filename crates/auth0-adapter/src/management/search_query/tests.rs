use conformance::catalogue;
use domain::{Access, RoleDefinition};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A field and its required value, as a reader of the language understands it.
#[derive(Debug, PartialEq)]
enum Clause {
    OneOf(String, Vec<String>),
    Range(String, String),
}

/// Reads a quoted phrase, in which a backslash escapes the next character, and returns it with the
/// rest of the text.
fn phrase_in(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut phrase = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((phrase, rest.get(at + 1..)?)),
            '\\' => phrase.push(characters.next()?.1),
            other => phrase.push(other),
        }
    }
    None
}

/// Parses `field:("a" OR "b") AND field:[a TO b] …`, and nothing else. It does not share code with
/// the builder, and ends a literal at the first quote that is not escaped, as Lucene does.
fn parse(text: &str) -> Option<Vec<Clause>> {
    let mut rest = text;
    let mut clauses = Vec::new();
    loop {
        let (field, after) = rest.split_once(':')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if field.is_empty() || field.starts_with('-') || !field.chars().all(plain) {
            return None;
        }
        let field = field.to_owned();
        if let Some(mut list) = after.strip_prefix('(') {
            let mut literals = Vec::new();
            loop {
                let (literal, after) = phrase_in(list)?;
                literals.push(literal);
                let Some(more) = after.strip_prefix(" OR ") else {
                    rest = after.strip_prefix(')')?;
                    break;
                };
                list = more;
            }
            clauses.push(Clause::OneOf(field, literals));
        } else {
            let end = after.find([']', '}'])? + 1;
            let (range, after) = after.split_at(end);
            clauses.push(Clause::Range(field, range.to_owned()));
            rest = after;
        }
        if rest.is_empty() {
            return Some(clauses);
        }
        rest = rest.strip_prefix(" AND ")?;
    }
}

fn tenants() -> impl Strategy<Value = TenantId> {
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?".prop_map(|text| text.parse().unwrap())
}

fn prefixes() -> impl Strategy<Value = MetadataPrefix> {
    "[a-z][a-z0-9_]{0,20}".prop_filter_map("reserved", |text| text.parse().ok())
}

fn role_names() -> impl Strategy<Value = RoleName> {
    "[A-Za-z0-9._:-]{1,64}".prop_map(|text| text.parse().unwrap())
}

/// Any id that the domain accepts.
fn ids() -> impl Strategy<Value = UserId> {
    r#"[ -~é日"\\]{1,40}"#.prop_filter_map("not an id", |text| text.parse().ok())
}

fn moments() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000).prop_map(|millis| Timestamp::from_unix_millis(millis).unwrap())
}

proptest! {
    #[test]
    fn valid_parts_never_change_the_query_structure(
        prefix in prefixes(),
        tenant in tenants(),
        roles in vec(role_names(), 1..6),
        ids in vec(ids(), 1..6),
        moment in moments(),
        later in moments(),
    ) {
        for (created, range) in [
            (CreatedRange::From(moment), format!("[{moment} TO *]")),
            (CreatedRange::After(moment), format!("{{{moment} TO *]")),
            (CreatedRange::At(moment), format!("[{moment} TO {moment}]")),
            (CreatedRange::Before(moment), format!("[* TO {moment}}}")),
            (CreatedRange::Between(moment, later), format!("[{moment} TO {later}}}")),
        ] {
            let query = SearchQuery::role_holders(&prefix, &tenant, &roles);
            let query = query.created_in(created).restricted_to(&ids);
            let expected = vec![
                Clause::OneOf(
                    format!("app_metadata.{prefix}_tenant_{tenant}.role"),
                    roles.iter().map(|role| role.as_str().to_owned()).collect(),
                ),
                Clause::Range("created_at".to_owned(), range),
                Clause::OneOf(
                    "user_id".to_owned(),
                    ids.iter().map(|id| id.as_str().to_owned()).collect(),
                ),
            ];
            prop_assert_eq!(parse(&query.to_string()), Some(expected));
        }
    }
}

#[test]
fn query_can_exclude_accounts() {
    let query =
        SearchQuery::members(&MetadataPrefix::default(), &"acme".parse().unwrap(), &catalogue());
    let ids: [UserId; 2] = ["auth0|a".parse().unwrap(), "auth0|b".parse().unwrap()];
    let text = query.excluding(&ids).to_string();
    assert!(text.ends_with(r#") AND NOT user_id:("auth0|a" OR "auth0|b")"#), "{text}");
}

#[test]
fn member_query_names_every_catalogue_role() {
    let define = |name: &str| RoleDefinition {
        name: name.parse().unwrap(),
        access: [Access::Read].into(),
        protected: false,
        default: false,
    };
    let catalogue = RoleCatalogue::new(vec![define("owner"), define("OR"), define("a:b")]).unwrap();
    let query =
        SearchQuery::members(&MetadataPrefix::default(), &"not-acme".parse().unwrap(), &catalogue);
    assert_eq!(
        query.to_string(),
        r#"app_metadata.usher_tenant_not-acme.role:("owner" OR "OR" OR "a:b")"#
    );
}
