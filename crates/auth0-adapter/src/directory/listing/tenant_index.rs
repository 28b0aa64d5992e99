//! The users of one tenant in Auth0's search.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::TenantScope;
use ports::PortResult;

use super::index::{
    IndexField, IndexOrder, IndexPage, IndexQuery, IndexRow, MAX_PAGE_SIZE, UserIndex,
};
use crate::directory::directory_core::DirectoryCore;
use crate::directory::shared_reads::{ReadError, SearchResult};
use crate::directory::users::account_reader::AccountReader;
use crate::management::params::UserSearch;
use crate::management::search_query::SearchQuery;
use crate::management::wire::{Auth0User, UserRows};

/// The index of one tenant's users in Auth0.
#[derive(Debug)]
pub(crate) struct TenantIndex<'a> {
    core: &'a Arc<DirectoryCore>,
    reader: &'a Arc<AccountReader>,
    scope: &'a TenantScope,
    /// The largest page that was short enough to be read, once one was not.
    page_size: AtomicU32,
}

/// Converts rows of the search to those of the tenant's index.
pub(crate) struct RowMapper {
    core: Arc<DirectoryCore>,
    reader: Arc<AccountReader>,
    scope: TenantScope,
}

impl<'a> TenantIndex<'a> {
    /// The index of the scope's tenant, whose accounts this reader maps.
    pub(crate) fn new(
        core: &'a Arc<DirectoryCore>,
        reader: &'a Arc<AccountReader>,
        scope: &'a TenantScope,
    ) -> Self {
        Self { core, reader, scope, page_size: AtomicU32::new(MAX_PAGE_SIZE) }
    }

    /// Returns what converts the rows.
    pub(crate) fn mapper(&self) -> RowMapper {
        let (core, reader) = (Arc::clone(self.core), Arc::clone(self.reader));
        RowMapper { core, reader, scope: self.scope.clone() }
    }
}

impl RowMapper {
    /// Reads a page of the index.
    async fn search(self, search: UserSearch) -> Result<Arc<SearchResult>, ReadError> {
        let DirectoryCore { management, decoded_pages, .. } = &*self.core;
        let slot = decoded_pages.slot(self.scope.tenant(), &search, &self.reader);
        let found = management.read_search(&search, |user| self.row(user), &slot).await?;
        let requested_start = u64::from(search.page) * u64::from(search.per_page);
        let UserRows { readable: rows, unreadable } = found.users;
        if unreadable > 0 {
            self.core.skipped.log(self.scope.tenant(), "");
        }
        let start = found.start.unwrap_or(requested_start);
        let page = IndexPage { rows, start, total: found.total, unreadable };
        Ok(Arc::new(SearchResult { page, part_size: found.part_size }))
    }

    /// Converts a row. Only its own metadata makes it one of the tenant's users, not the search
    /// result.
    pub(crate) fn row(&self, user: Auth0User<'_>) -> IndexRow {
        let (id, created_at) = (user.user_id.clone().into_owned(), user.created_at);
        let email = user.email.clone();
        let read = self.reader.read(user);
        if read.is_none() {
            self.core.skipped.log(self.scope.tenant(), &id);
        }
        let user = read.filter(|user| self.scope.can_see(user)).map(Arc::new);
        let mut shown_differently = Vec::new();
        if let Some(view) = user.as_ref().and_then(|user| self.scope.view(user)) {
            if email.as_deref() != Some(view.email.as_str()) {
                shown_differently.push(IndexField::Email);
            }
            if created_at != Some(view.created_at) {
                shown_differently.push(IndexField::CreatedAt);
            }
        }
        IndexRow { id, created_at, shown_differently, user }
    }
}

impl UserIndex for TenantIndex<'_> {
    async fn fetch(&self, mut query: IndexQuery<'_>) -> PortResult<IndexPage> {
        if query.page == 0 {
            // Another page would hold other rows.
            query.per_page = query.per_page.min(self.page_size.load(Ordering::Relaxed));
        }
        let AccountReader { prefix, catalogue, .. } = &**self.reader;
        let mut search_query = SearchQuery::members(prefix, self.scope.tenant(), catalogue);
        if let Some(range) = query.created {
            search_query = search_query.created_in(range);
        }
        if let Some(ids) = query.only {
            search_query = search_query.restricted_to(ids);
        }
        if let Some(ids) = query.except {
            search_query = search_query.excluding(ids);
        }
        let search = UserSearch {
            q: search_query.to_string(),
            sort: query.order.parameter(),
            page: query.page,
            per_page: query.per_page,
        };
        let read = |search| self.mapper().search(search);
        let found = self.core.shared_reads.search(self.scope.tenant(), search, read).await?;
        let SearchResult { page, part_size } = Arc::unwrap_or_clone(found);
        if let Some(size) = part_size {
            self.page_size.fetch_min(size, Ordering::Relaxed);
        }
        Ok(page)
    }
}

impl IndexOrder {
    /// Returns the value of the parameter `sort`.
    fn parameter(self) -> &'static str {
        match (self.field, self.descending) {
            (IndexField::Id, false) => "user_id:1",
            (IndexField::Id, true) => "user_id:-1",
            (IndexField::Email, false) => "email:1",
            (IndexField::Email, true) => "email:-1",
            (IndexField::CreatedAt, false) => "created_at:1",
            (IndexField::CreatedAt, true) => "created_at:-1",
        }
    }
}
