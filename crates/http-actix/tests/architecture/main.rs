//! The house as its plan has it: arrows between crates, and what each crate must not know.
//!
//! The tables say what is; a change to one of them is a decision, and belongs in the same commit
//! as what made it necessary. Sources are read as text without the lines that are comments, so
//! that a comment may speak of what the code must not do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod source;

use std::collections::BTreeSet;
use std::fs;

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use source::{Source, crates, declared_methods, source, sources};

/// One of our crates, and which of the others it knows: in itself, and in its tests.
const ARROWS: [(&str, &[&str], &[&str]); 12] = [
    ("concurrency", &[], &[]),
    // It knows nobody either; in its tests itself, for the collector.
    ("otlp-adapter", &[], &["otlp-adapter"]),
    ("domain", &[], &[]),
    ("ports", &["domain"], &[]),
    // Tests only; its front page shows the memory adapter.
    ("conformance", &["domain", "ports"], &["memory-adapter"]),
    (
        "application",
        &["concurrency", "domain", "ports"],
        &["conformance", "memory-adapter", "ports"],
    ),
    ("memory-adapter", &["domain", "ports"], &["conformance"]),
    ("oidc-adapter", &["ports"], &["conformance"]),
    ("token-verifier", &["domain", "ports"], &["conformance"]),
    // It stands outside and knows none of us, so that it cannot share our mistakes.
    ("auth0-sim", &[], &[]),
    ("auth0-adapter", &["concurrency", "domain", "ports"], &["auth0-sim", "conformance"]),
    (
        "http-actix",
        &[
            "application",
            "auth0-adapter",
            "domain",
            "concurrency",
            "memory-adapter",
            "oidc-adapter",
            "otlp-adapter",
            "ports",
            "token-verifier",
        ],
        &["auth0-sim", "conformance", "otlp-adapter", "ports", "token-verifier"],
    ),
];

/// Everything from elsewhere that the crates of the inside may know.
const INSIDE: [(&str, &[&str]); 4] = [
    // serde is behind a feature.
    ("domain", &["serde", "thiserror"]),
    ("concurrency", &["parking_lot", "tokio"]),
    // mockall is behind a feature.
    ("ports", &["async-trait", "mockall", "thiserror", "tokio"]),
    ("application", &["parking_lot", "thiserror", "tracing"]),
];

/// What only some crates may know: in themselves, and in their tests.
const KEPT_APART: [(&str, &[&str], &[&str]); 16] = [
    ("actix-web", &["http-actix"], &[]),
    ("actix-cors", &["http-actix"], &[]),
    ("governor", &["http-actix"], &[]),
    ("jsonwebtoken", &["http-actix", "token-verifier"], &["auth0-sim"]),
    ("utoipa", &["http-actix"], &[]),
    ("config", &["http-actix"], &[]),
    ("schemars", &["http-actix"], &[]),
    // otlp-adapter gives a layer, so that nobody else knows OpenTelemetry.
    ("tracing-subscriber", &["http-actix", "otlp-adapter"], &[]),
    ("tracing-opentelemetry", &["otlp-adapter"], &[]),
    ("opentelemetry", &["otlp-adapter"], &[]),
    ("opentelemetry-proto", &["otlp-adapter"], &[]),
    ("opentelemetry_sdk", &["otlp-adapter"], &[]),
    ("prost", &["otlp-adapter"], &[]),
    ("reqwest", &["auth0-adapter", "oidc-adapter", "otlp-adapter"], &["auth0-sim", "http-actix"]),
    ("argon2", &["memory-adapter"], &[]),
    ("wiremock", &[], &["auth0-adapter", "http-actix", "oidc-adapter"]),
];

/// The places that go round the policy. This list may only shrink.
const SYSTEM_SCOPES: [&str; 1] = ["application/src/authorizer.rs"];

/// The one crate that may bypass the policy, and so enables `domain/system-scope`.
const SYSTEM_SCOPE_USER: &str = "application";

/// The one file of `domain` that names serde, behind the feature of that name.
const SERDE: &str = "domain/src/serde.rs";

/// How it is declared.
const SERDE_MODULE: &str = "#[cfg(feature = \"serde\")]\nmod serde;\n";

/// The one file that names adapters.
const WIRING: &str = "http-actix/src/process/wiring.rs";

/// What a pure crate has no word for.
const IMPURE: [&str; 16] = [
    "async",
    "await",
    "serde",
    "fs",
    "net",
    "env",
    "io",
    "process",
    "thread",
    "SystemTime",
    "Instant",
    "tokio",
    "rand",
    "Mutex",
    "RwLock",
    "unsafe",
];

