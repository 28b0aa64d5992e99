//! Pages of the search by the responses that they were decoded from.

use crate::management::wire::UserPage;

/// A cache of one search's decoded page.
pub(crate) trait PageCache<T>: Sync {
    /// Returns the page of this body.
    fn get(&self, body: &[u8]) -> Option<UserPage<T>>;

    /// Keeps the page of this body.
    fn insert(&self, body: &[u8], page: &UserPage<T>);
}

/// Caches nothing.
impl<T> PageCache<T> for () {
    fn get(&self, _: &[u8]) -> Option<UserPage<T>> {
        None
    }

    fn insert(&self, _: &[u8], _: &UserPage<T>) {}
}
