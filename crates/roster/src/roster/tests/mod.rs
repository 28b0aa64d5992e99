//! Any changes, compared with a plain sort of all accounts.

mod model;

use std::num::NonZero;
use std::sync::Arc;

use domain::{
    AccountRules, Actor, AttachRule, ForeignProfile, ListQuery, Operation, PolicyContext, Sort,
    SortField, TenantId, TenantScope, Timestamp, User, UserView, policy,
};
use proptest::prelude::*;

use super::*;
use model::{Step, steps, tenants};

type TestRoster = Roster<Arc<User>>;

fn every_rules() -> impl Iterator<Item = AccountRules> {
    [AttachRule::Verified, AttachRule::Any].into_iter().flat_map(|attach| {
        [ForeignProfile::Shown, ForeignProfile::Hidden]
            .map(|foreign_profile| AccountRules { attach, foreign_profile })
    })
}

fn scope(tenant: &TenantId, rules: AccountRules) -> TenantScope {
    let context = PolicyContext::at(Timestamp::UNIX_EPOCH.plus_millis(2)).with_rules(rules);
    let operation = Operation::WriteTenantUsers;
    policy::tenant_scope(&Actor::operator(), operation, Some(tenant), &context).expect("a scope")
}

/// Returns the ids of a list as the domain defines it.
fn expected(accounts: &[Arc<User>], scope: &TenantScope, query: ListQuery) -> Vec<String> {
    let views: Vec<UserView<'_>> = accounts.iter().filter_map(|user| scope.view(user)).collect();
    query.select(&views).into_iter().map(|view| view.id.to_string()).collect()
}

fn ids(users: &[Arc<User>]) -> Vec<String> {
    users.iter().map(|user| user.id.to_string()).collect()
}

fn accounts(roster: &TestRoster) -> Vec<Arc<User>> {
    roster.iter().cloned().collect()
}

/// Asserts that every list that is built equals a plain sort, in both directions and in pages.
fn assert_lists(roster: &TestRoster, page_size: usize) {
    let accounts = accounts(roster);
    for tenant in tenants() {
        for rules in every_rules() {
            let scope = scope(&tenant, rules);
            for field in SortField::ALL {
                let order = ListOrder::new(tenant.clone(), field, rules);
                for descending in [false, true] {
                    let whole = Range { start: 0, len: usize::MAX, descending };
                    let Some(part) = roster.list_part(&order, whole) else { continue };
                    let sort = Sort { field, descending };
                    let all = expected(&accounts, &scope, ListQuery { sort, page: None });
                    assert_eq!(ids(&part.users), all, "{order:?} {descending}");
                    assert_eq!(part.total, all.len());
                    for (number, page) in all.chunks(page_size).enumerate() {
                        let (start, len) = (number * page_size, page_size);
                        let part = roster.list_part(&order, Range { start, len, descending });
                        assert_eq!(ids(&part.expect("built").users), page);
                    }
                    let beyond = Range { start: all.len(), len: page_size, descending };
                    assert_eq!(roster.list_part(&order, beyond).expect("built").users, []);
                }
            }
        }
    }
}

/// Asserts that look-ups find what a search through all accounts finds.
fn assert_lookups(roster: &TestRoster) {
    let accounts = accounts(roster);
    assert_eq!(roster.len(), accounts.len());
    for user in &accounts {
        assert_eq!(roster.get(&user.id), Some(user));
        assert_eq!(roster.by_email(&user.email), Some(user));
        assert_eq!(
            user.username.as_ref().and_then(|name| roster.by_username(name)).is_some(),
            user.username.is_some()
        );
    }
    for tenant in tenants() {
        let mut related = ids(&roster.related(&tenant).cloned().collect::<Vec<_>>());
        related.sort();
        let is_related = |user: &&Arc<User>| {
            user.home.as_ref() == Some(&tenant) || user.memberships.contains_key(&tenant)
        };
        let mut expected: Vec<_> =
            accounts.iter().filter(is_related).map(|user| user.id.to_string()).collect();
        expected.sort();
        assert_eq!(related, expected);
        assert_eq!(roster.related_len(&tenant), expected.len());
        for rules in every_rules() {
            let scope = scope(&tenant, rules);
            for user in &accounts {
                let Ok(decision) = scope.authorize_detach(user) else { continue };
                let by_search = decision.clone().complete(|_| accounts.iter().map(|user| &**user));
                assert_eq!(decision.complete(|at_risk| roster.holders(at_risk)), by_search);
            }
        }
    }
}

