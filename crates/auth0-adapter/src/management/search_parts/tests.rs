use std::future::ready;
use std::sync::Mutex;

use domain::Timestamp;
use serde::Deserialize as _;
use serde_json::json;

use super::*;

/// The sizes of the rows, and the largest page that can be read, in the same unit.
struct Rows {
    sizes: Vec<u32>,
    limit: u32,
    /// Rows of one creation time.
    together: u32,
    asked: Mutex<Vec<(u32, u32)>>,
}

impl Rows {
    fn new(sizes: Vec<u32>, limit: u32) -> Self {
        Self { sizes, limit, together: 1, asked: Mutex::default() }
    }

    fn fetch(&self, search: &UserSearch) -> Result<OwnedPage, RequestError> {
        self.asked.lock().unwrap().push((search.page, search.per_page));
        let start = search.page * search.per_page;
        let positions =
            (start..start + search.per_page).filter(|at| (*at as usize) < self.sizes.len());
        if positions.clone().map(|at| self.sizes[at as usize]).sum::<u32>() > self.limit {
            return Err(MalformedResponse::TooLong.into());
        }
        let row = |at: u32| {
            let moment = Timestamp::UNIX_EPOCH.plus_millis(i64::from(at / self.together));
            json!({ "user_id": format!("auth0|{at}"), "created_at": moment.to_string() })
        };
        let rows: Vec<_> = positions.map(row).collect();
        let page = json!({ "users": rows, "start": start, "total": self.sizes.len() });
        Ok(OwnedPage::deserialize(page).unwrap())
    }

    async fn search(&self, page: u32, per_page: u32, sort: &'static str) -> OwnedPage {
        let search = UserSearch { q: String::new(), sort, page, per_page };
        search_in_parts(&search, |search| ready(self.fetch(&search))).await.unwrap()
    }
}

fn ids(page: &OwnedPage) -> Vec<u32> {
    let number = |row: &Auth0User<'_>| row.user_id.strip_prefix("auth0|").unwrap().parse().unwrap();
    page.users.readable.iter().map(number).collect()
}

#[tokio::test]
async fn parts_make_the_page() {
    let rows = Rows::new(vec![1; 230], 60);
    for (page, expected) in [(0, 0..100), (1, 100..200), (2, 200..230)] {
        let found = rows.search(page, 100, "created_at:1").await;
        assert_eq!(ids(&found), expected.collect::<Vec<_>>());
        assert_eq!((found.start, found.total), (Some(u64::from(page) * 100), 230));
        assert_eq!((found.users.unreadable, found.part_size), (0, Some(50)));
    }
    let asked = rows.asked.lock().unwrap().clone();
    assert_eq!(asked, [(0, 50), (1, 50), (2, 50), (3, 50), (4, 50)]);
}

#[tokio::test]
async fn row_that_is_too_long_alone_is_unreadable() {
    let mut sizes = vec![1; 100];
    sizes[37] = 1000;
    sizes[99] = 1000;
    let found = Rows::new(sizes, 100).search(0, 100, "user_id:1").await;
    let expected: Vec<_> = (0..99).filter(|at| *at != 37).collect();
    assert_eq!((ids(&found), found.users.unreadable), (expected, 2));
    assert_eq!(found.total, 100);
}

#[tokio::test]
async fn page_whose_every_row_is_too_long_is_an_error() {
    let rows = Rows::new(vec![1000; 100], 100);
    let search = UserSearch { q: String::new(), sort: "user_id:1", page: 0, per_page: 100 };
    let result = search_in_parts(&search, |search| ready(rows.fetch(&search))).await;
    assert!(result.is_err_and(|error| is_too_long(&error)));
    assert!(rows.asked.lock().unwrap().len() < 10);
}

#[tokio::test]
async fn page_of_one_row_that_is_too_long_is_unreadable() {
    let found = Rows::new(vec![1, 1000], 100).search(1, 1, "user_id:1").await;
    assert_eq!((found.users.count(), found.users.unreadable, found.total), (1, 1, 2));
}

#[tokio::test]
async fn parts_are_not_joined_within_a_tie() {
    let rows = Rows { together: 40, ..Rows::new(vec![1; 100], 60) };
    let found = rows.search(0, 100, "created_at:1").await;
    assert_eq!((found.users.count(), found.total), (50, 100));
    // Ids do not tie.
    assert_eq!(rows.search(0, 100, "user_id:1").await.users.count(), 100);
}

#[tokio::test]
async fn page_of_a_prime_size_is_not_divided() {
    let found = Rows::new(vec![10; 200], 100).search(0, 97, "user_id:1").await;
    assert_eq!(found.users.count(), 0);
}
