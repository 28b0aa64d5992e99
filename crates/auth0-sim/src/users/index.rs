//! The search index, which lags behind the store.
//!
//! Documented: search is eventually consistent. No source says by how much, so a switch sets the
//! lag: the index shows each user as it was stored that long ago.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::profile::Profile;

/// The indexed users, by their creation number.
#[derive(Default)]
pub(crate) struct Index {
    entries: BTreeMap<u64, IndexEntry>,
}

/// An indexed user. `None` stands for one that does not exist.
#[derive(Default)]
struct IndexEntry {
    /// The version that is visible at any lag.
    settled: Option<Arc<Profile>>,
    /// The later versions, oldest first, with the time at which each was stored.
    pending: VecDeque<(i64, Option<Arc<Profile>>)>,
}

impl Index {
    /// Records a version of a user that is stored now.
    pub(crate) fn record(
        &mut self,
        number: u64,
        profile: Option<Arc<Profile>>,
        now: i64,
        lag: u64,
    ) {
        let entry = self.entries.entry(number).or_default();
        entry.pending.push_back((now, profile));
        while let Some((_, profile)) =
            entry.pending.pop_front_if(|(stored_at, _)| is_visible(*stored_at, now, lag))
        {
            entry.settled = profile;
        }
        if entry.pending.is_empty() && entry.settled.is_none() {
            self.entries.remove(&number);
        }
    }

    /// Makes everything recorded so far visible.
    pub(crate) fn catch_up(&mut self) {
        for entry in self.entries.values_mut() {
            if let Some((_, profile)) = entry.pending.pop_back() {
                entry.settled = profile;
                entry.pending.clear();
            }
        }
        self.entries.retain(|_, entry| entry.settled.is_some());
    }

    /// Returns all visible users, in order of creation.
    pub(crate) fn visible(&self, now: i64, lag: u64) -> impl Iterator<Item = &Profile> {
        self.entries.values().filter_map(move |entry| {
            let newest =
                entry.pending.iter().rev().find(|(stored_at, _)| is_visible(*stored_at, now, lag));
            newest.map_or(&entry.settled, |(_, profile)| profile).as_deref()
        })
    }
}

/// Returns whether a version stored at this time is visible.
fn is_visible(stored_at: i64, now: i64, lag: u64) -> bool {
    lag == 0 || stored_at.saturating_add_unsigned(lag) <= now
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn profile(name: &str) -> Arc<Profile> {
        let mut profile = Map::new();
        profile.insert("name".to_owned(), json!(name));
        Arc::new(profile)
    }

    fn visible(index: &Index, now: i64, lag: u64) -> Vec<String> {
        index.visible(now, lag).map(|user| user["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn index_shows_versions_older_than_lag() {
        let mut index = Index::default();
        index.record(0, Some(profile("first")), 1000, 500);
        index.record(0, Some(profile("second")), 1200, 500);
        index.record(0, None, 1400, 500);
        for (now, expected) in
            [(1499, vec![]), (1500, vec!["first"]), (1700, vec!["second"]), (1900, vec![])]
        {
            assert_eq!(visible(&index, now, 500), expected, "at {now}");
        }
        assert_eq!(visible(&index, 1499, 200), ["second"], "a shorter lag shows more");
        assert_eq!(visible(&index, 1499, 50), Vec::<String>::new());
    }

    #[test]
    fn version_without_lag_stays_visible_when_lag_grows() {
        let mut index = Index::default();
        index.record(0, Some(profile("first")), 1000, 0);
        assert_eq!(visible(&index, 1000, 60_000), ["first"]);
        index.record(0, Some(profile("second")), 1001, 60_000);
        assert_eq!(visible(&index, 1001, 60_000), ["first"]);
    }

    #[test]
    fn catch_up_shows_earlier_writes_only() {
        let mut index = Index::default();
        index.record(0, Some(profile("a")), 0, 1000);
        index.record(1, Some(profile("b")), 0, 0);
        index.record(1, None, 1, 1000);
        index.catch_up();
        assert_eq!(visible(&index, 1, 1000), ["a"]);
        index.record(2, Some(profile("c")), 2, 1000);
        assert_eq!(visible(&index, 2, 1000), ["a"]);
        assert_eq!(index.entries.len(), 2, "deleted users use no memory");
    }
}
