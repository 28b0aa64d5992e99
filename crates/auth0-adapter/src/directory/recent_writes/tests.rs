use conformance::ManualClock;
use domain::{Access, Credentials, Membership, RoleCatalogue, RoleDefinition};

use super::*;

fn user(id: &str, updated_at: i64, tenants: &[&str]) -> User {
    let definition = RoleDefinition {
        name: "member".parse().unwrap(),
        access: [Access::Read].into(),
        protected: false,
        default: true,
    };
    let role = RoleCatalogue::new(vec![definition]).unwrap().default_role().clone();
    let membership = Membership::new(role);
    User {
        id: id.parse().unwrap(),
        email: format!("{id}@example.com").parse().unwrap(),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        blocked: false,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Some(Timestamp::UNIX_EPOCH.plus_millis(updated_at)),
        last_login: None,
        home: None,
        credentials: Credentials::default(),
        memberships: tenants.iter().map(|id| (id.parse().unwrap(), membership.clone())).collect(),
    }
}

fn recent_writes() -> (RecentWrites, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (RecentWrites::new(clock.clone(), Duration::from_mins(1)), clock)
}

fn about(recent_writes: &RecentWrites, tenant: &str) -> Vec<(String, WrittenState)> {
    let about = recent_writes.of_tenant(&tenant.parse().unwrap());
    about.into_iter().map(|(id, written)| (id.to_string(), written)).collect()
}

#[test]
fn role_reload_keeps_only_deletions() {
    let (recent_writes, _) = recent_writes();
    let (ada, bob) = (user("ada", 5, &["acme"]), user("bob", 5, &["acme"]));
    recent_writes.record_write(None, &ada);
    recent_writes.record_deletion(&bob);
    recent_writes.forget_accounts();
    assert!(!recent_writes.contains(&ada.id));
    assert_eq!(
        about(&recent_writes, "acme"),
        [("bob".to_owned(), WrittenState::Deleted(bob.created_at))]
    );
}

#[test]
fn latest_is_the_newer_of_write_and_snapshot() {
    let (recent_writes, _) = recent_writes();
    let written = user("ada", 5, &["acme"]);
    assert_eq!(recent_writes.latest(&written), Some(written.clone()));
    recent_writes.record_write(None, &written);
    for seen in [user("ada", 4, &[]), user("ada", 5, &[])] {
        assert_eq!(recent_writes.latest(&seen), Some(written.clone()));
    }
    let newer = user("ada", 6, &["globex"]);
    assert_eq!(recent_writes.latest(&newer), Some(newer.clone()));
    let other = user("bob", 1, &[]);
    assert_eq!(recent_writes.latest(&other), Some(other.clone()));
    recent_writes.record_deletion(&newer);
    assert_eq!(recent_writes.latest(&user("ada", 9, &["acme"])), None);
}

#[test]
fn write_belongs_to_old_and_new_tenants() {
    let (recent_writes, _) = recent_writes();
    let before = user("ada", 1, &["acme", "globex"]);
    let after = user("ada", 2, &["globex", "initech"]);
    recent_writes.record_write(Some(&before), &after);
    let written = WrittenState::Present(Arc::new(after.clone()));
    for tenant in ["acme", "globex", "initech"] {
        assert_eq!(about(&recent_writes, tenant), [("ada".to_owned(), written.clone())]);
    }
    // A tenant left by an earlier write still counts.
    let last = user("ada", 3, &[]);
    recent_writes.record_write(Some(&after), &last);
    assert_eq!(
        about(&recent_writes, "acme"),
        [("ada".to_owned(), WrittenState::Present(Arc::new(last.clone())))]
    );
    recent_writes.record_deletion(&last);
    assert_eq!(
        about(&recent_writes, "acme"),
        [("ada".to_owned(), WrittenState::Deleted(Timestamp::UNIX_EPOCH))]
    );
    assert_eq!(about(&recent_writes, "elsewhere"), []);
}

#[test]
fn expired_writes_leave_no_state() {
    let (recent_writes, clock) = recent_writes();
    recent_writes.record_write(None, &user("ada", 1, &["acme"]));
    clock.advance(Duration::from_secs(40));
    recent_writes.record_write(None, &user("bob", 1, &["acme"]));
    recent_writes.record_write(None, &user("cy", 1, &["globex"]));
    assert_eq!(about(&recent_writes, "acme").len(), 2);
    clock.advance(Duration::from_secs(20));
    assert_eq!(about(&recent_writes, "acme").len(), 1);
    // Another write extends the time.
    recent_writes.record_write(None, &user("bob", 2, &["acme"]));
    clock.advance(Duration::from_secs(40));
    assert_eq!(about(&recent_writes, "acme").len(), 1);
    clock.advance(Duration::from_secs(20));
    assert_eq!(about(&recent_writes, "acme").len(), 0);
    let log = recent_writes.log();
    assert!(log.entries.is_empty() && log.by_age.is_empty() && log.by_tenant.is_empty());
}

#[test]
fn full_log_drops_the_oldest_writes() {
    let (mut recent_writes, _) = recent_writes();
    recent_writes.capacity = 3;
    for id in ["a", "b", "a", "c", "d"] {
        recent_writes.record_write(None, &user(id, 1, &["acme"]));
    }
    let ids: Vec<_> = about(&recent_writes, "acme").into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["a", "c", "d"]);
    assert_eq!(recent_writes.log().by_age.len(), 3);
}

#[test]
fn read_by_id_updates_recorded_writes() {
    let (recent_writes, _) = recent_writes();
    let written = user("ada", 5, &["acme"]);
    let is =
        |user: &User| vec![(user.id.to_string(), WrittenState::Present(Arc::new(user.clone())))];
    // A read alone is not recorded.
    recent_writes.record_read(&written.id, Some(&written));
    assert_eq!(about(&recent_writes, "acme"), []);
    recent_writes.record_write(None, &written);
    recent_writes.record_read(&written.id, Some(&user("ada", 4, &["globex"])));
    assert_eq!(about(&recent_writes, "acme"), is(&written));
    let newer = user("ada", 6, &["globex"]);
    recent_writes.record_read(&written.id, Some(&newer));
    assert_eq!(
        (about(&recent_writes, "acme"), about(&recent_writes, "globex")),
        (is(&newer), is(&newer))
    );
    recent_writes.record_read(&written.id, None);
    assert_eq!(
        about(&recent_writes, "acme"),
        [("ada".to_owned(), WrittenState::Deleted(Timestamp::UNIX_EPOCH))]
    );
}

#[test]
fn recreated_account_supersedes_the_deletion() {
    let (recent_writes, _) = recent_writes();
    let before = user("ada", 5, &["acme"]);
    recent_writes.record_deletion(&before);
    // A read that started before the deletion is ignored.
    recent_writes.record_read(&before.id, Some(&user("ada", 9, &["acme"])));
    assert_eq!(recent_writes.latest(&before), None);
    let mut again = user("ada", 9, &["acme"]);
    again.created_at = again.created_at.plus_millis(1);
    assert_eq!(recent_writes.latest(&again), Some(again.clone()));
    recent_writes.record_read(&again.id, Some(&again));
    assert_eq!(recent_writes.latest(&before), Some(again.clone()));
    assert_eq!(
        about(&recent_writes, "acme"),
        [("ada".to_owned(), WrittenState::Present(Arc::new(again)))]
    );
}
