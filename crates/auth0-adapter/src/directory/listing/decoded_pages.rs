//! Decoded pages of the search, to be used again when Auth0 returns the same bytes.
//!
//! Every list asks Auth0. But most responses to one search are the same as the last one, and decoding
//! a row takes many times as long as comparing it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::index::IndexRow;
use crate::directory::users::account_reader::AccountReader;
use crate::management::page_cache::PageCache;
use crate::management::params::UserSearch;
use crate::management::wire::UserPage;

/// For how long a page is used: what a tenant sees of an account also depends on the time.
const TTL: Duration = Duration::from_mins(1);
/// The longest response that is kept, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// The maximum size of all kept searches and responses together, in bytes. The decoded rows take
/// about as much.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What a page takes beside its response and the text of its search, in bytes: many responses have
/// few rows, or none.
const ENTRY_BYTES: usize = 512;

/// The latest page of each of the latest searches.
#[derive(Debug, Default)]
pub(crate) struct DecodedPages(Mutex<Kept>);

type Key = Arc<(TenantId, UserSearch)>;

#[derive(Debug, Default)]
struct Kept {
    pages: HashMap<Key, DecodedPage>,
    by_age: BTreeMap<u64, Key>,
    next: u64,
    bytes: usize,
}

#[derive(Debug)]
struct DecodedPage {
    /// What mapped the accounts; another role catalogue maps them differently.
    reader: Arc<AccountReader>,
    body: Vec<u8>,
    page: Arc<UserPage<IndexRow>>,
    at: Instant,
    age: u64,
}

/// The place of one search's page.
#[derive(Debug)]
pub(super) struct PageSlot<'a> {
    pages: &'a DecodedPages,
    key: Key,
    reader: &'a Arc<AccountReader>,
}

impl DecodedPages {
    /// Returns the place of the page of this search in the tenant, whose accounts the reader maps.
    pub(super) fn slot<'a>(
        &'a self,
        tenant: &TenantId,
        search: &UserSearch,
        reader: &'a Arc<AccountReader>,
    ) -> PageSlot<'a> {
        PageSlot { pages: self, key: Arc::new((tenant.clone(), search.clone())), reader }
    }
}

impl PageCache<IndexRow> for PageSlot<'_> {
    fn get(&self, body: &[u8]) -> Option<UserPage<IndexRow>> {
        let kept = self.pages.0.lock();
        let known = kept.pages.get(&self.key)?;
        let is_valid = Arc::ptr_eq(&known.reader, self.reader)
            && known.at.elapsed() < TTL
            && known.body == body;
        let page = is_valid.then(|| Arc::clone(&known.page))?;
        drop(kept);
        Some(UserPage::clone(&page))
    }

    fn insert(&self, body: &[u8], page: &UserPage<IndexRow>) {
        if body.len() > MAX_BODY {
            return;
        }
        let (body, page) = (body.to_vec(), Arc::new(page.clone()));
        let (reader, at) = (Arc::clone(self.reader), Instant::now());
        let kept = &mut *self.pages.0.lock();
        kept.remove(&self.key);
        kept.bytes += size(&self.key, &body);
        let age = kept.next;
        kept.next += 1;
        kept.by_age.insert(age, Arc::clone(&self.key));
        kept.pages.insert(Arc::clone(&self.key), DecodedPage { reader, body, page, at, age });
        while kept.bytes > MAX_BYTES
            && let Some((_, oldest)) = kept.by_age.pop_first()
        {
            kept.remove(&oldest);
        }
    }
}

impl Kept {
    fn remove(&mut self, key: &Key) {
        if let Some(page) = self.pages.remove(key) {
            self.by_age.remove(&page.age);
            self.bytes -= size(key, &page.body);
        }
    }
}

/// Returns what a page counts for.
fn size(key: &Key, body: &[u8]) -> usize {
    let (_, UserSearch { q, .. }) = &**key;
    ENTRY_BYTES + q.len() + body.len()
}

#[cfg(test)]
mod tests {
    use conformance::catalogue;

