//! Lists of handles in which a position is found, filled and emptied in logarithmic time.

use std::iter;
use std::sync::Arc;

use crate::handle::Handle;

// Small in tests, so that few handles have several nodes.
const LEAF: usize = if cfg!(test) { 4 } else { 256 };
const GROUP: usize = if cfg!(test) { 4 } else { 64 };

/// A sequence of handles: leaves of at most [`LEAF`] handles, in groups of at most [`GROUP`] leaves.
///
/// Leaves have no spare room, so that a long list takes little more than four bytes a handle. A clone
/// takes constant time; a change copies the nodes on its path that another list shares.
#[derive(Clone, Default)]
pub(crate) struct HandleList {
    groups: Arc<Vec<Group>>,
    len: usize,
}

#[derive(Clone)]
struct Group {
    leaves: Arc<Vec<Leaf>>,
    /// The number of handles of all leaves.
    len: usize,
}

type Leaf = Arc<[Handle]>;

impl Group {
    fn new(leaves: Vec<Leaf>) -> Self {
        let len = leaves.iter().map(|leaf| leaf.len()).sum();
        Self { leaves: Arc::new(leaves), len }
    }

    fn first(&self) -> Option<Handle> {
        self.leaves.first()?.first().copied()
    }
}

/// Returns the index of the part with the position, and the position in the part. With `at_end`, the
/// end of a part belongs to it.
fn locate(lens: impl Iterator<Item = usize>, position: usize, at_end: bool) -> (usize, usize) {
    let mut rest = position;
    let mut last = (0, position);
    for (index, len) in lens.enumerate() {
        if rest < len || at_end && rest == len {
            return (index, rest);
        }
        rest -= len;
        last = (index + 1, rest);
    }
    last
}

/// Splits a node that has become too long. One that grows at the end of the list stays full, because
/// the next handle probably comes after it as well.
fn split_point(len: usize, is_append: bool) -> usize {
    if is_append { len - 1 } else { len / 2 }
}

impl HandleList {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the list of these handles, in their order.
    pub(crate) fn from_ordered(handles: &[Handle]) -> Self {
        // With some room for insertions.
        let leaves: Vec<Leaf> = handles.chunks(LEAF - LEAF / 8).map(Arc::from).collect();
        let groups = leaves.chunks(GROUP - GROUP / 8).map(|leaves| Group::new(leaves.to_vec()));
        Self { groups: Arc::new(groups.collect()), len: handles.len() }
    }

    /// Returns the group and the leaf with the position, and the position in the leaf.
    fn find(&self, position: usize, at_end: bool) -> (usize, usize, usize) {
        let (group, rest) = locate(self.groups.iter().map(|group| group.len), position, at_end);
        let leaves = self.groups.get(group).map_or(&[][..], |group| &group.leaves);
        let (leaf, rest) = locate(leaves.iter().map(|leaf| leaf.len()), rest, at_end);
        (group, leaf, rest)
    }

    pub(crate) fn get(&self, position: usize) -> Option<Handle> {
        let (group, leaf, rest) = self.find(position, false);
        self.groups.get(group)?.leaves.get(leaf)?.get(rest).copied()
    }

    fn last(&self) -> Option<Handle> {
        self.groups.last()?.leaves.last()?.last().copied()
    }

    /// Returns the handles from a position on.
    pub(crate) fn iter_from(&self, position: usize) -> impl Iterator<Item = Handle> {
        let (group, leaf, rest) = self.find(position, false);
        let groups = self.groups.iter().skip(group);
        let leaves = groups.flat_map(|group| group.leaves.iter()).skip(leaf);
        leaves.flat_map(|leaf| leaf.iter().copied()).skip(rest)
    }

