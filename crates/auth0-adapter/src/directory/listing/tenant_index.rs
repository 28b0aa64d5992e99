//! The users of one tenant in Auth0's search.

use domain::TenantId;
use ports::PortResult;

use super::index::{IndexField, IndexOrder, IndexPage, IndexQuery, IndexRow, UserIndex};
use crate::directory::users::account_reader::AccountReader;
use crate::management::client::ManagementClient;
use crate::management::params::UserSearch;
use crate::management::search_query::SearchQuery;
use crate::management::wire;

/// The index of one tenant's users in Auth0.
#[derive(Debug)]
pub(crate) struct TenantIndex<'a> {
    pub(crate) management: &'a ManagementClient,
    pub(crate) reader: &'a AccountReader,
    pub(crate) tenant: &'a TenantId,
}

impl TenantIndex<'_> {
    /// Converts a row. Only its own metadata makes it one of the tenant's users, not the search
    /// result. A row without a creation time is skipped.
    pub(crate) fn row(&self, user: wire::Auth0User) -> Option<IndexRow> {
        let Ok(created_at) = user.created_at.parse() else {
            tracing::warn!("row of Auth0 without a creation time skipped");
            return None;
        };
        let id = user.user_id.clone();
        let user = self.reader.read(user).filter(|user| user.role_in(self.tenant).is_some());
        Some(IndexRow { id, created_at, user })
    }
}

impl UserIndex for TenantIndex<'_> {
    async fn fetch(&self, query: IndexQuery<'_>) -> PortResult<IndexPage> {
        let AccountReader { prefix, catalogue, .. } = self.reader;
        let mut search_query = SearchQuery::members(prefix, self.tenant, catalogue);
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
        let found = self.management.search(&search).await?;
        let requested_start = u64::from(query.page) * u64::from(query.per_page);
        let wire::UserRows { readable, unreadable } = found.users;
        let all = readable.len() as u64 + unreadable;
        let rows: Vec<_> = readable.into_iter().filter_map(|user| self.row(user)).collect();
        Ok(IndexPage {
            start: found.start.unwrap_or(requested_start),
            total: found.total,
            unreadable: all - rows.len() as u64,
            rows,
        })
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