    use super::*;
    use crate::config::MetadataPrefix;
    use crate::management::wire::UserRows;

    fn reader() -> Arc<AccountReader> {
        let prefix = MetadataPrefix::default();
        Arc::new(AccountReader { prefix, connections: [].into(), catalogue: catalogue() })
    }

    fn search(page: u32) -> UserSearch {
        UserSearch { q: String::new(), sort: "user_id:1", page, per_page: 20 }
    }

    fn page(total: u64) -> UserPage<IndexRow> {
        UserPage { users: UserRows::default(), start: None, total, part_size: None }
    }

    fn total(slot: &PageSlot<'_>, body: &[u8]) -> Option<u64> {
        slot.get(body).map(|page| page.total)
    }

    #[tokio::test(start_paused = true)]
    async fn same_response_is_decoded_once_a_minute() {
        let (pages, reader) = (DecodedPages::default(), reader());
        let (acme, globex) = ("acme".parse().unwrap(), "globex".parse().unwrap());
        let slot = pages.slot(&acme, &search(0), &reader);
        assert_eq!(total(&slot, b"a"), None);
        slot.insert(b"a", &page(1));
        assert_eq!(total(&slot, b"a"), Some(1));
        assert_eq!(total(&slot, b"b"), None);
        assert_eq!(total(&pages.slot(&globex, &search(0), &reader), b"a"), None);
        assert_eq!(total(&pages.slot(&acme, &search(1), &reader), b"a"), None);
        slot.insert(b"b", &page(2));
        assert_eq!((total(&slot, b"a"), total(&slot, b"b")), (None, Some(2)));
        tokio::time::advance(TTL).await;
        assert_eq!(total(&slot, b"b"), None);
    }

    #[tokio::test]
    async fn another_role_catalogue_decodes_again() {
        let (pages, before, after) = (DecodedPages::default(), reader(), reader());
        let acme = "acme".parse().unwrap();
        pages.slot(&acme, &search(0), &before).insert(b"a", &page(1));
        assert_eq!(total(&pages.slot(&acme, &search(0), &after), b"a"), None);
    }

    #[tokio::test]
    async fn oldest_pages_are_removed() {
        let (pages, reader) = (DecodedPages::default(), reader());
        let acme = "acme".parse().unwrap();
        let long = vec![0; MAX_BODY - ENTRY_BYTES];
        for number in 0..20 {
            pages.slot(&acme, &search(number), &reader).insert(&long, &page(1));
        }
        let kept = |number| total(&pages.slot(&acme, &search(number), &reader), &long).is_some();
        assert_eq!(
            (0..20).filter(|number| kept(*number)).collect::<Vec<_>>(),
            (4..20).collect::<Vec<_>>()
        );
        let too_long = vec![0; MAX_BODY + 1];
        let slot = pages.slot(&acme, &search(30), &reader);
        slot.insert(&too_long, &page(1));
        assert_eq!(total(&slot, &too_long), None);
        assert_eq!(pages.0.lock().bytes, MAX_BYTES);
    }

    #[tokio::test]
    async fn texts_of_searches_count() {
        let (pages, reader) = (DecodedPages::default(), reader());
        let acme = "acme".parse().unwrap();
        let query = "x".repeat(4096);
        for number in 0..3000 {
            let search = UserSearch { q: query.clone(), ..search(number) };
            pages.slot(&acme, &search, &reader).insert(b"a", &page(1));
        }
        let kept = pages.0.lock().pages.len();
        assert!(kept * query.len() <= MAX_BYTES, "{kept}");
    }

    #[tokio::test]
    async fn pages_without_rows_count() {
        let (pages, reader) = (DecodedPages::default(), reader());
        let acme = "acme".parse().unwrap();
        for number in 0..20_000 {
            pages.slot(&acme, &search(number), &reader).insert(b"a", &page(0));
        }
        let kept = pages.0.lock().pages.len();
        assert!(kept <= MAX_BYTES / ENTRY_BYTES, "{kept}");
    }
}
