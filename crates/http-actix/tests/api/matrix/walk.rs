//! The walk through the matrix, and the text that is made of it.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;

use super::calls::{CALLERS, Call, Target, call};
use super::directory::Resettable;
use crate::support::{App, PEOPLE, Wishes};

const WORDS: &str = "\
What every operation answers to every kind of caller, about every kind of user.
Written by `make generate`; tests/api/matrix compares it with what the service answers now.

Each call finds everybody as they were at the beginning.

The callers
  acme, globex    a token of the tenants, with the permissions named; its own role is unknown
  olga, bob, ...  a person's own token with every permission; the role in the tenant counts too
  operator        a token for every tenant
The users
  unused          a tenant that nobody is attached to
  in the path of contract A, and in contract B's new users, the tenant is acme
  POST is about the user's e-mail address
The current password is right where the user has one: mia, gus, adam and bob do.
";

/// What came of a walk.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// The matrix to read.
    pub(crate) text: String,
    /// The operations that need a token and that nobody here knows how to call.
    pub(crate) unknown: Vec<String>,
    /// The calls that were refused and yet changed something.
    pub(crate) disturbed: Vec<String>,
}

/// Makes every call.
pub(crate) async fn walk() -> Matrix {
    let directory = Arc::new(Resettable::new().await);
    let wishes = Wishes { directory: Some(Arc::clone(&directory) as _), ..Wishes::default() };
    let app = App::start_with(wishes).await;
    let document: Value = serde_json::from_str(&usher_http::openapi::text().unwrap()).unwrap();
    let beginning = snapshot(&app).await;

    let mut matrix = Matrix { text: WORDS.to_owned(), unknown: Vec::new(), disturbed: Vec::new() };
    for (method, template) in usher_http::openapi::operations() {
        let operation = &document["paths"][&template][method.to_lowercase()];
        if operation.get("security").is_none() {
            continue;
        }
        let name = format!("{method} {template}");
        let Some(call) = call(method, &template) else {
            matrix.unknown.push(name);
            continue;
        };
        let method = method.parse().unwrap();
        let table = Table { app: &app, directory: &directory, method, call };
        let (rows, disturbed) = table.rows().await;
        let titles = table.call.targets.iter().map(Target::title).collect();
        matrix.text.push_str(&format(&name, titles, &rows));
        matrix.disturbed.extend(disturbed);
        if snapshot(&app).await != beginning {
            matrix.disturbed.push(name);
            directory.reset().await;
        }
    }
    matrix
}

/// One operation's part of the walk.
struct Table<'a> {
    app: &'a App,
    directory: &'a Resettable,
    method: Method,
    call: Call,
}

impl Table<'_> {
    /// A row for each caller, and the cells whose refused calls changed something.
    async fn rows(&self) -> (Vec<(&'static str, Vec<String>)>, Vec<String>) {
        let (mut rows, mut disturbed) = (Vec::new(), Vec::new());
        for caller in CALLERS {
            let mut cells = Vec::new();
            for target in self.call.targets {
                let Some(name) = target.name(&caller) else {
                    cells.push("-".to_owned());
                    continue;
                };
                let (path, body) = (self.call.request)(name);
                let before = self.directory.writes();
                let client = (caller.client)(self.app);
                let answer = client.call(self.method.clone(), &path, body).await;
                if self.directory.writes() != before {
                    self.directory.reset().await;
                    if !answer.status.is_success() {
                        disturbed.push(format!("{}: {} {path}", caller.title, self.method));
                    }
                }
                cells.push(answer.outcome());
            }
            rows.push((caller.title, cells));
        }
        (rows, disturbed)
    }
}

/// Everything that operators see.
async fn snapshot(app: &App) -> Vec<String> {
    let mut texts = Vec::new();
    for line in PEOPLE.trim().lines() {
        let person: Value = serde_json::from_str(line).unwrap();
        let id = person["id"].as_str().unwrap().replace('|', "%7C");
        texts.push(app.operator().get(&format!("/api/v1/users/{id}")).await.text);
    }
    for tenant in ["acme", "globex", "initech"] {
        texts.push(app.operator().get(&format!("/api/{tenant}/admin/users")).await.text);
    }
    texts
}

fn format(title: &str, targets: Vec<&str>, rows: &[(&str, Vec<String>)]) -> String {
    let mut lines = vec![("", targets.into_iter().map(str::to_owned).collect())];
    lines.extend_from_slice(rows);
    let first = lines.iter().map(|(name, _)| name.len()).max().unwrap();
    let width = |column: usize| lines.iter().map(|(_, cells)| cells[column].len()).max().unwrap();
    let widths: Vec<usize> = (0..lines[0].1.len()).map(width).collect();
    let mut text = format!("\n\n{title}\n\n");
    for (name, cells) in &lines {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:<width$}"));
        let line = format!("  {name:<first$}{}", padded.collect::<String>());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
