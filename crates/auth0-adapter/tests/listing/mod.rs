//! Lists over a search that is bounded, stale, and of changing order. The algorithms have unit
//! tests; these tests run them against the stand-in with its query language.

mod anomalies;
mod equal_moments;
mod lengths;
mod odd_accounts;
mod query;
mod recent_writes;
mod shared_scans;
mod tenant;
