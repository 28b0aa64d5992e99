use conformance::ManualClock;
use domain::{Access, RoleCatalogue, RoleDefinition};

use super::*;

fn user(id: &str, updated_at: i64, tenants: &[&str]) -> User {
    let definition = RoleDefinition {
        name: "member".parse().unwrap(),
        access: [Access::Read].into(),
        protected: false,
        default: true,
    };
    let role = RoleCatalogue::new(vec![definition]).unwrap().default_role().clone();
    let email = format!("{id}@example.com").parse().unwrap();
    let builder = User::builder(id.parse().unwrap(), email)
        .updated_at(Timestamp::UNIX_EPOCH.plus_millis(updated_at));
    tenants
        .iter()
        .fold(builder, |builder, id| builder.membership(id.parse().unwrap(), role.clone()))
        .build()
}

fn recent() -> (Recent, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (Recent::new(clock.clone(), Duration::from_mins(1)), clock)
}

fn about(recent: &Recent, tenant: &str) -> Vec<(String, Written)> {
    let about = recent.about(&tenant.parse().unwrap());
    about.into_iter().map(|(id, written)| (id.to_string(), written)).collect()
}

#[test]
fn another_catalogue_makes_what_accounts_became_forgotten_and_not_who_is_gone() {
    let (recent, _) = recent();
    let (ada, bob) = (user("ada", 5, &["acme"]), user("bob", 5, &["acme"]));
    recent.wrote(None, &ada);
    recent.deleted(&bob);
    recent.forget_roles();
    assert!(!recent.knows(&ada.id));
    assert_eq!(about(&recent, "acme"), [("bob".to_owned(), Written::Gone(bob.created_at))]);
}

#[test]
fn the_newer_one_of_what_was_written_and_what_was_seen_is_the_newest() {
    let (recent, _) = recent();
    let written = user("ada", 5, &["acme"]);
    assert_eq!(recent.newest(&written), Some(written.clone()));
    recent.wrote(None, &written);
    for seen in [user("ada", 4, &[]), user("ada", 5, &[])] {
        assert_eq!(recent.newest(&seen), Some(written.clone()));
    }
    let newer = user("ada", 6, &["globex"]);
    assert_eq!(recent.newest(&newer), Some(newer.clone()));
    let other = user("bob", 1, &[]);
    assert_eq!(recent.newest(&other), Some(other.clone()));
    recent.deleted(&newer);
    assert_eq!(recent.newest(&user("ada", 9, &["acme"])), None);
}

#[test]
fn a_write_is_about_the_tenants_before_it_and_those_after_it() {
    let (recent, _) = recent();
    let before = user("ada", 1, &["acme", "globex"]);
    let after = user("ada", 2, &["globex", "initech"]);
    recent.wrote(Some(&before), &after);
    let written = Written::Is(Arc::new(after.clone()));
    for tenant in ["acme", "globex", "initech"] {
        assert_eq!(about(&recent, tenant), [("ada".to_owned(), written.clone())]);
    }
    // One that was left with an earlier write still counts.
    let last = user("ada", 3, &[]);
    recent.wrote(Some(&after), &last);
    assert_eq!(about(&recent, "acme"), [("ada".to_owned(), Written::Is(Arc::new(last.clone())))]);
    recent.deleted(&last);
    assert_eq!(about(&recent, "acme"), [("ada".to_owned(), Written::Gone(Timestamp::UNIX_EPOCH))]);
    assert_eq!(about(&recent, "elsewhere"), []);
}

#[test]
fn a_write_is_forgotten_after_a_while_and_with_it_everything_about_it() {
    let (recent, clock) = recent();
    recent.wrote(None, &user("ada", 1, &["acme"]));
    clock.advance(Duration::from_secs(40));
    recent.wrote(None, &user("bob", 1, &["acme"]));
    recent.wrote(None, &user("cy", 1, &["globex"]));
    assert_eq!(about(&recent, "acme").len(), 2);
    clock.advance(Duration::from_secs(20));
    assert_eq!(about(&recent, "acme").len(), 1);
    // Being written again is being remembered for longer.
    recent.wrote(None, &user("bob", 2, &["acme"]));
    clock.advance(Duration::from_secs(40));
    assert_eq!(about(&recent, "acme").len(), 1);
    clock.advance(Duration::from_secs(20));
    assert_eq!(about(&recent, "acme").len(), 0);
    let state = recent.state();
    assert!(state.entries.is_empty() && state.by_age.is_empty() && state.by_tenant.is_empty());
}

#[test]
fn the_oldest_writes_give_way_when_there_are_too_many() {
    let (mut recent, _) = recent();
    recent.capacity = 3;
    for id in ["a", "b", "a", "c", "d"] {
        recent.wrote(None, &user(id, 1, &["acme"]));
    }
    let ids: Vec<_> = about(&recent, "acme").into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["a", "c", "d"]);
    assert_eq!(recent.state().by_age.len(), 3);
}

#[test]
fn a_read_by_id_corrects_what_is_remembered() {
    let (recent, _) = recent();
    let written = user("ada", 5, &["acme"]);
    let is = |user: &User| vec![(user.id.to_string(), Written::Is(Arc::new(user.clone())))];
    // Nothing is remembered that was only read.
    recent.observe(&written.id, Some(&written));
    assert_eq!(about(&recent, "acme"), []);
    recent.wrote(None, &written);
    recent.observe(&written.id, Some(&user("ada", 4, &["globex"])));
    assert_eq!(about(&recent, "acme"), is(&written));
    let newer = user("ada", 6, &["globex"]);
    recent.observe(&written.id, Some(&newer));
    assert_eq!((about(&recent, "acme"), about(&recent, "globex")), (is(&newer), is(&newer)));
    recent.observe(&written.id, None);
    assert_eq!(about(&recent, "acme"), [("ada".to_owned(), Written::Gone(Timestamp::UNIX_EPOCH))]);
}

#[test]
fn an_account_that_is_made_again_under_the_id_of_a_deleted_one_is_there() {
    let (recent, _) = recent();
    let before = user("ada", 5, &["acme"]);
    recent.deleted(&before);
    // A read that began before the deletion says nothing.
    recent.observe(&before.id, Some(&user("ada", 9, &["acme"])));
    assert_eq!(recent.newest(&before), None);
    let mut again = user("ada", 9, &["acme"]);
    again.created_at = again.created_at.plus_millis(1);
    assert_eq!(recent.newest(&again), Some(again.clone()));
    recent.observe(&again.id, Some(&again));
    assert_eq!(recent.newest(&before), Some(again.clone()));
    assert_eq!(about(&recent, "acme"), [("ada".to_owned(), Written::Is(Arc::new(again)))]);
}
