//! What comes in from outside comes in on purpose.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::path::Path;

use cargo_metadata::{MetadataCommand, Package};

/// Those that take the default features of what they depend on, each with its reason.
const DEFAULT_FEATURES: [(&str, &str); 0] = [];

#[test]
fn dependencies_disable_default_features() {
    let mut count = 0;
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        for package in packages(manifest) {
            // Our own crates have no default features, which another test holds.
            let from_outside = package.dependencies.iter().filter(|known| known.path.is_none());
            for dependency in from_outside {
                let name = dependency.name.as_str();
                let excused = DEFAULT_FEATURES.iter().any(|(excused, _)| *excused == name);
                assert!(
                    excused || !dependency.uses_default_features,
                    "{manifest}: {name} of {} comes with its default features",
                    package.name
                );
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} dependencies were found");
}

/// The packages of a workspace. Nothing is resolved, and so nothing is fetched.
fn packages(manifest: &str) -> Vec<Package> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let metadata = MetadataCommand::new()
        .manifest_path(root.join(manifest))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec();
    metadata.unwrap().packages
}
