//! Records by handle, in a tree of which copies share their nodes.

use std::array;
use std::sync::Arc;

use crate::handle::Handle;

// Small in tests, so that few records have several nodes. A node that a copy of the tree shares is
// copied before a change, which counts up references to all its records.
const LEAF: usize = if cfg!(test) { 4 } else { 32 };
const BRANCH: usize = if cfg!(test) { 4 } else { 64 };

type Leaf<R> = [Option<R>; LEAF];
type Branch<R> = [Option<Arc<Leaf<R>>>; BRANCH];

/// A map from handles to records. A clone takes constant time and costs nothing until one of the
/// two changes.
#[derive(Clone)]
pub(crate) struct Records<R>(Arc<Vec<Arc<Branch<R>>>>);

impl<R> Default for Records<R> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Returns the positions of the handle in the root, in its branch and in its leaf.
fn positions(handle: Handle) -> (usize, usize, usize) {
    let number = handle.number();
    (number / (LEAF * BRANCH), number / LEAF % BRANCH, number % LEAF)
}

impl<R: Clone> Records<R> {
    pub(crate) fn get(&self, handle: Handle) -> Option<&R> {
        let (branch, leaf, slot) = positions(handle);
        self.0.get(branch)?.get(leaf)?.as_ref()?.get(slot)?.as_ref()
    }

    /// Stores the record, or removes the one that is there.
    pub(crate) fn set(&mut self, handle: Handle, record: Option<R>) {
        let (branch, leaf, slot) = positions(handle);
        let branches = Arc::make_mut(&mut self.0);
        while branches.len() <= branch {
            branches.push(Arc::new(array::from_fn(|_| None)));
        }
        let leaf = branches.get_mut(branch).and_then(|branch| Arc::make_mut(branch).get_mut(leaf));
        let Some(leaf) = leaf else { return };
        let leaf = leaf.get_or_insert_with(|| Arc::new(array::from_fn(|_| None)));
        if let Some(slot) = Arc::make_mut(leaf).get_mut(slot) {
            *slot = record;
        }
    }

    /// Returns the records, by handle.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &R> {
        self.0
            .iter()
            .flat_map(|branch| branch.iter().flatten())
            .flat_map(|leaf| leaf.iter().flatten())
    }
}
