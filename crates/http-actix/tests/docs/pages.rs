//! The pages, and what is in them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the repository is.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where it is, from the root.
    pub(crate) path: PathBuf,
    /// What stands between backticks.
    pub(crate) spans: Vec<String>,
    /// The lines of its shell commands; one that goes on in the next is one.
    pub(crate) shell: Vec<String>,
    /// Where its links lead.
    pub(crate) links: Vec<String>,
    /// The names of its headings, as they are linked to.
    pub(crate) anchors: Vec<String>,
}

/// The pages in the root of the repository; more are under `docs`.
const ROOT_PAGES: [&str; 4] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/// Returns the pages of the root and everything under `docs`.
pub(crate) fn all() -> Vec<Page> {
    let mut paths = ROOT_PAGES.map(|name| root().join(name)).to_vec();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                paths.push(path);
            }
        }
    }
    assert!(paths.len() > 20, "{paths:?}");
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Page {
    let text = fs::read_to_string(path).unwrap();
    let mut page = Page {
        path: path.strip_prefix(root()).unwrap().to_owned(),
        spans: Vec::new(),
        shell: Vec::new(),
        links: Vec::new(),
        anchors: Vec::new(),
    };
    let mut fence: Option<String> = None;
    let mut unfinished = String::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language.to_owned()) };
        } else if let Some(language) = &fence {
            unfinished.push_str(line.trim());
            if language == "sh" && unfinished.ends_with('\\') {
                unfinished.pop();
                continue;
            }
            let line = std::mem::take(&mut unfinished);
            if language == "sh" && !line.starts_with('#') {
                page.shell.push(line);
            }
        } else {
            page.prose(line);
        }
    }
    assert!(fence.is_none(), "{} has a block of code without an end", path.display());
    page
}

impl Page {
    fn prose(&mut self, line: &str) {
        let (bare, spans) = without_code(line);
        self.spans.extend(spans);
        if line.starts_with('#') {
            let name = anchor(line.trim_start_matches('#').trim());
            let same = self.anchors.iter().filter(|anchor| {
                let rest = anchor.strip_prefix(&name);
                rest.is_some_and(|rest| {
                    rest.trim_start_matches('-').chars().all(|c| c.is_ascii_digit())
                })
            });
            let count = same.count();
            self.anchors.push(if count == 0 { name } else { format!("{name}-{count}") });
        }
        for after in bare.split("](").skip(1) {
            self.links.push(after.split(')').next().unwrap().to_owned());
        }
    }
}

/// A line without what stands between backticks, and that.
fn without_code(line: &str) -> (String, Vec<String>) {
    let (mut bare, mut spans, mut rest) = (String::new(), Vec::new(), line);
    while let Some((before, after)) = rest.split_once('`') {
        bare.push_str(before);
        let more = after.len() - after.trim_start_matches('`').len();
        let end = "`".repeat(more + 1);
        let Some((span, after)) = after[more..].split_once(&end) else { break };
        spans.push(span.to_owned());
        rest = after;
    }
    bare.push_str(rest);
    (bare, spans)
}

/// What GitHub and mdbook call a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
