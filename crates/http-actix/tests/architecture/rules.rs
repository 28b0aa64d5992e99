//! What the code of some crates must not name.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use crate::arrows::ARROWS;
use crate::modules::{Crate, SourceFile, crates};

/// The file that names adapters, with that of the adapter that it must connect.
const WIRING: &str = "http-actix/src/process/wiring.rs";
const WIRING_OF_POSTGRES: &str = "http-actix/src/process/wiring/postgres.rs";

/// The one file of `domain` that names serde, behind the feature of that name.
const SERDE: &str = "domain/src/serde.rs";

/// What a pure crate may name of `std`, `core` and `alloc`: values, and no input, output, clock,
/// thread or lock.
const PURE_STD: [&str; 14] = [
    "borrow",
    "cmp",
    "collections",
    "convert",
    "error",
    "fmt",
    "hash",
    "iter",
    "mem",
    "num",
    "ops",
    "str",
    "string",
    "time",
];

#[test]
fn only_the_wiring_names_adapters() {
    let adapters = ["auth0_adapter", "memory_adapter", "oidc_adapter", "postgres_adapter"];
    let mut found = BTreeSet::new();
    for package in ["application", "http-actix", "token-verifier", "telemetry"] {
        for file in parsed(package).files.values() {
            if file.paths.iter().any(|path| adapters.contains(&path[0].as_str())) {
                found.insert(file.path.clone());
            }
        }
    }
    assert_eq!(found, BTreeSet::from([WIRING, WIRING_OF_POSTGRES].map(str::to_owned)));
}

#[test]
fn wiring_reexports_nothing() {
    let http = parsed("http-actix");
    let wiring = http.files.values().find(|file| file.path == WIRING).unwrap();
    for item in &wiring.syntax.items {
        if let syn::Item::Use(item) = item {
            assert!(matches!(item.vis, syn::Visibility::Inherited), "a public import in {WIRING}");
        }
    }
}

#[test]
fn domain_is_pure() {
    for file in parsed("domain").files.values() {
        let is_serde = file.path == SERDE;
        for path in &file.paths {
            let allowed = match path[0].as_str() {
                "std" | "core" | "alloc" => path.get(1).is_some_and(|module| is_pure(path, module)),
                "serde" => is_serde,
                _ => true,
            };
            assert!(allowed, "{}: {}", file.path, path.join("::"));
        }
        let mut finder = AsyncFinder(false);
        finder.visit_file(&file.syntax);
        assert!(!finder.0, "{} has async code", file.path);
    }
    let gate = "#[cfg(feature = \"serde\")]\nmod serde;\n";
    let front_page = std::fs::read_to_string(crates().join("domain/src/lib.rs")).unwrap();
    assert_eq!(front_page.matches(gate).count(), 1, "{SERDE} is behind the feature serde");
}

/// `std::time` is pure as far as it is about durations, and `std::sync` as far as `Arc` goes.
fn is_pure(path: &[String], module: &str) -> bool {
    match module {
        "sync" => path.get(2).is_some_and(|item| item == "Arc"),
        "time" => path.get(2).is_some_and(|item| item == "Duration"),
        "slice" | "vec" | "option" | "result" | "marker" | "array" | "char" | "ascii" => true,
        module => PURE_STD.contains(&module),
    }
}

#[test]
fn inner_crates_name_neither_http_nor_json() {
    let outer = ["actix_web", "http", "reqwest", "serde", "serde_json", "url"];
    for package in ["domain", "ports", "application"] {
        for file in parsed(package).files.values().filter(|file| file.path != SERDE) {
            for path in &file.paths {
                assert!(!outer.contains(&path[0].as_str()), "{}: {}", file.path, path.join("::"));
            }
        }
    }
}

/// What the manifests say is tested by the arrows; this is about code that names a crate of ours
/// by another route, such as a re-export.
#[test]
fn crates_name_only_the_crates_of_their_arrows() {
    let ours: BTreeSet<String> = ARROWS.iter().map(|(name, _, _)| name.replace('-', "_")).collect();
    for (name, known, _) in ARROWS {
        let known: BTreeSet<String> = known.iter().map(|name| name.replace('-', "_")).collect();
        for file in parsed(name).files.values() {
            for path in file.paths.iter().filter(|path| ours.contains(&path[0])) {
                assert!(known.contains(&path[0]), "{}: {}", file.path, path.join("::"));
            }
        }
    }
}

pub(crate) fn parsed(package: &str) -> Crate {
    Crate::parse(&crates(), package)
}

/// Returns the files of all crates, tests aside.
pub(crate) fn all_files() -> Vec<SourceFile> {
    ARROWS.iter().flat_map(|(name, _, _)| parsed(name).files.into_values()).collect()
}

/// Finds async functions, blocks and `.await`.
struct AsyncFinder(bool);

impl<'ast> Visit<'ast> for AsyncFinder {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.0 |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {
        self.0 = true;
    }

    fn visit_expr_await(&mut self, _: &'ast syn::ExprAwait) {
        self.0 = true;
    }
}
