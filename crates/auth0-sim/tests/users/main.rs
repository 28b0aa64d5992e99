//! Users over HTTP: creation, change, deletion and search.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod blocks;
mod create;
mod identities;
mod lag;
mod lists;
mod metadata;
mod odd;
mod passwords;
mod patch;
mod reads;
mod search;
mod support;
