//! Finds accounts by their address, in whatever letter case an identity provider keeps it.
//!
//! Auth0's lookup by address is immediately consistent, but compares by case. Database connections
//! keep addresses in lower case; social and enterprise connections, and custom databases, may not.
//! The search finds those too, but lags behind, so each is read again by id. What remains: an account
//! with capitals in its address that is newer than the search index is not found.

use domain::{EmailAddress, User, UserId};
use ports::{Conflict, PortResult};

use crate::directory::directory_core::DirectoryCore;
use crate::management::error::Auth0Error;
use crate::management::params::UserSearch;
use crate::management::search_query::SearchQuery;
use crate::management::wire::Auth0User;

/// The number of accounts with one address that a search returns. With more, the address identifies
/// none anyway.
const MAX_FOUND: u32 = 20;

impl DirectoryCore {
    /// Returns the accounts that have the address, as Auth0 has them now.
    ///
    /// # Errors
    /// [`Conflict::AmbiguousAccount`] if one of them has no usable id: it still has the address.
    pub(super) async fn accounts_with(&self, email: &EmailAddress) -> PortResult<Vec<User>> {
        let reader = self.reader.current();
        let rows = self.rows_with(email).await?;
        let accounts: Option<Vec<_>> = rows.into_iter().map(|row| reader.read(row)).collect();
        accounts.ok_or_else(|| Conflict::AmbiguousAccount.into())
    }

    /// Returns whether an account other than this one has the address in one of the connections in
    /// which an address is unique.
    ///
    /// Within one connection, Auth0 checks that itself.
    pub(super) async fn is_taken_elsewhere(
        &self,
        email: &EmailAddress,
        except: Option<&UserId>,
    ) -> PortResult<bool> {
        if self.attach_connections.len() <= 1 {
            return Ok(false);
        }
        let rows = self.rows_with(email).await?;
        Ok(rows.iter().any(|row| {
            let is_other = except.is_none_or(|id| row.user_id != id.as_str());
            is_other && row.identities.are_of_any(&self.attach_connections)
        }))
    }

    async fn rows_with(&self, email: &EmailAddress) -> Result<Vec<Auth0User<'static>>, Auth0Error> {
        let search = UserSearch {
            q: SearchQuery::address(email).to_string(),
            sort: "user_id:1",
            page: 0,
            per_page: MAX_FOUND,
        };
        let exact = self.management.users_by_email(email).await?;
        let mut rows: Vec<_> = with_email(exact, email).collect();
        let found = self.management.search(&search).await?;
        for row in found.users.readable {
            // The lookup would have returned an account whose address is in lower case.
            let has_capitals = row.email.as_deref().is_some_and(|text| text != email.as_str());
            let is_known = rows.iter().any(|known| known.user_id == row.user_id);
            if has_capitals && !is_known && has_email(&row, email) {
                let now = match row.user_id.parse::<UserId>() {
                    Ok(id) => self.management.user(&id).await?,
                    Err(_) => Some(row),
                };
                rows.extend(now.filter(|row| has_email(row, email)));
            }
        }
        Ok(rows)
    }
}

/// Returns the accounts that have the address.
pub(super) fn with_email(
    found: Vec<Auth0User<'static>>,
    email: &EmailAddress,
) -> impl Iterator<Item = Auth0User<'static>> {
    found.into_iter().filter(|user| has_email(user, email))
}

fn has_email(user: &Auth0User<'_>, email: &EmailAddress) -> bool {
    user.email.as_deref().is_some_and(|text| text.to_lowercase() == email.as_str())
}
