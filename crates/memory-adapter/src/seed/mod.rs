//! The seed: accounts to start with, one JSON object a line.
//!
//! ```json
//! {"id": "auth0|1", "email": "ada@acme.example", "username": "ada", "firstName": "Ada",
//!  "lastName": "Lovelace", "name": "Ada L.", "serviceUser": false, "blocked": false,
//!  "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z",
//!  "lastLogin": "2026-01-03T00:00:00Z", "password": "correct-horse", "homeTenant": "acme",
//!  "tenants": {"acme": "admin"}}
//! ```
//!
//! (One line, broken here to be read.) Only `email` is required. A member that is null counts as
//! absent, and an empty first or last name as none. Without `id` one is made; without `createdAt`
//! the account is created now. A role outside the catalogue is taken, but is no access.

mod json;
mod line;

use std::collections::HashSet;
use std::io::{self, BufRead};
use std::thread::available_parallelism;

use domain::{User, UserId};
use thiserror::Error;

use crate::MemoryDirectory;
use crate::passwords::PasswordHash;
use crate::seed::line::Line;
use crate::state::{Record, State, StoredMembership};

/// What a seed brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeedSummary {
    /// How many accounts.
    pub accounts: usize,
    /// How many of them have a password.
    pub passwords: usize,
    /// How many memberships have a role outside the catalogue, and so give no access.
    pub unknown_roles: usize,
}

/// Why a seed cannot be used. Lines are counted from 1; no value of the seed is told.
#[derive(Debug, Error)]
pub enum SeedError {
    /// Reading failed, or the text is not UTF-8.
    #[error("line {line}: cannot be read")]
    Unreadable {
        /// Where.
        line: usize,
        /// What was seen.
        #[source]
        source: io::Error,
    },
    /// The line as a whole is wrong.
    #[error("line {line}: {problem}")]
    Line {
        /// Which line.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// One member of the line is wrong.
    #[error("line {line}: {field}: {problem}")]
    Field {
        /// Which line.
        line: usize,
        /// Which member, such as `tenants.acme`.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

impl SeedError {
    fn field(line: usize, field: &str, problem: &str) -> Self {
        Self::Field { line, field: field.to_owned(), problem: problem.to_owned() }
    }
}

/// One account to be loaded, and where it stands.
struct Entry {
    line: Line,
    number: usize,
    hash: Option<PasswordHash>,
}

const TAKEN: &str = "another account has the same";

impl MemoryDirectory {
    /// Adds the accounts of a seed, all of them or none.
    ///
    /// It blocks until every password is hashed, on all cores; call it before serving.
    ///
    /// # Errors
    /// [`SeedError`] at the first line that cannot be used: not JSON, an unknown or repeated
    /// member, a value that is none, an id, e-mail address or username that another account has.
    pub fn load_seed(&self, reader: impl BufRead) -> Result<SeedSummary, SeedError> {
        let mut entries = read(reader)?;
        hash_passwords(&mut entries)?;

        let now = self.clock.now();
        let mut state = self.state.write();
        let catalogue = self.catalogue();
        for entry in &entries {
            check_vacant(&state, entry)?;
        }
        let mut summary = SeedSummary { accounts: entries.len(), ..SeedSummary::default() };
        for Entry { line, number, hash } in entries {
            let id = line.id.map_or_else(|| state.vacant_id(), Ok).map_err(|_| {
                SeedError::field(number, "id", "none could be made: there is no randomness")
            })?;
            let user = User {
                id,
                email: line.email,
                username: line.username,
                given_name: line.given_name,
                family_name: line.family_name,
                display_name: line.display_name,
                service_user: line.service_user,
                blocked: line.blocked,
                created_at: line.created_at.unwrap_or(now),
                updated_at: line.updated_at,
                last_login: line.last_login,
                home: line.home,
                memberships: [].into(),
            };
            let stored = line
                .tenants
                .into_iter()
                .map(|(tenant, role)| (tenant, StoredMembership { role, name: None }));
            summary.passwords += usize::from(hash.is_some());
            let record = Record::new(user, stored, hash, &catalogue);
            summary.unknown_roles += record.unresolved.len();
            state.put(record);
        }
        Ok(summary)
    }
}

/// Every line, and that no two of them are of one account.
fn read(mut reader: impl BufRead) -> Result<Vec<Entry>, SeedError> {
    let mut entries = Vec::new();
    let (mut ids, mut emails, mut usernames) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut text = String::new();
    for number in 1.. {
        text.clear();
        let read = reader.read_line(&mut text);
        if read.map_err(|source| SeedError::Unreadable { line: number, source })? == 0 {
            break;
        }
        // Some editors put a byte-order mark at the start of a file.
        let bom = text.strip_prefix('\u{feff}').filter(|_| number == 1);
        let text = bom.unwrap_or(&text).trim_end();
        if text.is_empty() {
            continue;
        }
        let line = Line::parse(text).map_err(|problem| problem.at(number))?;
        let twice = |field| Err(SeedError::field(number, field, TAKEN));
        if line.id.as_ref().is_some_and(|id: &UserId| !ids.insert(id.clone())) {
            return twice("id");
        }
        if !emails.insert(line.email.clone()) {
            return twice("email");
        }
        if line.username.as_ref().is_some_and(|username| !usernames.insert(username.clone())) {
            return twice("username");
        }
        entries.push(Entry { line, number, hash: None });
    }
    Ok(entries)
}

fn check_vacant(state: &State, Entry { line, number, .. }: &Entry) -> Result<(), SeedError> {
    let taken = |field| Err(SeedError::field(*number, field, TAKEN));
    if line.id.as_ref().is_some_and(|id| state.get(id).is_some()) {
        taken("id")
    } else if state.by_email(&line.email).is_some() {
        taken("email")
    } else if line.username.as_ref().is_some_and(|name| state.by_username(name).is_some()) {
        taken("username")
    } else {
        Ok(())
    }
}

/// Hashes are made to be slow: all cores share them.
fn hash_passwords(entries: &mut [Entry]) -> Result<(), SeedError> {
    let mut with_password: Vec<_> =
        entries.iter_mut().filter(|entry| entry.line.password.is_some()).collect();
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let share = with_password.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        for share in with_password.chunks_mut(share) {
            scope.spawn(|| {
                for entry in share {
                    let password = entry.line.password.as_ref();
                    entry.hash = password.and_then(|password| PasswordHash::of(password).ok());
                }
            });
        }
    });
    match with_password.iter().find(|entry| entry.hash.is_none()) {
        Some(entry) => Err(SeedError::field(entry.number, "password", "could not be hashed")),
        None => Ok(()),
    }
}
