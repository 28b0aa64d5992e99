//! Links between pages.

use serde_json::json;

use super::{BOTH, List};
use crate::support::{Answer, App};

/// The relations of a page's links, sorted.
fn rels(list: List, page: &Answer) -> Vec<String> {
    let mut rels: Vec<_> = list.links(page).into_iter().map(|(rel, _)| rel).collect();
    rels.sort();
    rels
}

/// The number of the page that a link leads to.
fn linked_page(list: List, page: &Answer, rel: &str) -> Option<String> {
    let href = list.link(page, rel)?;
    let (_, query) = href.split_once('?').unwrap();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find(|(name, _)| name == "page[number]").map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn middle_page_links_first_prev_next_last() {
    let app = App::start().await;

    for list in BOTH {
        let page = list.get(&app, "page[size]=2&page[number]=1").await;
        let numbers = ["first", "prev", "next", "last"].map(|rel| linked_page(list, &page, rel));
        assert_eq!(numbers.map(Option::unwrap), ["0", "0", "2", "3"], "{list:?}");
    }
}

#[tokio::test]
async fn links_are_absolute_encoded_and_keep_parameters() {
    let app = App::start().await;

    let a = List::A.get(&app, "filter[tenant]=acme&sort=-email&page[size]=2").await;
    let b = List::B.get(&app, "sort=-email&page[size]=2").await;

    let next = |list: List, page| list.links(page).into_iter().find(|(rel, _)| rel == "next");
    let hrefs = [next(List::A, &a), next(List::B, &b)].map(|link| link.unwrap().1);
    let query = "filter%5Btenant%5D=acme&sort=-email&page%5Bnumber%5D=1&page%5Bsize%5D=2";
    let expected = ["/api/acme/admin/users", "/api/v1/users"]
        .map(|path| format!("https://usher.example.com{path}?{query}"));
    assert_eq!(hrefs, expected);
}

#[tokio::test]
async fn links_to_missing_pages_are_omitted() {
    let app = App::start().await;

    for list in BOTH {
        let first = list.get(&app, "page[size]=4").await;
        let last = list.get(&app, "page[size]=4&page[number]=1").await;
        let only = list.get(&app, "page[size]=7").await;
        assert_eq!(rels(list, &first), ["first", "last", "next"], "{list:?}");
        assert_eq!(rels(list, &last), ["first", "last", "prev"], "{list:?}");
        assert_eq!(rels(list, &only), ["first", "last"], "{list:?}");
    }
}

#[tokio::test]
async fn page_past_the_end_is_empty_and_links_back() {
    let app = App::start().await;

    for list in BOTH {
        for number in ["2", "3", "1000000", "18446744073709551615"] {
            let page = list.get(&app, &format!("page[size]=4&page[number]={number}")).await;
            assert!(list.names(&page).is_empty(), "{list:?} {number}");
            assert_eq!(rels(list, &page), ["first", "last", "prev"], "{list:?} {number}");
            assert_eq!(linked_page(list, &page, "prev").as_deref(), Some("1"), "{list:?} {number}");
        }
    }
}

#[tokio::test]
async fn empty_list_has_first_and_last_links() {
    let app = App::start().await;
    let initech = app.tenant("initech");

    for list in BOTH {
        let page = initech.get(&list.path("initech", "page[size]=5")).await;
        assert_eq!(page.status, 200);
        assert!(list.names(&page).is_empty());
        assert_eq!(rels(list, &page), ["first", "last"], "{list:?}");
        assert_eq!(linked_page(list, &page, "last").as_deref(), Some("0"), "{list:?}");
    }
}

#[tokio::test]
async fn last_link_contains_the_totals() {
    let app = App::start().await;

    let page = List::B.get(&app, "page[size]=2").await;

    let meta = page.json()["links"]["last"]["meta"].clone();
    assert_eq!(meta, json!({"totalUsers": 7, "totalPages": 4}));
}

#[tokio::test]
async fn prev_links_lead_back_through_the_same_pages() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for list in BOTH {
        let mut pages = Vec::new();
        let mut path = list.link(&list.get(&app, "page[size]=3").await, "last");
        while let Some(href) = path {
            let page = acme.get(&href).await;
            pages.push(list.names(&page));
            path = list.link(&page, "prev");
        }
        assert_eq!(
            pages,
            [vec!["vera"], vec!["hal", "mia", "olga"], vec!["adam", "bob", "gus"]],
            "{list:?}"
        );
    }
}

#[tokio::test]
async fn unpaged_sorted_list_links_to_itself() {
    let app = App::start().await;

    let list = List::A.get(&app, "sort=-email").await;

    let own_url = "https://usher.example.com/api/acme/admin/users?sort=-email";
    let expected = [("first", own_url), ("last", own_url)]
        .map(|(rel, href)| (rel.to_owned(), href.to_owned()));
    assert_eq!(List::A.links(&list), expected);
}
