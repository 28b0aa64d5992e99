//! Short references to records.

/// The number of a record in a roster; after a removal it is given to another record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Handle(u32);

impl Handle {
    /// Returns the handle of a number. A roster of more than 2³² records does not fit into memory.
    pub(crate) fn new(number: usize) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }

    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }
}
