//! The seed: initial accounts, one JSON object per line.
//!
//! ```json
//! {"id": "auth0|1", "email": "ada@acme.example", "username": "ada", "firstName": "Ada",
//!  "lastName": "Lovelace", "name": "Ada L.", "serviceUser": false, "blocked": false,
//!  "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z",
//!  "lastLogin": "2026-01-03T00:00:00Z", "password": "correct-horse", "homeTenant": "acme",
//!  "tenants": {"acme": "admin"}}
//! ```
//!
//! (One line, wrapped here.) Only `email` is required. Null members and empty first or last names
//! count as absent. Without `id` one is generated; without `createdAt` the account is created now.
//! A role outside the catalogue is stored, but gives no access.

mod error;
mod json;
mod line;

use std::collections::HashSet;
use std::io::BufRead;

use domain::{Credentials, User, UserId};

use crate::directory::MemoryDirectory;
use crate::hash_pool::{Blocks, cores, spawn_scoped};
use crate::password_hash::PasswordHash;
use crate::seed::line::Line;
use crate::state::{Record, State, StoredMembership};

pub use error::SeedError;

/// The counts of a loaded seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeedSummary {
    /// The accounts.
    pub accounts: usize,
    /// The accounts with a password.
    pub passwords: usize,
    /// The memberships whose role is outside the catalogue, which give no access.
    pub unknown_roles: usize,
}

/// One account to load, with its line number.
struct Entry {
    line: Line,
    number: usize,
    hash: Option<PasswordHash>,
}

const TAKEN: &str = "another account has the same";

impl MemoryDirectory {
    /// Adds the accounts of a seed, all of them or none.
    ///
    /// Blocks until every password is hashed, on all cores; call it before serving.
    ///
    /// # Errors
    /// [`SeedError`] for the first invalid line: not JSON, an unknown or repeated member, an invalid
    /// value, or an id, e-mail address or username that another account has.
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
            let id = line.id.map_or_else(|| state.new_id(), Ok).map_err(|_| {
                SeedError::field(number, "id", "cannot be generated: no random bytes are available")
            })?;
            let mut user = User {
                id,
                email: line.email,
                username: line.username,
                given_name: line.given_name,
                family_name: line.family_name,
                display_name: None,
                service_user: line.service_user,
                blocked: line.blocked,
                created_at: line.created_at.unwrap_or(now),
                updated_at: line.updated_at,
                last_login: line.last_login,
                home: line.home,
                credentials: Credentials {
                    email_verified: line.email_verified,
                    ..Credentials::default()
                },
                memberships: [].into(),
            };
            user.set_display_name(line.display_name);
            let stored = line
                .tenants
                .into_iter()
                .map(|(tenant, role)| (tenant, StoredMembership::of_role(role)));
            summary.passwords += usize::from(hash.is_some());
            let record = Record::new(user, stored, hash, &catalogue);
            summary.unknown_roles += record.unresolved.len();
            state.put(record);
        }
        Ok(summary)
    }
}

/// Reads every line, and checks that no two lines have the same id, address or username.
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
        // Some editors write a byte-order mark at the start of a file.
        let bom = text.strip_prefix('\u{feff}').filter(|_| number == 1);
        let text = bom.unwrap_or(&text).trim_end();
        if text.is_empty() {
            continue;
        }
        let line = Line::parse(text).map_err(|problem| problem.into_error(number))?;
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

/// Hashes the passwords on all cores, because a hash takes long by design.
fn hash_passwords(entries: &mut [Entry]) -> Result<(), SeedError> {
    let mut with_password: Vec<_> =
        entries.iter_mut().filter(|entry| entry.line.password.is_some()).collect();
    let share = with_password.len().div_ceil(cores()).max(1);
    std::thread::scope(|scope| {
        for share in with_password.chunks_mut(share) {
            let hash = |blocks: &mut Blocks| {
                for entry in share {
                    let password = entry.line.password.as_ref();
                    entry.hash =
                        password.and_then(|password| PasswordHash::of(password, blocks).ok());
                }
            };
            // Without a thread the passwords of its share have no hash.
            drop(spawn_scoped(scope, hash));
        }
    });
    match with_password.iter().find(|entry| entry.hash.is_none()) {
        Some(entry) => Err(SeedError::field(entry.number, "password", "could not be hashed")),
        None => Ok(()),
    }
}
