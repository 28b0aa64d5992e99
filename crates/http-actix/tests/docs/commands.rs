//! Command lines in the documentation are valid.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::pages::{self, Page, root};

const SUBCOMMANDS: [&str; 7] =
    ["serve", "token", "openapi", "check-config", "doctor", "migrate", "healthcheck"];
/// Shell tokens that end a command.
const TERMINATORS: [&str; 9] = ["|", ";", "&&", "||", "&", "#", "{", "}", "\\|"];

#[test]
fn documented_command_lines_parse() {
    let mut lines = BTreeSet::new();
    for page in pages::read_all() {
        // A code span in prose counts only if all of it is a command.
        let is_command_line =
            |text: &&String| text.starts_with("usher ") || text.starts_with("cargo ");
        for text in page.spans.iter().filter(is_command_line).chain(&page.shell) {
            lines.extend(usher_calls(text).into_iter().map(|line| (page.path.clone(), line)));
        }
    }
    assert!(lines.len() > 30, "{lines:?}");
    let commands: BTreeSet<_> = lines.iter().map(|(_, line)| line[0].as_str()).collect();
    assert!(SUBCOMMANDS.iter().all(|command| commands.contains(command)), "{commands:?}");
    for (page, line) in &lines {
        // Arguments before `--help` are parsed first, and errors in them reported.
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        let output = command.args(line).arg("--help").env_clear().output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page:?}: usher {}: {stderr}", line.join(" "));
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
    for Page { path, spans, shell, .. } in pages::read_all() {
        for text in spans.iter().chain(&shell) {
            let Some(target) = text.strip_prefix("make ").and_then(|text| text.split(' ').next())
            else {
                continue;
            };
            count += 1;
            let rule = format!("\n{target}:");
            assert!(makefile.contains(&rule), "{path:?} names an unknown target: make {target}");
        }
    }
    assert!(count > 15, "{count}");
}

/// Returns the arguments of each call of `usher` in a line.
fn usher_calls(text: &str) -> Vec<Vec<String>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut calls = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let Some(next) = words.get(index + 1) else { break };
        let is_usher = word.trim_matches(['"', '(', '$']).rsplit('/').next() == Some("usher");
        let is_cargo_run =
            *word == "--" && text.contains("cargo run") && !text.contains("--example");
        let is_whole_line = index == 0 && *word == "usher";
        if is_whole_line
            || ((is_usher || is_cargo_run)
                && SUBCOMMANDS.contains(&next.trim_end_matches([')', ';'])))
        {
            calls.push(arguments(&words[index + 1..]));
        }
    }
    calls
}

fn arguments(words: &[&str]) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in words {
        if TERMINATORS.contains(word) || word.trim_start_matches('2').starts_with('>') {
            break;
        }
        let argument = word.trim_matches(['"', '\'']).trim_end_matches([')', ';', ':']);
        arguments.push(argument.replace("ADDRESS:PORT", "127.0.0.1:8080"));
        if word.ends_with(';') || word.ends_with(')') {
            break;
        }
    }
    arguments
}