proptest! {
    #[test]
    fn lists_equal_a_plain_sort_after_any_changes(steps in steps(), page_size in 1..9_usize) {
        let mut roster = TestRoster::default();
        let mut builds: Vec<Build<Arc<User>>> = Vec::new();
        let mut snapshots = Vec::new();
        for step in steps {
            match step {
                Step::Put(user) => drop(roster.put(&Arc::new(*user))),
                Step::Remove(id) => drop(roster.remove(&id)),
                Step::Ask(order) => match roster.snapshot(&order) {
                    Some(snapshot) => {
                        let all = Range { start: 0, len: usize::MAX, descending: true };
                        snapshots.push((ids(&snapshot.users(all)), snapshot));
                    }
                    None => builds.push(roster.begin_build(order)),
                },
                Step::Sort => builds.iter_mut().for_each(|build| build.advance(NonZero::<usize>::MIN)),
                Step::Finish => {
                    for build in std::mem::take(&mut builds) {
                        match roster.finish_build(build) {
                            BuildOutcome::Behind(build) => builds.push(build),
                            BuildOutcome::Finished(_) | BuildOutcome::Lost => {}
                        }
                    }
                    assert_lists(&roster, page_size);
                }
            }
        }
        assert_lists(&roster, page_size);
        assert_lookups(&roster);
        for (ids_then, snapshot) in snapshots {
            let all = Range { start: 0, len: usize::MAX, descending: true };
            prop_assert_eq!(ids(&snapshot.users(all)), ids_then);
        }
    }
}

#[test]
fn roster_is_empty_after_all_accounts_are_removed() {
    let mut roster = TestRoster::default();
    for round in 0..3 {
        for user in model::many(200) {
            roster.put(&Arc::new(user));
        }
        assert_eq!(roster.len(), 200, "round {round}");
        for user in model::many(200) {
            assert!(roster.remove(&user.id).is_some());
        }
        assert!(roster.is_empty() && roster.iter().next().is_none());
        let is_known = |tenant: &TenantId| roster.stored_tenant(tenant).is_some();
        assert!(!tenants().iter().any(is_known));
    }
}

#[test]
fn parallel_sort_equals_a_plain_sort() {
    let mut roster = TestRoster::default();
    for user in model::many(500) {
        roster.put(&Arc::new(user));
    }
    let accounts = accounts(&roster);
    let [tenant, ..] = tenants();
    for field in SortField::ALL {
        let rules = AccountRules::default();
        let mut build = roster.begin_build(ListOrder::new(tenant.clone(), field, rules));
        build.advance(NonZero::new(3).expect("three"));
        let BuildOutcome::Finished(snapshot) = roster.finish_build(build) else {
            panic!("nothing has changed")
        };
        for descending in [false, true] {
            let users = snapshot.users(Range { start: 0, len: usize::MAX, descending });
            let query = ListQuery { sort: Sort { field, descending }, page: None };
            assert_eq!(ids(&users), expected(&accounts, &scope(&tenant, rules), query));
        }
    }
}

#[test]
fn abandoned_build_is_forgotten() {
    let mut roster = TestRoster::default();
    let [tenant, ..] = tenants();
    let mut users = model::many(20).into_iter();
    roster.put(&Arc::new(users.next().expect("a user")));
    let order = ListOrder::new(tenant.clone(), SortField::Id, AccountRules::default());
    drop(roster.begin_build(order.clone()));
    users.for_each(|user| drop(roster.put(&Arc::new(user))));
    for user in model::many(20) {
        roster.remove(&user.id);
    }
    assert_eq!(roster.stored_tenant(&tenant), None);
    let lost = roster.begin_build(order);
    let mut other = TestRoster::default();
    for user in model::many(20) {
        drop(other.put(&Arc::new(user)));
    }
    assert!(matches!(other.finish_build(lost), BuildOutcome::Lost));
}
