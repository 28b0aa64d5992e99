//! What to measure, from environment variables.

use std::env;

/// The parts of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// One user, lists, creation and new tokens, against the bare server.
    HotPath,
    /// Pages, memory, start and full lists by the number of users.
    Growth,
    /// Memory during and after password changes.
    Passwords,
    /// Auth0 as the directory, against the pass-through and the other gateways.
    Auth0,
}

impl Section {
    pub(crate) const ALL: [Self; 4] = [Self::HotPath, Self::Growth, Self::Passwords, Self::Auth0];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HotPath => "hot-path",
            Self::Growth => "growth",
            Self::Passwords => "passwords",
            Self::Auth0 => "auth0",
        }
    }

    fn parse(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|section| section.name() == name);
        known.unwrap_or_else(|| panic!("BENCH_ONLY: unknown section {name}"))
    }
}

/// The extent of the benchmark.
#[derive(Debug)]
pub(crate) struct Options {
    /// The rounds of each comparison, besides the one that warms up.
    pub(crate) rounds: usize,
    /// Whether this is a short run to try the program.
    pub(crate) is_quick: bool,
    /// The numbers of users in ascending order.
    pub(crate) sizes: Vec<usize>,
    sections: Vec<Section>,
}

impl Options {
    pub(crate) fn from_env() -> Self {
        let is_quick = env::var("BENCH_QUICK").is_ok_and(|value| value != "0" && !value.is_empty());
        let rounds = env::var("BENCH_ROUNDS").ok().filter(|value| !value.is_empty());
        let only = env::var("BENCH_ONLY").unwrap_or_default();
        Self {
            rounds: rounds.map_or(if is_quick { 1 } else { 5 }, |value| {
                value
                    .parse()
                    .ok()
                    .filter(|rounds| *rounds > 0)
                    .expect("BENCH_ROUNDS: a number from 1")
            }),
            is_quick,
            sizes: if is_quick {
                vec![1_000, 5_000]
            } else {
                vec![1_000, 10_000, 100_000, 1_000_000]
            },
            sections: only.split(',').filter(|name| !name.is_empty()).map(Section::parse).collect(),
        }
    }

    pub(crate) fn includes(&self, section: Section) -> bool {
        self.sections.is_empty() || self.sections.contains(&section)
    }

    /// Whether the results replace those in `docs`.
    pub(crate) fn is_complete(&self) -> bool {
        !self.is_quick && self.sections.is_empty() && self.rounds >= 5
    }

    /// Returns the number of users of the greatest directory.
    pub(crate) fn most_users(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }
}
