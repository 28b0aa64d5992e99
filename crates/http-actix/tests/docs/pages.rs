//! Parses the pages of the documentation.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The parsed content of a page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The path from the root.
    pub(crate) path: PathBuf,
    /// Code spans.
    pub(crate) spans: Vec<String>,
    /// Shell commands, with continued lines joined.
    pub(crate) shell: Vec<String>,
    /// Targets of links.
    pub(crate) links: Vec<String>,
    /// Anchors of headings.
    pub(crate) anchors: Vec<String>,
}

/// The pages in the root of the repository.
const ROOT_PAGES: [&str; 4] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/// Reads the pages of the root and every page under `docs`.
pub(crate) fn read_all() -> Vec<Page> {
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
    let mut command = String::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language.to_owned()) };
        } else if let Some(language) = &fence {
            command.push_str(line.trim());
            if language == "sh" && command.ends_with('\\') {
                command.pop();
                continue;
            }
            let line = std::mem::take(&mut command);
            if language == "sh" && !line.starts_with('#') {
                page.shell.push(line);
            }
        } else {
            page.prose(line);
        }
    }
    assert!(fence.is_none(), "{} has an unterminated code block", path.display());
    page
}

impl Page {
    fn prose(&mut self, line: &str) {
        let (text, spans) = split_code_spans(line);
        self.spans.extend(spans);
        if line.starts_with('#') {
            let name = anchor(line.trim_start_matches('#').trim());
            let same_name = self.anchors.iter().filter(|anchor| {
                let rest = anchor.strip_prefix(&name);
                rest.is_some_and(|rest| {
                    rest.trim_start_matches('-').chars().all(|c| c.is_ascii_digit())
                })
            });
            let count = same_name.count();
            self.anchors.push(if count == 0 { name } else { format!("{name}-{count}") });
        }
        for after in text.split("](").skip(1) {
            self.links.push(after.split(')').next().unwrap().to_owned());
        }
    }
}

/// Splits a line into its text without code spans, and the code spans.
fn split_code_spans(line: &str) -> (String, Vec<String>) {
    let (mut text, mut spans, mut rest) = (String::new(), Vec::new(), line);
    while let Some((before, after)) = rest.split_once('`') {
        text.push_str(before);
        let extra_backticks = after.len() - after.trim_start_matches('`').len();
        let end = "`".repeat(extra_backticks + 1);
        let Some((span, after)) = after[extra_backticks..].split_once(&end) else { break };
        spans.push(span.to_owned());
        rest = after;
    }
    text.push_str(rest);
    (text, spans)
}

/// Returns the anchor that GitHub and mdBook give a heading.
fn anchor(heading: &str) -> String {
    let characters =
        heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    characters.collect::<String>().to_lowercase().replace(' ', "-")
}
