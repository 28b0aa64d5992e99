//! Shares out what is scarce evenly among those who want it, whoever wants it most.
//!
//! [`FairQueue`] is who waits, a line for each key, and who has something. The next turn goes to
//! the key that has least at that moment and, of those, to the one that has waited longest since
//! its last turn (max-min fairness; with places that are short-lived it is round robin). So a key
//! with a thousand waiting takes no turn from one that comes with a single wish.
//! Where too many wait, the longest line is the one to lose somebody ([`FairQueue::evict`]): who
//! floods crowds out itself.
//!
//! There is no async, no clock and no lock here: what waits is a value of the caller's, a sender of
//! a channel, say, and whoever shares the queue among threads puts a lock around it.
//! Keys are forgotten as soon as they neither wait nor have anything, so that memory is bounded by
//! the number of both.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Who waits for a turn, and who has one.
#[derive(Debug)]
pub struct FairQueue<K, W> {
    lines: HashMap<K, Line<W>>,
    waiting: usize,
    held: usize,
    /// Counts turns, to tell whose last one is longest ago.
    turns: u64,
}

#[derive(Debug)]
struct Line<W> {
    waiting: VecDeque<W>,
    held: usize,
    last_turn: u64,
}

impl<W> Line<W> {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.held == 0
    }
}

impl<K, W> Default for FairQueue<K, W> {
    fn default() -> Self {
        Self { lines: HashMap::new(), waiting: 0, held: 0, turns: 0 }
    }
}

impl<K: Clone + Eq + Hash, W> FairQueue<K, W> {
    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many have something, of all keys together.
    pub fn held(&self) -> usize {
        self.held
    }

    /// How many of this key have something.
    pub fn held_by(&self, key: &K) -> usize {
        self.lines.get(key).map_or(0, |line| line.held)
    }

    /// Gives the key something without waiting.
    pub fn take(&mut self, key: &K) {
        let turn = self.next_turn();
        let line = self.line(key);
        line.held += 1;
        line.last_turn = turn;
        self.held += 1;
    }

    /// The key has one thing less.
    pub fn release(&mut self, key: &K) {
        if let Some(line) = self.lines.get_mut(key).filter(|line| line.held > 0) {
            line.held -= 1;
            self.held -= 1;
        }
        self.forget_if_idle(key);
    }

    /// Puts something at the end of the key's line.
    pub fn join(&mut self, key: &K, waiter: W) {
        // Who is new here has not just had a turn, but nor has it waited since the beginning.
        self.line(key).waiting.push_back(waiter);
        self.waiting += 1;
    }

    /// Whose turn it is: of the keys that wait and have fewer than `most` says of them, the one that
    /// has least, and of those the one whose last turn is longest ago. It has one thing more from
    /// now on, and `usable` says whether the waiter still wants it; those who do not are dropped.
    pub fn next(
        &mut self,
        most: impl Fn(&K) -> usize,
        mut usable: impl FnMut(&W) -> bool,
    ) -> Option<(K, W)> {
        loop {
            let key = self
                .lines
                .iter()
                .filter(|(key, line)| !line.waiting.is_empty() && line.held < most(key))
                .min_by_key(|(_, line)| (line.held, line.last_turn))
                .map(|(key, _)| key.clone())?;
            let waiter = self.lines.get_mut(&key)?.waiting.pop_front()?;
            self.waiting -= 1;
            if usable(&waiter) {
                self.take(&key);
                return Some((key, waiter));
            }
            self.forget_if_idle(&key);
        }
    }

    /// Takes the last one out of the longest line, if that line is longer than the one of `key`;
    /// else nobody, and it is `key` that should go.
    pub fn evict(&mut self, key: &K) -> Option<W> {
        let own = self.lines.get(key).map_or(0, |line| line.waiting.len());
        let (longest, line) = self.lines.iter().max_by_key(|(_, line)| line.waiting.len())?;
        if line.waiting.len() <= own {
            return None;
        }
        let longest = longest.clone();
        let evicted = self.lines.get_mut(&longest)?.waiting.pop_back()?;
        self.waiting -= 1;
        self.forget_if_idle(&longest);
        Some(evicted)
    }

    /// Drops those who wait and do not want to any more.
    pub fn retain(&mut self, mut usable: impl FnMut(&W) -> bool) {
        for line in self.lines.values_mut() {
            line.waiting.retain(&mut usable);
        }
        self.waiting = self.lines.values().map(|line| line.waiting.len()).sum();
        self.lines.retain(|_, line| !line.is_idle());
    }

    fn line(&mut self, key: &K) -> &mut Line<W> {
        let turns = self.turns;
        self.lines.entry(key.clone()).or_insert_with(|| Line {
            waiting: VecDeque::new(),
            held: 0,
            last_turn: turns,
        })
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    fn forget_if_idle(&mut self, key: &K) {
        if self.lines.get(key).is_some_and(Line::is_idle) {
            self.lines.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
