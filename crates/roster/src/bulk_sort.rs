//! The order of many users at once.

use std::num::NonZero;

use domain::{SortField, SortValue, User, lower_case};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::handle::Handle;
use crate::handle_list::HandleList;
use crate::order::ListOrder;
use crate::record::Record;
use crate::records::Records;

/// The number of users below which one thread is fast enough.
const PARALLEL_LEN: usize = if cfg!(test) { 16 } else { 20_000 };
/// The number of users below which comparing the users is faster than comparing words: they fit into
/// the cache of a core.
const SMALL_LEN: usize = if cfg!(test) { 2 } else { 512 };
/// After this many equal words, users are compared.
const MAX_WORDS: usize = if cfg!(test) { 4 } else { 12 };

/// A user with the word of its sort key that is compared now.
struct Entry {
    word: u64,
    handle: Handle,
}

struct Sorter<'a, R> {
    order: &'a ListOrder,
    records: &'a Records<R>,
}

/// Returns the handles in the order, computed by at most this many threads.
///
/// A comparison of two users has to fetch both from memory. Therefore the sort key of each, as
/// bytes, is read eight bytes at a time for all users, and only these words are compared.
pub(crate) fn sort<R: Record>(
    handles: &HandleList,
    order: &ListOrder,
    records: &Records<R>,
    threads: NonZero<usize>,
) -> Vec<Handle> {
    let sorter = Sorter { order, records };
    let mut entries: Vec<_> =
        handles.iter_from(0).map(|handle| Entry { word: 0, handle }).collect();
    let pool = (entries.len() >= PARALLEL_LEN && threads.get() > 1).then(|| {
        let name = |number| format!("list-sort-{number}");
        ThreadPoolBuilder::new().num_threads(threads.get()).thread_name(name).build().ok()
    });
    match pool.flatten() {
        Some(pool) => pool.install(|| sorter.sort_in_parallel(&mut entries, 0)),
        None => sorter.sort(&mut entries, 0),
    }
    entries.into_iter().map(|entry| entry.handle).collect()
}

impl<R: Record> Sorter<'_, R> {
    fn user(&self, handle: Handle) -> Option<&User> {
        self.records.get(handle).map(|record| &**record.user())
    }

    /// Sorts users whose keys are equal before the word of this number.
    fn sort(&self, entries: &mut [Entry], number: usize) {
        if entries.len() < SMALL_LEN || number >= MAX_WORDS {
            return self.sort_by_comparison(entries);
        }
        for entry in &mut *entries {
            entry.word = self.word(entry.handle, number);
        }
        entries.sort_unstable_by_key(|entry| entry.word);
        for equal in equal_words(entries) {
            self.sort(equal, number + 1);
        }
    }

    fn sort_in_parallel(&self, entries: &mut [Entry], number: usize) {
        if entries.len() < PARALLEL_LEN || number >= MAX_WORDS {
            return self.sort(entries, number);
        }
        entries.par_iter_mut().for_each(|entry| entry.word = self.word(entry.handle, number));
        entries.par_sort_unstable_by_key(|entry| entry.word);
        let equal: Vec<_> = equal_words(entries).collect();
        equal.into_par_iter().for_each(|equal| self.sort_in_parallel(equal, number + 1));
    }

    fn sort_by_comparison(&self, entries: &mut [Entry]) {
        entries.sort_unstable_by(|left, right| {
            match (self.user(left.handle), self.user(right.handle)) {
                (Some(left), Some(right)) => self.order.compare(left, right),
                (left, right) => left.is_some().cmp(&right.is_some()),
            }
        });
    }

    fn word(&self, handle: Handle, number: usize) -> u64 {
        let Some(user) = self.user(handle) else { return 0 };
        let mut reader = WordReader { skip: number * 8, word: [0; 8], filled: 0 };
        match self.order.value(user) {
            SortValue::Text(text) => reader.read_text(text),
            // As an unsigned number with the same order.
            SortValue::Moment(moment) => {
                reader.read(&(moment.as_unix_millis() ^ i64::MIN).to_be_bytes(), |byte| byte);
            }
        }
        if self.order.field() != SortField::Id {
            reader.read_text(user.id.as_str());
        }
        u64::from_be_bytes(reader.word)
    }
}

/// Returns the parts of more than one user with equal words.
fn equal_words(entries: &mut [Entry]) -> impl Iterator<Item = &mut [Entry]> {
    entries.chunk_by_mut(|left, right| left.word == right.word).filter(|equal| equal.len() > 1)
}

/// Reads eight bytes of a sort key, from a position on; zeros follow the end of the key.
struct WordReader {
    skip: usize,
    word: [u8; 8],
    filled: usize,
}

impl WordReader {
    /// Reads a text by its lower case, then by its bytes. The zero after either, which no text
    /// contains, orders a text before its continuations.
    fn read_text(&mut self, text: &str) {
        if text.is_ascii() {
            self.read(text.as_bytes(), |byte| byte.to_ascii_lowercase());
        } else {
            self.read(lower_case(text).as_bytes(), |byte| byte);
        }
        self.read(&[0], |byte| byte);
        self.read(text.as_bytes(), |byte| byte);
        self.read(&[0], |byte| byte);
    }

    fn read(&mut self, bytes: &[u8], convert: impl Fn(u8) -> u8) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let free = self.word.iter_mut().skip(self.filled);
        for (slot, byte) in free.zip(bytes.iter().skip(skipped)) {
            *slot = convert(*byte);
            self.filled += 1;
        }
    }
}
