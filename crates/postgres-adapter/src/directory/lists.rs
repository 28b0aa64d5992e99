//! Lists of a tenant's users, in an order that the database keeps in an index.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Page, PageRequest, RoleCatalogue, Sort, SortField, TenantScope, UserView};
use futures_util::future::try_join;
use futures_util::stream;
use ports::FullList;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::database::{Failure, Mode, Reach, Transaction};
use crate::directory::postgres_directory::PostgresDirectory;
use crate::directory::record::{Record, role_names};

const READ: &str = "SELECT * FROM usher.reached_accounts($1)";
const COUNT: &str = "SELECT count(*) FROM usher.membership WHERE tenant = $1 AND role = ANY ($2)";
/// A cursor takes no parameters.
const SET_LISTED_ROLES: &str = "SELECT set_config('usher.listed_roles', $1::text[]::text, true)";
const LISTED: &str = "
    tenant = (SELECT (current_setting('usher.tenants')::text[])[1])
    AND role = ANY ((SELECT current_setting('usher.listed_roles')::text[])::text[])";

/// Returns the order as SQL; ties are by ascending id in both directions.
fn order(sort: Sort) -> String {
    let column = match sort.field {
        SortField::Id => "id_key",
        SortField::Username => "username_key",
        SortField::Email => "email_key",
        SortField::FirstName => "first_name_key",
        SortField::LastName => "last_name_key",
        SortField::CreatedAt => "created_key",
    };
    let direction = if sort.descending { " DESC" } else { "" };
    if sort.field == SortField::Id {
        format!("{column}{direction}")
    } else {
        format!("{column}{direction}, id_key")
    }
}

impl PostgresDirectory {
    pub(super) async fn page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> Result<Page, Failure> {
        let catalogue = self.catalogue();
        let (tenant, roles) = (scope.tenant().as_str(), role_names(&catalogue));
        let size = i64::from(page.size.get());
        let start = i64::try_from(page.number).unwrap_or(i64::MAX).saturating_mul(size);
        let listed = format!(
            "SELECT account FROM usher.membership WHERE tenant = $1 AND role = ANY ($2) \
             ORDER BY {} LIMIT $3 OFFSET $4",
            order(sort)
        );
        let transaction =
            Transaction::begin(&self.database, &Reach::from(scope), Mode::Snapshot).await?;
        // Both are sent at once, and see one moment.
        let parameters: [&(dyn ToSql + Sync); 4] = [&tenant, &roles, &size, &start];
        let (total, rows) = try_join(
            count(&transaction, scope, &catalogue),
            transaction.query(&listed, &parameters),
        )
        .await?;
        let users = views(&transaction, scope, &catalogue, &rows).await?;
        transaction.finish().await?;
        Ok(Page { users, total })
    }

    pub(super) async fn full_list(
        &self,
        scope: &TenantScope,
        sort: Sort,
    ) -> Result<FullList, Failure> {
        let catalogue = self.catalogue();
        let transaction =
            Transaction::begin(&self.database, &Reach::from(scope), Mode::LongSnapshot).await?;
        let total = count(&transaction, scope, &catalogue).await?;
        let roles = role_names(&catalogue);
        transaction.execute(SET_LISTED_ROLES, &[&roles]).await?;
        let declare = format!(
            "DECLARE listed NO SCROLL CURSOR FOR \
             SELECT account FROM usher.membership WHERE {LISTED} ORDER BY {}",
            order(sort)
        );
        transaction.batch(&declare).await?;
        let cursor = Cursor { transaction, scope: scope.clone(), catalogue };
        // The transaction of a short list does not wait for its client.
        if total <= FullList::BATCH_SIZE as u64 {
            let users = cursor.next_batch().await?;
            cursor.transaction.finish().await?;
            return Ok(FullList::from_users(users));
        }
        let batches = stream::try_unfold(Some(cursor), |cursor| async move {
            let Some(cursor) = cursor else { return Ok(None) };
            let users = cursor.next_batch().await?;
            if users.is_empty() {
                cursor.transaction.finish().await?;
                return Ok(None);
            }
            Ok(Some((users, Some(cursor))))
        });
        Ok(FullList::new(total, batches))
    }
}

/// A list that is being read, in a transaction that sees one moment.
struct Cursor {
    transaction: Transaction,
    scope: TenantScope,
    catalogue: Arc<RoleCatalogue>,
}

impl Cursor {
    async fn next_batch(&self) -> Result<Vec<UserView<'static>>, Failure> {
        let fetch = format!("FETCH {} FROM listed", FullList::BATCH_SIZE);
        // Not prepared: the statement belongs to the cursor of this transaction.
        let rows = self.transaction.query_once(&fetch).await?;
        views(&self.transaction, &self.scope, &self.catalogue, &rows).await
    }
}

async fn count(
    transaction: &Transaction,
    scope: &TenantScope,
    catalogue: &RoleCatalogue,
) -> Result<u64, Failure> {
    let (tenant, roles) = (scope.tenant().as_str(), role_names(catalogue));
    let rows = transaction.query(COUNT, &[&tenant, &roles]).await?;
    let total: i64 = rows.first().map_or(0, |row| row.get(0));
    Ok(u64::try_from(total).unwrap_or(0))
}

/// Reads the accounts whose ids are in the first column, and returns what the scope sees of them,
/// in the order of the rows.
async fn views(
    transaction: &Transaction,
    scope: &TenantScope,
    catalogue: &RoleCatalogue,
    rows: &[Row],
) -> Result<Vec<UserView<'static>>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let places: HashMap<&str, usize> =
        ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut views: Vec<Option<UserView<'static>>> = ids.iter().map(|_| None).collect();
    for row in &transaction.query(READ, &[&ids]).await? {
        let user = Record::from_row(row, catalogue)?.user;
        let place = places.get(user.id.as_str()).and_then(|place| views.get_mut(*place));
        if let Some(place) = place {
            *place = scope.into_view(user);
        }
    }
    Ok(views.into_iter().flatten().collect())
}
