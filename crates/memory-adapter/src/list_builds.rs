//! The limit on lists that are built at a time.

use std::num::NonZero;

use crate::core_work::{CoreWork, cores};

/// Limits how many lists are built at a time.
#[derive(Debug)]
pub(crate) struct ListBuilds {
    pub(crate) small: CoreWork,
    pub(crate) large: CoreWork,
    /// The number of threads that build a large one.
    pub(crate) threads: NonZero<usize>,
}

impl Default for ListBuilds {
    fn default() -> Self {
        let cores = cores();
        // Half of many cores, because the service goes on meanwhile.
        let threads = cores.div_ceil(2).max(cores.min(2));
        Self {
            small: CoreWork::with_limit(cores),
            large: CoreWork::with_limit(1),
            threads: NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN),
        }
    }
}
