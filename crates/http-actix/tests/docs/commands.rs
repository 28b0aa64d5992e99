//! Command lines that people copy are such as the program takes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::pages::{self, Page, root};

const COMMANDS: [&str; 6] = ["serve", "token", "openapi", "check-config", "doctor", "healthcheck"];
/// Where a shell has had enough of one command.
const ENDS: [&str; 9] = ["|", ";", "&&", "||", "&", "#", "{", "}", "\\|"];

#[test]
fn documented_command_lines_parse() {
    let mut lines = BTreeSet::new();
    for page in pages::all() {
        // Within a sentence it is a command only if it is nothing else.
        let whole = |text: &&String| text.starts_with("usher ") || text.starts_with("cargo ");
        for text in page.spans.iter().filter(whole).chain(&page.shell) {
            lines.extend(of_usher(text).into_iter().map(|line| (page.path.clone(), line)));
        }
    }
    assert!(lines.len() > 30, "{lines:?}");
    let commands: BTreeSet<_> = lines.iter().map(|(_, line)| line[0].as_str()).collect();
    assert!(COMMANDS.iter().all(|command| commands.contains(command)), "{commands:?}");
    for (page, line) in &lines {
        // What stands before `--help` is read first, and complained of first.
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        let output = command.args(line).arg("--help").env_clear().output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page:?}: usher {}: {complaint}", line.join(" "));
    }
}

#[test]
fn invalid_command_lines_are_detected() {
    for line in ["serve --confg x --help", "check --help", "serve --listen here --help"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        let output = command.args(line.split(' ')).env_clear().output().unwrap();
        assert!(!output.status.success(), "{line}");
    }
}

#[test]
fn documented_make_targets_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut count = 0;
    for Page { path, spans, shell, .. } in pages::all() {
        for text in spans.iter().chain(&shell) {
            let Some(target) = text.strip_prefix("make ").and_then(|text| text.split(' ').next())
            else {
                continue;
            };
            count += 1;
            let rule = format!("\n{target}:");
            assert!(makefile.contains(&rule), "{path:?} says make {target}");
        }
    }
    assert!(count > 15, "{count}");
}

/// The arguments of each call of the program in a line.
fn of_usher(text: &str) -> Vec<Vec<String>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut calls = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(next) = words.get(at + 1) else { break };
        let named = word.trim_matches(['"', '(', '$']).rsplit('/').next() == Some("usher");
        let by_cargo = *word == "--" && text.contains("cargo run") && !text.contains("--example");
        let sure = at == 0 && *word == "usher";
        if sure || ((named || by_cargo) && COMMANDS.contains(&next.trim_end_matches([')', ';']))) {
            calls.push(arguments(&words[at + 1..]));
        }
    }
    calls
}

fn arguments(words: &[&str]) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in words {
        if ENDS.contains(word) || word.trim_start_matches('2').starts_with('>') {
            break;
        }
        let bare = word.trim_matches(['"', '\'']).trim_end_matches([')', ';', ':']);
        arguments.push(bare.replace("ADDRESS:PORT", "127.0.0.1:8080"));
        if word.ends_with(';') || word.ends_with(')') {
            break;
        }
    }
    arguments
}
