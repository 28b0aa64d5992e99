//! Users created at one moment, for example by an import.

use domain::{ListQuery, Sort, SortField};

use super::tenant::{assert_listed, fails, tenant, window};

/// Checks lists of users with `same_moment` equal creation times, and others before and after.
async fn check(before: u64, same_moment: u64, after: u64, pages_of: u64) {
    let moment = move |number| {
        if number < before {
            1_000_000 - number
        } else if number < before + same_moment {
            500_000
        } else {
            400_000 - number
        }
    };
    let (world, users) = tenant(before + same_moment + after, pages_of, moment).await;
    for field in [SortField::Id, SortField::LastName, SortField::CreatedAt] {
        let sort = Sort { field, descending: field == SortField::LastName };
        assert_listed(&world, &users, ListQuery { sort, page: None }).await;
    }
    for field in [SortField::Email, SortField::FirstName] {
        let listing = ListQuery { sort: Sort { field, descending: true }, page: window(1, 40) };
        assert_listed(&world, &users, listing).await;
    }
}

#[tokio::test]
async fn one_more_than_a_page_of_equal_moments() {
    check(0, 101, 0, 100).await;
}

#[tokio::test]
async fn equal_moments_among_other_users() {
    check(30, 260, 7, 100).await;
    check(3, 120, 90, 50).await;
}

#[tokio::test]
async fn more_than_1000_equal_moments() {
    check(120, 1300, 5, 100).await;
}

#[tokio::test]
async fn more_than_2000_equal_moments_are_an_error() {
    let (world, _) = tenant(2001, 100, |_| 5).await;
    assert!(fails(&world, ListQuery::default()).await);
}