/// Methods of ports that touch no tenant's data, and so take no scope.
const WITHOUT_SCOPE: [&str; 7] = [
    "clock.rs: now",
    "key_source.rs: fetch",
    "upstream.rs: record_request",
    "upstream.rs: record_quota",
    "upstream.rs: set_waiting",
    "upstream.rs: set_circuit",
    "user_directory.rs: check_ready",
];

#[test]
fn each_crate_knows_the_crates_of_the_plan_and_no_others() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let planned: BTreeSet<&str> = ARROWS.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(ours, planned, "the crates of the workspace, and those of the plan");
    for (name, normal, dev) in ARROWS {
        let package = packages.iter().find(|package| package.name.as_str() == name).unwrap();
        let known = |in_tests| -> BTreeSet<&str> {
            dependencies(package, in_tests).filter(|name| ours.contains(name)).collect()
        };
        assert_eq!(known(false), normal.iter().copied().collect(), "{name} itself");
        assert_eq!(known(true), dev.iter().copied().collect(), "the tests of {name}");
    }
}

#[test]
fn no_arrow_leads_round_in_a_circle() {
    // Cargo sees to it for normal dependencies; the plan itself must not hold one either.
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    for (name, normal, _) in ARROWS {
        assert!(normal.iter().all(|known| placed.contains(known)), "{name} comes too early");
        placed.insert(name);
    }
}

#[test]
fn the_inside_knows_nothing_of_the_outside() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    for (name, allowed) in INSIDE {
        let package = packages.iter().find(|package| package.name.as_str() == name).unwrap();
        let known: BTreeSet<&str> =
            dependencies(package, false).filter(|name| !ours.contains(name)).collect();
        assert_eq!(known, allowed.iter().copied().collect(), "{name}");
    }
}

#[test]
fn what_is_kept_apart_is_known_where_it_should_be_only() {
    let packages = packages();
    for (name, normal, dev) in KEPT_APART {
        for (in_tests, allowed) in [(false, normal), (true, dev)] {
            let who: BTreeSet<&str> = packages
                .iter()
                .filter(|package| dependencies(package, in_tests).any(|known| known == name))
                .map(|package| package.name.as_str())
                .collect();
            let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
            assert_eq!(who, allowed, "who knows {name} (in tests: {in_tests})");
        }
    }
}

#[test]
fn what_is_made_for_tests_stays_out_of_the_program() {
    for package in packages() {
        let features = package
            .dependencies
            .iter()
            .filter(|known| known.kind != DependencyKind::Development)
            .filter(|known| {
                ["ports", "otlp-adapter", "token-verifier"].contains(&known.name.as_str())
            })
            .flat_map(|known| &known.features);
        assert_eq!(features.count(), 0, "{} asks for test code of another crate", package.name);
        let required = package.dependencies.iter().filter(|known| !known.optional);
        for known in required.filter(|known| known.kind != DependencyKind::Development) {
            let name = known.name.as_str();
            assert!(
                !["conformance", "mockall", "proptest", "insta", "wiremock"].contains(&name),
                "{name}"
            );
        }
        assert_eq!(package.features.get("default"), None, "{}", package.name);
    }
}

#[test]
fn adapters_are_named_in_the_wiring_only() {
    let names = |source: &Source| {
        ["memory_adapter", "oidc_adapter", "auth0_adapter", "otlp_adapter"]
            .iter()
            .any(|name| source.has(name))
    };
    let found: Vec<String> = sources("http-actix/src")
        .into_iter()
        .chain(sources("application/src"))
        .filter(names)
        .map(|source| source.path)
        .collect();
    assert_eq!(found, [WIRING]);
}

#[test]
fn the_domain_is_pure() {
    for source in sources("domain/src") {
        let behind_feature = [SERDE, "domain/src/lib.rs"].contains(&source.path.as_str());
        for word in IMPURE {
            let allowed = behind_feature && word == "serde";
            assert!(allowed || !source.has(word), "{}: {word}", source.path);
        }
    }
    assert_eq!(source("domain/src/lib.rs").code.matches(SERDE_MODULE).count(), 1);
}

#[test]
fn only_application_may_bypass_the_policy() {
    for package in packages() {
        let domain = package.dependencies.iter().filter(|known| known.name == "domain");
        for dependency in domain {
            let bypasses = dependency.features.iter().any(|name| name == "system-scope");
            let expected = package.name.as_str() == SYSTEM_SCOPE_USER;
            assert_eq!(bypasses, expected, "{} and domain/system-scope", package.name);
        }
    }
    let scope = source("domain/src/scope.rs").code;
    for function in ["pub fn system(", "pub fn bypass_reason("] {
        let (before, _) = scope.split_once(function).unwrap();
        let attribute = "#[cfg(feature = \"system-scope\")]";
        assert!(before.trim_end().ends_with(attribute), "{function}");
    }
}

