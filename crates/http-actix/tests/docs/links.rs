//! Links and file names in the documentation resolve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::pages::{self, Page, root};

#[test]
fn links_resolve_to_existing_pages_and_headings() {
    let pages = pages::read_all();
    let pages_by_path: BTreeMap<&Path, &Page> =
        pages.iter().map(|page| (page.path.as_path(), page)).collect();
    let mut count = 0;
    for Page { path, links, .. } in &pages {
        for link in links {
            if link.starts_with("http://") || link.starts_with("https://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { resolve(path, file) };
            assert!(
                root().join(&target).exists(),
                "{path:?} links to {link}, which does not exist"
            );
            if !heading.is_empty() {
                let page = pages_by_path.get(target.as_path());
                let has_heading =
                    page.is_some_and(|page| page.anchors.iter().any(|name| name == heading));
                assert!(has_heading, "{path:?} links to {link}, which has no such heading");
            }
            // Links within the book stay within the book.
            assert!(
                !path.starts_with("docs") || (target.starts_with("docs") && !is_folder(&target)),
                "{path:?} links to {link}, which is not a page of the book"
            );
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn summary_lists_every_page() {
    let pages = pages::read_all();
    let (summary, others): (Vec<_>, Vec<_>) =
        pages.iter().partition(|page| page.path.ends_with("SUMMARY.md"));
    let [summary] = summary[..] else { panic!("expected exactly one SUMMARY.md") };
    let linked: Vec<_> = summary.links.iter().map(|link| resolve(&summary.path, link)).collect();
    let distinct: BTreeSet<_> = linked.iter().collect();
    assert_eq!(distinct.len(), linked.len(), "a page is listed twice");
    let existing = others.iter().map(|page| &page.path).filter(|path| path.starts_with("docs"));
    assert_eq!(distinct, existing.collect::<BTreeSet<_>>());
}

#[test]
fn named_files_exist() {
    const FOLDERS: [&str; 7] =
        ["bench/", "crates/", "docs/", "deploy/", "fuzz/", ".github/", ".ci/"];
    let mut count = 0;
    for Page { path, spans, shell, .. } in pages::read_all() {
        // The changelog may name removed files.
        if path.ends_with("CHANGELOG.md") {
            continue;
        }
        let words = spans.iter().chain(&shell).flat_map(|text| text.split_whitespace());
        for word in words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder))) {
            // Strips the line from `file.rs:12`.
            let file = word.split([':', ';', ',']).next().unwrap();
            count += 1;
            assert!(root().join(file).exists(), "{path:?} names {word}, which does not exist");
        }
    }
    assert!(count > 30, "{count}");
}

fn is_folder(path: &Path) -> bool {
    root().join(path).is_dir()
}

/// Resolves a relative link of a page to a path from the root.
fn resolve(page: &Path, link: &str) -> PathBuf {
    let mut target = page.parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                assert!(target.pop(), "{} links outside the repository: {link}", page.display());
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::Prefix(_) | Component::RootDir => target.push(part),
        }
    }
    target
}
