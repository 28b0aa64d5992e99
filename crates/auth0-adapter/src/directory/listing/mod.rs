//! Lists of a tenant's users, correct despite the limits of Auth0's search.
//!
//! The search returns pages of at most 100 rows among the first 1000, counts up to 1000, sorts by
//! one field with ties in any order, and is eventually consistent. A list is read in the cheapest
//! of these ways:
//!
//! | list | how | calls |
//! |---|---|---|
//! | any, of at most 100 users | all of them in one page, sorted here | 1 |
//! | one page within the first 100 rows, soon after these were inspected for [`anomalies`] | the rows of the page, if the number of rows is the same | 1 |
//! | one page, by id, e-mail or time, within the first 1000 | that page, in Auth0's order ([`single_page`]), unless [`anomalies`] make it differ | 1, and 1 or 2 more if the tenant has recent writes |
//! | the same, of 1000 users or more | that page, and a count ([`count`]) | 2 more for each 1000 users |
//! | any other | all users, in order of creation ([`full_scan`]) | 1 for each 99 users |
//!
//! Recent writes of this process are laid over the result ([`overlay`]). A list is complete and
//! correct, or an error. Lists of a tenant share full scans ([`scan_cache`]), and
//! equal calls in flight. A response with the same bytes is decoded once ([`decoded_pages`]).

pub(crate) mod anomalies;
pub(crate) mod context;
mod count;
pub(crate) mod decoded_pages;
pub(crate) mod found_page;
mod full_scan;
pub(crate) mod index;
pub(crate) mod list;
mod overlay;
pub(crate) mod scan_cache;
mod single_page;
pub(crate) mod skipped_accounts;
pub(crate) mod tenant_index;

#[cfg(test)]
mod fake_index;
#[cfg(test)]
mod tests;
