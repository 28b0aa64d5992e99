//! Extracts the few files of Swagger UI that a browser requests, and compresses them. The complete
//! archive would be a quarter of the binary.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a failed step stops the build; cargo passes settings in the environment"
)]

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const FILES: [&str; 4] = [
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "favicon-32x32.png",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).expect("a valid archive");
    for file in FILES {
        let suffix = format!("/dist/{file}");
        let index = (0..archive.len()).find(|index| {
            archive
                .by_index(*index)
                .is_ok_and(|entry| entry.name().is_ok_and(|name| name.ends_with(&suffix)))
        });
        let index = index.expect("the archive contains the file");
        let mut entry = archive.by_index(index).expect("a readable entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a valid entry");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes).expect("writing to memory");
        let compressed = encoder.finish().expect("writing to memory");
        fs::write(out.join(format!("{file}.gz")), compressed).expect("OUT_DIR is writable");
    }
}
