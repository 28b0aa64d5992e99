//! External dependencies do not enable default features implicitly.
#![allow(clippy::unwrap_used, reason = "a failed step ends the test")]

use std::path::Path;

use cargo_metadata::{MetadataCommand, Package};

/// Dependencies that may use default features, each with the reason.
const DEFAULT_FEATURES: [(&str, &str); 0] = [];

#[test]
fn dependencies_disable_default_features() {
    let mut count = 0;
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        for package in packages(manifest) {
            // Workspace crates have no default features; another test checks that.
            let external =
                package.dependencies.iter().filter(|dependency| dependency.path.is_none());
            for dependency in external {
                let name = dependency.name.as_str();
                let excepted = DEFAULT_FEATURES.iter().any(|(excepted, _)| *excepted == name);
                assert!(
                    excepted || !dependency.uses_default_features,
                    "{manifest}: {name} of {} enables default features",
                    package.name
                );
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} dependencies found");
}

/// Returns the packages of a workspace, without resolving or fetching dependencies.
fn packages(manifest: &str) -> Vec<Package> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let metadata = MetadataCommand::new()
        .manifest_path(root.join(manifest))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec();
    metadata.unwrap().packages
}
