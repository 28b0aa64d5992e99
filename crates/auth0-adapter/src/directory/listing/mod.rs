//! Lists of a tenant's people, right in spite of what Auth0's search is.
//!
//! The search shows pages of at most 100 rows among the first 1000, counts no further than 1000,
//! sorts by one field with ties in any order, and lags behind. So a list is got in the cheapest of
//! these ways that answers what was asked:
//!
//! | asked | how | calls |
//! |---|---|---|
//! | anything, of at most 100 people | all of them in one page, put in order here | 1 |
//! | one page, by id, e-mail or time, within the first 1000 | that page, in Auth0's order ([`single_page`]), unless that is not the list's ([`anomalies`]) | 1, and 1 or 2 more if the tenant was written to of late |
//! | the same, of 1000 people or more | that page, and a count ([`count`]) | 2 more for each 1000 people |
//! | anything else | everybody, walked along the time of creation ([`full_scan`]) | 1 for each 99 people |
//!
//! What this process wrote of late is laid over what the search says ([`overlay`]).
//! A list is right or an error, and never cut short.

pub(crate) mod anomalies;
pub(crate) mod context;
mod count;
mod full_scan;
pub(crate) mod index;
pub(crate) mod list;
mod overlay;
mod single_page;
pub(crate) mod tenant_index;

#[cfg(test)]
mod fake_index;
#[cfg(test)]
mod tests;
