//! Runs the fuzz targets on the stable compiler: with their seeds and a few hundred random inputs.
//!
//! This keeps targets and seeds valid between runs of `make fuzz`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step ends the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use fuzz_targets::TARGETS;

macro_rules! targets {
    ($($name:ident $target:ident;)*) => {
        $(#[test]
        fn $name() {
            run_target(stringify!($target), fuzz_targets::$target);
        })*

        const TESTED: &[&str] = &[$(stringify!($target)),*];
    };
}

targets! {
    auth0_response_yields_requested_account_or_typed_error auth0_answer;
    client_cannot_change_what_a_proxy_appends forwarded_headers;
    matching_issuer_equals_its_filled_template issuer;
    json_body_is_read_strictly_or_rejected json_body;
    query_string_is_rejected_or_reproduced_by_links query_string;
    search_query_finds_one_tenants_users_only search_query;
    seed_loads_fully_or_fails_without_secrets seed_line;
    signed_token_is_accepted_only_as_configured signed_token;
    token_is_accepted_only_as_configured token;
    user_id_is_one_path_segment user_id;
}

/// Runs a target with its seeds, and with random bytes, characters and mutated seeds.
fn run_target(name: &str, target: fn(&[u8])) {
    let seeds: Vec<Vec<u8>> = seeds(name).iter().map(|seed| fs::read(seed).unwrap()).collect();
    assert!((5..=20).contains(&seeds.len()), "{name} has {} seeds", seeds.len());
    for seed in &seeds {
        target(seed);
    }
    let splices = vec((any::<Index>(), 0_usize..4, vec(any::<u8>(), 0..4)), 1..4);
    let mutated = (select(seeds), splices).prop_map(|(mut seed, splices)| {
        for (position, cut, bytes) in splices {
            let start = position.index(seed.len() + 1);
            let end = (start + cut).min(seed.len());
            seed.splice(start..end, bytes);
        }
        seed
    });
    let inputs = prop_oneof![
        1 => vec(any::<u8>(), 0..200),
        1 => "\\PC{0,100}".prop_map(String::into_bytes),
        6 => mutated,
    ];
    // PROPTEST_CASES overrides the default of 256 cases.
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&inputs, |input| {
        target(&input);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{name}: {failure}");
    }
}

#[test]
fn every_fuzz_target_has_file_seeds_and_test() {
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, TESTED);
    let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
    assert_eq!(stems("fuzz_targets"), names, "the files of the targets");
    assert_eq!(stems("seeds"), names, "the folders of seeds");
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name} in the manifest");
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(name)
}

fn seeds(name: &str) -> Vec<PathBuf> {
    entries(&folder("seeds").join(name))
}

/// Returns the names of a folder's entries, without extensions.
fn stems(name: &str) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries(&folder(name)).into_iter().map(stem).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
