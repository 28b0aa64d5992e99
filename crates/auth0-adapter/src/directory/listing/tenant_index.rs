//! The people of one tenant, as Auth0's search knows them.

use domain::TenantId;
use ports::PortResult;

use super::index::{Ask, Found, Index, Order, OrderField, Row};
use crate::directory::users::account_reader::Reader;
use crate::management::client::Management;
use crate::management::params;
use crate::management::search_query::Query;
use crate::management::wire;

/// One tenant's people in Auth0.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    pub(crate) management: &'a Management,
    pub(crate) reader: &'a Reader,
    pub(crate) tenant: &'a TenantId,
}

impl Search<'_> {
    /// A row, checked again: Auth0's word alone makes nobody one of the tenant's people. Without a
    /// time of creation it is none.
    pub(crate) fn row(&self, user: wire::User) -> Option<Row> {
        let Ok(created_at) = user.created_at.parse() else {
            tracing::warn!("a row of Auth0 is left out, since it has no time of creation");
            return None;
        };
        let id = user.user_id.clone();
        let user = self.reader.read(user).filter(|user| user.role_in(self.tenant).is_some());
        Some(Row { id, created_at, user })
    }
}

impl Index for Search<'_> {
    async fn ask(&self, ask: Ask<'_>) -> PortResult<Found> {
        let query = Query::people(&self.reader.prefix, self.tenant, &self.reader.catalogue);
        let query = ask.created.into_iter().fold(query, Query::created);
        let query = ask.among.into_iter().fold(query, Query::among);
        let query = ask.except.into_iter().fold(query, Query::except);
        let search = params::Search {
            q: query.to_string(),
            sort: ask.order.parameter(),
            page: ask.page,
            per_page: ask.per_page,
        };
        let found = self.management.search(&search).await?;
        let asked = u64::from(ask.page) * u64::from(ask.per_page);
        let wire::Users { readable, unreadable } = found.users;
        let all = readable.len() as u64 + unreadable;
        let rows: Vec<_> = readable.into_iter().filter_map(|user| self.row(user)).collect();
        Ok(Found {
            start: found.start.unwrap_or(asked),
            total: found.total,
            unreadable: all - rows.len() as u64,
            rows,
        })
    }
}

impl Order {
    /// The parameter `sort`.
    fn parameter(self) -> &'static str {
        match (self.field, self.descending) {
            (OrderField::Id, false) => "user_id:1",
            (OrderField::Id, true) => "user_id:-1",
            (OrderField::Email, false) => "email:1",
            (OrderField::Email, true) => "email:-1",
            (OrderField::CreatedAt, false) => "created_at:1",
            (OrderField::CreatedAt, true) => "created_at:-1",
        }
    }
}
