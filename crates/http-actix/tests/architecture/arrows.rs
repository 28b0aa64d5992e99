//! Which crates depend on which: the plan, compared with the manifests.
//!
//! A change to one of these tables is a decision, and belongs in the commit that needs it.

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use crate::modules::crates;

/// Each crate with the crates of the workspace that it depends on, and that its tests do. A crate
/// stands after the crates that it depends on.
pub(crate) const ARROWS: [(&str, &[&str], &[&str]); 18] = [
    ("concurrency", &[], &[]),
    ("telemetry", &[], &["telemetry"]),
    ("domain", &[], &[]),
    ("roster", &["domain"], &[]),
    ("ports", &["domain"], &[]),
    ("password-hashing", &["domain", "ports"], &[]),
    // Tests only; its front page shows the memory adapter.
    ("conformance", &["domain", "ports"], &["memory-adapter"]),
    (
        "application",
        &["concurrency", "domain", "ports"],
        &["conformance", "memory-adapter", "ports"],
    ),
    ("memory-adapter", &["domain", "password-hashing", "ports", "roster"], &["conformance"]),
    (
        "postgres-adapter",
        &["domain", "password-hashing", "ports"],
        &["conformance", "postgres-testkit"],
    ),
    ("oidc-adapter", &["ports"], &["conformance"]),
    ("token-verifier", &["concurrency", "domain", "ports"], &["conformance"]),
    // A stand-in that used our code would share our mistakes.
    ("auth0-sim", &[], &[]),
    // Knows the server and no schema.
    ("postgres-testkit", &[], &[]),
    ("auth0-adapter", &["concurrency", "domain", "ports"], &["auth0-sim", "conformance"]),
    (
        "http-actix",
        &[
            "application",
            "auth0-adapter",
            "concurrency",
            "domain",
            "memory-adapter",
            "oidc-adapter",
            "ports",
            "postgres-adapter",
            "telemetry",
            "token-verifier",
        ],
        &[
            "auth0-sim",
            "conformance",
            "password-hashing",
            "ports",
            "postgres-testkit",
            "telemetry",
            "token-verifier",
        ],
    ),
    (
        FUZZ_TARGETS,
        &[
            "auth0-adapter",
            "auth0-sim",
            "conformance",
            "domain",
            "http-actix",
            "memory-adapter",
            "ports",
            "token-verifier",
        ],
        &[],
    ),
    // Measures the programs from outside. A bare server that used our code would share its cost.
    (BENCH, &[], &[]),
];

/// Not below `crates`, because it is no part of the service.
pub(crate) const BENCH: &str = "bench";

/// Consists of test code, and so may depend on test crates.
const FUZZ_TARGETS: &str = "fuzz-targets";

/// All third-party dependencies of the inner crates.
const INNER_DEPENDENCIES: [(&str, &[&str]); 5] = [
    // serde is behind a feature.
    ("domain", &["serde", "smol_str", "thiserror"]),
    ("roster", &["foldhash", "hashbrown", "rayon"]),
    ("concurrency", &["foldhash", "futures-util", "parking_lot", "tokio"]),
    // mockall is behind a feature.
    ("ports", &["async-trait", "futures-util", "mockall", "thiserror", "tokio"]),
    ("application", &["parking_lot", "thiserror", "tracing"]),
];

/// Third-party crates that only these crates may use, and only these in their tests.
const CONFINED: [(&str, &[&str], &[&str]); 24] = [
    ("actix-web", &["bench", "http-actix"], &[]),
    ("actix-cors", &["http-actix"], &[]),
    ("governor", &["http-actix"], &[]),
    ("jsonwebtoken", &["bench", "http-actix", "token-verifier"], &["auth0-sim"]),
    ("utoipa", &["http-actix"], &[]),
    ("config", &["http-actix"], &[]),
    ("schemars", &["http-actix"], &[]),
    ("tracing-subscriber", &["http-actix", "telemetry"], &[]),
    ("tracing-opentelemetry", &["telemetry"], &[]),
    ("opentelemetry", &["telemetry"], &[]),
    ("opentelemetry-http", &["telemetry"], &[]),
    ("opentelemetry-otlp", &["telemetry"], &[]),
    ("opentelemetry-proto", &["telemetry"], &[]),
    ("opentelemetry_sdk", &["telemetry"], &[]),
    ("prost", &["telemetry"], &[]),
    ("mimalloc", &["http-actix"], &[]),
    ("procfs", &["telemetry"], &[]),
    ("plotters", &["bench"], &[]),
    (
        "reqwest",
        &["auth0-adapter", "bench", "oidc-adapter", "telemetry"],
        &["auth0-sim", "http-actix"],
    ),
    ("argon2", &["password-hashing"], &[]),
    ("deadpool-postgres", &["postgres-adapter"], &[]),
    ("tokio-postgres", &["postgres-adapter", "postgres-testkit"], &["http-actix"]),
    ("tokio-postgres-rustls", &["postgres-adapter"], &[]),
    ("wiremock", &[], &["auth0-adapter", "http-actix", "oidc-adapter"]),
];