    /// Returns the position of the first handle for which the predicate is false; it must be true for
    /// all before it and false for all after it.
    pub(crate) fn partition_point(&self, mut is_before: impl FnMut(Handle) -> bool) -> usize {
        // New users come last in the lists by handle and by time.
        if self.last().is_some_and(&mut is_before) {
            return self.len;
        }
        let starts_before = |first: Option<Handle>, is_before: &mut dyn FnMut(Handle) -> bool| {
            first.is_some_and(is_before)
        };
        let group =
            self.groups.partition_point(|group| starts_before(group.first(), &mut is_before));
        let Some((group, groups_before)) = self.groups.get(..group).and_then(<[_]>::split_last)
        else {
            return 0;
        };
        let leaf = group
            .leaves
            .partition_point(|leaf| starts_before(leaf.first().copied(), &mut is_before));
        let Some((leaf, leaves_before)) = group.leaves.get(..leaf).and_then(<[_]>::split_last)
        else {
            return 0;
        };
        groups_before.iter().map(|group| group.len).sum::<usize>()
            + leaves_before.iter().map(|leaf| leaf.len()).sum::<usize>()
            + leaf.partition_point(|handle| is_before(*handle))
    }

    /// Inserts a handle at a position, which is at most the length.
    pub(crate) fn insert(&mut self, position: usize, handle: Handle) {
        let is_append = position >= self.len;
        let (group_index, leaf_index, rest) = self.find(position, true);
        let groups = Arc::make_mut(&mut self.groups);
        self.len += 1;
        let Some(group) = groups.get_mut(group_index) else {
            groups.push(Group::new(vec![Arc::from([handle])]));
            return;
        };
        group.len += 1;
        let leaves = Arc::make_mut(&mut group.leaves);
        let Some(leaf) = leaves.get_mut(leaf_index) else { return };
        let (before, after) = leaf.split_at(rest.min(leaf.len()));
        let longer = Leaf::from([before, &[handle], after].concat());
        *leaf = longer;
        if leaf.len() > LEAF {
            let (left, right) = leaf.split_at(split_point(leaf.len(), is_append));
            let (left, right) = (Arc::from(left), Arc::from(right));
            leaves.splice(leaf_index..=leaf_index, [left, right]);
        }
        if leaves.len() > GROUP {
            let right = leaves.split_off(split_point(leaves.len(), is_append));
            let right = Group::new(right);
            group.len -= right.len;
            groups.insert(group_index + 1, right);
        }
    }

    /// Removes the handle at a position, if there is one.
    pub(crate) fn remove(&mut self, position: usize) {
        if position >= self.len {
            return;
        }
        let (group_index, leaf_index, rest) = self.find(position, false);
        let groups = Arc::make_mut(&mut self.groups);
        let Some(group) = groups.get_mut(group_index) else { return };
        let leaves = Arc::make_mut(&mut group.leaves);
        let Some(leaf) = leaves.get_mut(leaf_index) else { return };
        let (before, after) = leaf.split_at(rest.min(leaf.len()));
        let shorter = Leaf::from([before, after.get(1..).unwrap_or_default()].concat());
        *leaf = shorter;
        self.len -= 1;
        group.len -= 1;
        merge(
            leaves,
            leaf_index,
            |leaf| leaf.len(),
            LEAF,
            |left, right| left.iter().chain(right.iter()).copied().collect(),
        );
        merge(
            groups,
            group_index,
            |group| group.leaves.len(),
            GROUP,
            |left, right| {
                Group::new(left.leaves.iter().chain(right.leaves.iter()).cloned().collect())
            },
        );
    }
}

/// Removes the node if it is empty, or joins it with a neighbour if both are small.
fn merge<N>(
    nodes: &mut Vec<N>,
    index: usize,
    len: impl Fn(&N) -> usize,
    max: usize,
    join: impl FnOnce(&N, &N) -> N,
) {
    let node_len = nodes.get(index).map_or(max, &len);
    if node_len == 0 {
        nodes.remove(index);
    } else if node_len <= max / 4 {
        let left = if index + 1 < nodes.len() { index } else { index.saturating_sub(1) };
        if let Some([one, other]) = nodes.get(left..left + 2)
            && len(one) + len(other) <= max * 3 / 4
        {
            let joined = join(one, other);
            nodes.splice(left..left + 2, iter::once(joined));
        }
    }
}

#[cfg(test)]
mod tests;