#[test]
fn the_inside_speaks_neither_http_nor_json() {
    for source in ["domain/src", "ports/src", "application/src"].map(sources).into_iter().flatten()
    {
        for word in ["serde", "serde_json", "actix_web", "reqwest", "http", "StatusCode", "url"] {
            let allowed =
                [SERDE, "domain/src/lib.rs"].contains(&source.path.as_str()) && word == "serde";
            assert!(allowed || !source.has(word), "{}: {word}", source.path);
        }
    }
}

#[test]
fn a_port_that_touches_tenant_data_takes_a_scope() {
    let mut methods = 0;
    let mut without_scope = Vec::new();
    for source in sources("ports/src") {
        let Some(file) = source.path.strip_prefix("ports/src/").filter(|it| !it.contains('/'))
        else {
            continue;
        };
        for (name, parameters) in declared_methods(&source.code) {
            methods += 1;
            // The scope comes first, where nobody can overlook it.
            let first = parameters.trim_start().trim_start_matches("&self").trim_start_matches(',');
            let first = first.trim_start();
            let takes_scope = ["scope: &TenantScope", "scope: &AccountScope"]
                .iter()
                .any(|scope| first.starts_with(scope));
            if !takes_scope {
                without_scope.push(format!("{file}: {name}"));
            }
        }
    }
    assert_eq!(without_scope, WITHOUT_SCOPE);
    assert!(methods > 10, "only {methods} methods were found");
}

#[test]
fn ways_round_the_policy_are_counted() {
    let mut found = Vec::new();
    for source in every_source() {
        let uses = source.code.matches("::system(").count();
        found.extend(std::iter::repeat_n(source.path, uses));
    }
    assert_eq!(found, SYSTEM_SCOPES);
}

#[test]
fn scopes_are_made_by_the_policy_alone() {
    let scope = source("domain/src/scope.rs");
    for name in ["TenantScope", "AccountScope"] {
        let (_, fields) = scope.code.split_once(&format!("pub struct {name} {{")).unwrap();
        let (fields, _) = fields.split_once('}').unwrap();
        assert!(!fields.contains("pub"), "{name} has a field that is not private");
        let (_, methods) = scope.code.split_once(&format!("impl {name} {{")).unwrap();
        assert!(methods.trim_start().starts_with("pub(crate) fn new("), "{name}::new");
    }
    let made_in = |source: &Source| {
        ["TenantScope::new(", "AccountScope::new("].iter().any(|it| source.code.contains(it))
    };
    let found: Vec<String> =
        every_source().into_iter().filter(made_in).map(|source| source.path).collect();
    assert_eq!(found, ["domain/src/policy.rs"]);
    // Nor do they come from anything else, but for the narrower scope that a wider one gives.
    let conversions: Vec<&str> = scope
        .code
        .lines()
        .filter(|line| line.starts_with("impl") && line.contains("for"))
        .collect();
    assert_eq!(conversions, ["impl From<&TenantScope> for AccountScope {"]);
    assert!(!scope.has("Default") && !scope.has("DerefMut"), "a scope out of nothing");
}

#[test]
fn each_crate_begins_with_its_front_page() {
    for (name, _, _) in ARROWS {
        let path = crates().join(name).join("src/lib.rs");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

/// What is claimed of security is claimed with the test that shows it.
#[test]
fn the_tests_that_the_page_on_security_names_are_there() {
    let page = fs::read_to_string(crates().join("../docs/security.md")).unwrap();
    let functions: String = ARROWS
        .iter()
        .flat_map(|(name, _, _)| sources(name))
        .map(|source| source.code)
        .collect::<Vec<_>>()
        .join("\n");
    let there: BTreeSet<&str> = functions
        .split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .collect();
    // Tests are sentences; no other word of the page has as many underscores.
    let named: BTreeSet<&str> =
        page.split('`').filter(|word| word.matches('_').count() > 3).collect();
    let missing: Vec<_> = named.iter().filter(|name| !there.contains(*name)).collect();
    assert_eq!(missing, [&""; 0], "docs/security.md names tests that are not there");
    assert!(named.len() > 100, "only {} tests were found in docs/security.md", named.len());
}

/// Our crates, as their manifests have them. Nothing is resolved, and so nothing is fetched.
fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(crates().join("../Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap();
    metadata.packages
}

/// Which crates a package knows in itself, or in its tests.
fn dependencies(package: &Package, in_tests: bool) -> impl Iterator<Item = &str> {
    let wanted = move |dependency: &&Dependency| {
        (dependency.kind == DependencyKind::Development) == in_tests
    };
    package.dependencies.iter().filter(wanted).map(|dependency| dependency.name.as_str())
}

/// Every file of every crate, tests aside.
fn every_source() -> Vec<Source> {
    ARROWS.iter().flat_map(|(name, _, _)| sources(&format!("{name}/src"))).collect()
}
