//! The parts of the benchmark.

pub(crate) mod auth0_directory;
pub(crate) mod full_list;
pub(crate) mod growth;
pub(crate) mod hot_path;
pub(crate) mod passwords;
