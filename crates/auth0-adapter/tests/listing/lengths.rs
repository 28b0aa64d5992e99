//! Lists of lengths around each limit: the page size, and how far Auth0 pages and counts.

use domain::{ListQuery, Sort, SortField};

use super::tenant::{assert_listed, sorts, tenant, window};
use crate::world::{SEARCH, calls};

/// Checks lists of one length in every order.
async fn check(count: u64, pages_of: u64) {
    let (world, users) = tenant(count, pages_of, |number| number * 1009 + 1).await;
    for sort in sorts() {
        assert_listed(&world, &users, ListQuery { sort, page: None }).await;
        for (number, size) in [(0, 10), (1, 33), (0, 100), (count / 50, 50), (count, 10)] {
            assert_listed(&world, &users, ListQuery { sort, page: window(number, size) }).await;
        }
    }
}

#[tokio::test]
async fn list_of_0_users() {
    check(0, 100).await;
}

#[tokio::test]
async fn list_of_1_user() {
    check(1, 100).await;
}

#[tokio::test]
async fn list_of_100_users() {
    check(100, 100).await;
}

#[tokio::test]
async fn list_of_101_users() {
    check(101, 100).await;
}

#[tokio::test]
async fn list_of_250_users_in_pages_of_50() {
    check(250, 50).await;
}

/// Checks some lists only, since each takes many calls.
async fn check_some(count: u64, pages_of: u64) {
    let (world, users) = tenant(count, pages_of, |number| number * 1009 + 1).await;
    for (field, descending, number, size) in [
        (SortField::CreatedAt, true, 0, 20),
        (SortField::Email, false, 3, 100),
        (SortField::Id, true, 9, 100),
        (SortField::Email, true, count / 100, 100),
        (SortField::LastName, false, 0, 20),
        (SortField::Username, true, count / 100, 100),
        (SortField::Id, false, count, 10),
    ] {
        let sort = Sort { field, descending };
        assert_listed(&world, &users, ListQuery { sort, page: window(number, size) }).await;
    }
    assert_listed(&world, &users, ListQuery::default()).await;
}

#[tokio::test]
async fn list_of_999_users() {
    check_some(999, 100).await;
}

#[tokio::test]
async fn list_of_1000_users() {
    check_some(1000, 100).await;
}

#[tokio::test]
async fn list_of_1001_users() {
    check_some(1001, 100).await;
}

#[tokio::test]
async fn list_of_2500_users() {
    check_some(2500, 100).await;
}

#[tokio::test]
async fn list_costs_are_as_documented() {
    let (world, users) = tenant(1100, 100, |number| number * 1009 + 1).await;
    let cost = async |field, window| {
        world.take_calls();
        let sort = Sort { field, descending: false };
        assert_listed(&world, &users, ListQuery { sort, page: window }).await;
        world.take_calls()
    };
    // One page, and three calls to count beyond 1000.
    assert_eq!(cost(SortField::Email, window(2, 50)).await, calls([(SEARCH, 4)]));
    // A full scan: 99 users per call after the first hundred.
    assert_eq!(cost(SortField::LastName, window(2, 50)).await, calls([(SEARCH, 12)]));
    assert_eq!(cost(SortField::Id, None).await, calls([(SEARCH, 12)]));
}
