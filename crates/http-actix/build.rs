//! Takes out of Swagger UI, which comes as one archive, the few files that a browser asks for, and
//! keeps them compressed: the whole of it would be a quarter of the binary.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a build that cannot go on should say so and stop; cargo tells by the environment"
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
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo says where to"));
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).expect("it is an archive");
    for file in FILES {
        let end = format!("/dist/{file}");
        let at = (0..archive.len()).find(|at| {
            archive.by_index(*at).is_ok_and(|entry| entry.name().is_ok_and(|it| it.ends_with(&end)))
        });
        let mut entry = archive.by_index(at.expect("it has the file")).expect("it has the file");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("it is whole");
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&bytes).expect("memory takes it");
        let packed = packed.finish().expect("memory takes it");
        fs::write(out.join(format!("{file}.gz")), packed).expect("there is room");
    }
}