/// Crates, and features of them, that only tests may use.
const TEST_CRATES: [&str; 8] = [
    "conformance",
    "criterion",
    FUZZ_TARGETS,
    "insta",
    "mockall",
    "postgres-testkit",
    "proptest",
    "wiremock",
];
const TEST_FEATURES: [(&str, &str); 3] =
    [("ports", "mock"), ("telemetry", "testing"), ("token-verifier", "testing")];

#[test]
fn crates_depend_on_each_other_as_planned() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let planned: BTreeSet<&str> = ARROWS.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(ours, planned, "the crates of the workspace and those of the plan");
    for (name, normal, dev) in ARROWS {
        let package = find(&packages, name);
        let known = |in_tests| -> BTreeSet<&str> {
            dependencies(package, in_tests).filter(|name| ours.contains(name)).collect()
        };
        assert_eq!(known(false), normal.iter().copied().collect(), "{name}");
        assert_eq!(known(true), dev.iter().copied().collect(), "tests of {name}");
    }
}

#[test]
fn plan_has_no_cycle() {
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    for (name, normal, _) in ARROWS {
        assert!(normal.iter().all(|known| placed.contains(known)), "{name} comes too early");
        placed.insert(name);
    }
}

#[test]
fn inner_crates_have_no_other_dependencies() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    for (name, allowed) in INNER_DEPENDENCIES {
        let known: BTreeSet<&str> = dependencies(find(&packages, name), false)
            .filter(|name| !ours.contains(name))
            .collect();
        assert_eq!(known, allowed.iter().copied().collect(), "{name}");
    }
}

#[test]
fn confined_dependencies_stay_in_their_crates() {
    let packages = packages();
    for (name, normal, dev) in CONFINED {
        for (in_tests, allowed) in [(false, normal), (true, dev)] {
            let users: BTreeSet<&str> = packages
                .iter()
                .filter(|package| dependencies(package, in_tests).any(|known| known == name))
                .map(|package| package.name.as_str())
                .collect();
            let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
            assert_eq!(users, allowed, "users of {name} (in tests: {in_tests})");
        }
    }
}

#[test]
fn test_code_stays_out_of_the_program() {
    for package in packages() {
        assert_eq!(package.features.get("default"), None, "{}", package.name);
        if package.name.as_str() == FUZZ_TARGETS {
            continue;
        }
        let normal =
            package.dependencies.iter().filter(|known| known.kind != DependencyKind::Development);
        for known in normal {
            let name = known.name.as_str();
            assert!(known.optional || !TEST_CRATES.contains(&name), "{}: {name}", package.name);
            for feature in &known.features {
                let pair = (name, feature.as_str());
                assert!(!TEST_FEATURES.contains(&pair), "{}: {pair:?}", package.name);
            }
        }
    }
}

/// Returns the packages of the workspace as their manifests declare them. Nothing is resolved, so
/// that nothing is downloaded.
pub(crate) fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(crates().join("../Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap();
    metadata.packages
}

fn find<'a>(packages: &'a [Package], name: &str) -> &'a Package {
    packages.iter().find(|package| package.name.as_str() == name).unwrap()
}

/// Returns the names of a package's dependencies, or of those of its tests.
fn dependencies(package: &Package, in_tests: bool) -> impl Iterator<Item = &str> {
    let wanted = move |dependency: &&Dependency| {
        (dependency.kind == DependencyKind::Development) == in_tests
    };
    package.dependencies.iter().filter(wanted).map(|dependency| dependency.name.as_str())
}
