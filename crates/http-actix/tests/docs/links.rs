//! Pages lead to pages that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::pages::{self, Page, root};

#[test]
fn links_resolve_to_existing_pages_and_headings() {
    let pages = pages::all();
    let known: BTreeMap<&Path, &Page> =
        pages.iter().map(|page| (page.path.as_path(), page)).collect();
    let mut count = 0;
    for Page { path, links, .. } in &pages {
        for link in links {
            if link.starts_with("http://") || link.starts_with("https://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { beside(path, file) };
            assert!(root().join(&target).exists(), "{path:?} leads to {link}, which is not there");
            if !heading.is_empty() {
                let page = known.get(target.as_path());
                let there =
                    page.is_some_and(|page| page.anchors.iter().any(|name| name == heading));
                assert!(there, "{path:?} leads to {link}, and there is no such heading");
            }
            // What is in the book stays in the book.
            assert!(
                !path.starts_with("docs") || (target.starts_with("docs") && !is_folder(&target)),
                "{path:?} leads to {link}, which is no page of the book"
            );
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn summary_lists_every_page() {
    let pages = pages::all();
    let (summary, others): (Vec<_>, Vec<_>) =
        pages.iter().partition(|page| page.path.ends_with("SUMMARY.md"));
    let [summary] = summary[..] else { panic!("there is not one SUMMARY.md") };
    let named: Vec<_> = summary.links.iter().map(|link| beside(&summary.path, link)).collect();
    let once: BTreeSet<_> = named.iter().collect();
    assert_eq!(once.len(), named.len(), "a page stands there twice");
    let there = others.iter().map(|page| &page.path).filter(|path| path.starts_with("docs"));
    assert_eq!(once, there.collect::<BTreeSet<_>>());
}

#[test]
fn named_files_exist() {
    const FOLDERS: [&str; 6] = ["crates/", "docs/", "deploy/", "fuzz/", ".github/", ".ci/"];
    let mut count = 0;
    for Page { path, spans, shell, .. } in pages::all() {
        // A changelog speaks of what was, too.
        if path.ends_with("CHANGELOG.md") {
            continue;
        }
        let words = spans.iter().chain(&shell).flat_map(|text| text.split_whitespace());
        for word in words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder))) {
            // `file.rs:12`, too.
            let named = word.split([':', ';', ',']).next().unwrap();
            count += 1;
            assert!(root().join(named).exists(), "{path:?} names {word}, which is not there");
        }
    }
    assert!(count > 30, "{count}");
}

fn is_folder(path: &Path) -> bool {
    root().join(path).is_dir()
}

/// Where a page leads by this, from the root.
fn beside(page: &Path, link: &str) -> PathBuf {
    let mut target = page.parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => assert!(target.pop(), "{} leads out by {link}", page.display()),
            Component::CurDir => {}
            Component::Normal(_) | Component::Prefix(_) | Component::RootDir => target.push(part),
        }
    }
    target
}
