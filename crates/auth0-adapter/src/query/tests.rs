use conformance::catalogue;
use domain::{Access, RoleDefinition};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A field and what it has to be, as a reader of the language understands it.
#[derive(Debug, PartialEq)]
enum Clause {
    OneOf(String, Vec<String>),
    Range(String, String),
}

/// Reads `field:("a" OR "b") AND field:[a TO b] …`, and nothing else. It knows nothing of how the
/// text was made, and takes a literal to end at the first quote, as Lucene does.
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
                let (literal, after) = list.strip_prefix('"')?.split_once('"')?;
                if literal.contains('\\') {
                    return None;
                }
                literals.push(literal.to_owned());
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

/// Any id that the domain takes, however odd.
fn ids() -> impl Strategy<Value = UserId> {
    "[!-~]{1,40}".prop_filter_map("not an id", |text| text.parse().ok())
}

fn moments() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000).prop_map(|millis| Timestamp::from_unix_millis(millis).unwrap())
}

proptest! {
    #[test]
    fn whatever_valid_parts_go_in_the_query_means_what_it_should(
        prefix in prefixes(),
        tenant in tenants(),
        roles in vec(role_names(), 1..6),
        ids in vec(ids(), 1..6),
        moment in moments(),
        later in moments(),
    ) {
        for (span, range) in [
            (Span::From(moment), format!("[{moment} TO *]")),
            (Span::After(moment), format!("{{{moment} TO *]")),
            (Span::At(moment), format!("[{moment} TO {moment}]")),
            (Span::Before(moment), format!("[* TO {moment}}}")),
            (Span::Between(moment, later), format!("[{moment} TO {later}}}")),
        ] {
            let query = Query::holders(&prefix, &tenant, &roles).created(span).among(&ids);
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
fn some_of_them_can_be_left_out() {
    let query = Query::people(&MetadataPrefix::default(), &"acme".parse().unwrap(), &catalogue());
    let ids: [UserId; 2] = ["auth0|a".parse().unwrap(), "auth0|b".parse().unwrap()];
    let text = query.except(&ids).to_string();
    assert!(text.ends_with(r#") AND NOT user_id:("auth0|a" OR "auth0|b")"#), "{text}");
}

#[test]
fn the_people_of_a_tenant_have_one_of_the_roles_of_the_catalogue() {
    let define = |name: &str| RoleDefinition {
        name: name.parse().unwrap(),
        access: [Access::Read].into(),
        protected: false,
        default: false,
    };
    let catalogue = RoleCatalogue::new(vec![define("owner"), define("OR"), define("a:b")]).unwrap();
    let query = Query::people(&MetadataPrefix::default(), &"not-acme".parse().unwrap(), &catalogue);
    assert_eq!(
        query.to_string(),
        r#"app_metadata.usher_tenant_not-acme.role:("owner" OR "OR" OR "a:b")"#
    );
}
