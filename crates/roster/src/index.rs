//! Hash tables of values that are found by a text.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

/// A hash table in many shards: a table that grows moves all its values, and a shard has few.
///
/// The texts come from outside, so the hash has a random seed.
pub(crate) struct Index<T> {
    shards: Box<[HashTable<T>]>,
    seed: RandomState,
}

/// Computes the hash of a text, for [`Index::insert`].
#[derive(Clone, Copy)]
pub(crate) struct TextHash<'a>(&'a RandomState);

impl TextHash<'_> {
    pub(crate) fn of(self, text: &str) -> u64 {
        self.0.hash_one(text)
    }
}

impl<T> Index<T> {
    /// Returns an index with a number of shards, which is a power of two.
    pub(crate) fn new(shards: usize) -> Self {
        let shards = (0..shards).map(|_| HashTable::new()).collect();
        Self { shards, seed: RandomState::default() }
    }

    fn hash(&self, text: &str) -> u64 {
        TextHash(&self.seed).of(text)
    }

    fn shard_number(&self, hash: u64) -> usize {
        // A table uses the lowest and the highest bits.
        usize::try_from((hash >> 32) & 0xffff).unwrap_or(0) & (self.shards.len() - 1)
    }

    pub(crate) fn find(&self, text: &str, is_equal: impl FnMut(&T) -> bool) -> Option<&T> {
        let hash = self.hash(text);
        self.shards.get(self.shard_number(hash))?.find(hash, is_equal)
    }

    pub(crate) fn find_mut(
        &mut self,
        text: &str,
        is_equal: impl FnMut(&T) -> bool,
    ) -> Option<&mut T> {
        let hash = self.hash(text);
        let shard = self.shard_number(hash);
        self.shards.get_mut(shard)?.find_mut(hash, is_equal)
    }

    /// Inserts a value with a text that no other value has. `hash_of` returns the hash of a value's
    /// text.
    pub(crate) fn insert(
        &mut self,
        text: &str,
        value: T,
        hash_of: impl Fn(&T, TextHash<'_>) -> u64,
    ) {
        let hash = self.hash(text);
        let shard = self.shard_number(hash);
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.insert_unique(hash, value, |value| hash_of(value, TextHash(&self.seed)));
        }
    }

    pub(crate) fn remove(&mut self, text: &str, is_equal: impl FnMut(&T) -> bool) -> Option<T> {
        let hash = self.hash(text);
        let shard = self.shard_number(hash);
        let entry = self.shards.get_mut(shard)?.find_entry(hash, is_equal).ok()?;
        Some(entry.remove().0)
    }

    /// Makes room for more values. `hash_of` is as for [`Index::insert`].
    pub(crate) fn reserve(&mut self, additional: usize, hash_of: impl Fn(&T, TextHash<'_>) -> u64) {
        let share = additional / self.shards.len();
        // Shares differ by chance.
        let share = share + share / 8;
        for shard in &mut self.shards {
            shard.reserve(share, |value| hash_of(value, TextHash(&self.seed)));
        }
    }
}
