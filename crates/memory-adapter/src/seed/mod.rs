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
mod lines;

use std::io::BufRead;
use std::sync::Arc;

use domain::{Credentials, Password, RoleCatalogue, Timestamp, User, UserId};
use password_hashing::{Blocks, PasswordHash, spawn_scoped};

use crate::core_work::cores;
use crate::directory::MemoryDirectory;
use crate::record::{Record, StoredMembership};
use crate::seed::line::{Line, Problem};
use crate::seed::lines::for_each_line;
use crate::state::{State, new_id};

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

/// One account to load.
struct Account {
    record: Record,
    password: Option<Password>,
}

/// A password to hash, and its hash.
struct NewPassword {
    id: UserId,
    number: usize,
    password: Password,
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
        self.load(reader, hash_passwords)
    }

    /// Adds the accounts of a seed whose passwords are public, such as those of a demonstration.
    /// They are kept in memory and hashed when they are first checked, so that this is fast.
    ///
    /// # Errors
    /// As [`MemoryDirectory::load_seed`].
    pub fn load_public_seed(&self, reader: impl BufRead) -> Result<SeedSummary, SeedError> {
        self.load(reader, |passwords| {
            for NewPassword { password, hash, .. } in passwords {
                *hash = Some(PasswordHash::deferred(password.clone()));
            }
            Ok(())
        })
    }

    fn load(
        &self,
        reader: impl BufRead,
        hash_passwords: impl Fn(&mut [NewPassword]) -> Result<(), SeedError>,
    ) -> Result<SeedSummary, SeedError> {
        let (now, catalogue) = (self.clock.now(), self.catalogue());
        let mut summary = SeedSummary::default();
        let mut passwords = Vec::new();
        let mut numbers = Vec::new();
        // The accounts of the seed alone, so that each is checked against the others.
        let mut loaded = State::default();
        let parse = |text: &str| Line::parse(text)?.into_account(now, &catalogue);
        for_each_line(reader, parse, |number, Account { record, password }| {
            check_vacant(&loaded, &record, number)?;
            let id = record.user.id.clone();
            summary.accounts += 1;
            summary.unknown_roles += record.unresolved().count();
            if let Some(password) = password {
                passwords.push(NewPassword { id: id.clone(), number, password, hash: None });
            }
            numbers.push((id, number));
            loaded.put(record);
            Ok(())
        })?;
        hash_passwords(&mut passwords)?;
        summary.passwords = passwords.len();
        for NewPassword { id, hash, .. } in passwords {
            if let Some(record) = loaded.get(&id).cloned() {
                loaded.put(record.with_password(hash));
            }
        }

        let mut state = self.state.write();
        let current = self.catalogue();
        if !Arc::ptr_eq(&catalogue, &current) {
            loaded = State::under_catalogue(&loaded.roster.accounts(), &current);
        }
        if state.is_empty() {
            *state = loaded;
            return Ok(summary);
        }
        let records = || numbers.iter().filter_map(|(id, number)| Some((loaded.get(id)?, *number)));
        records().try_for_each(|(record, number)| check_vacant(&state, record, number))?;
        state.reserve(numbers.len());
        for (record, _) in records() {
            state.put(record.clone());
        }
        Ok(summary)
    }
}

impl Line {
    fn into_account(self, now: Timestamp, catalogue: &RoleCatalogue) -> Result<Account, Problem> {
        let id = self.id.map_or_else(new_id, Ok).map_err(|_| {
            Problem::field("id", "cannot be generated: no random bytes are available")
        })?;
        let mut user = User {
            id,
            email: self.email,
            username: self.username,
            given_name: self.given_name,
            family_name: self.family_name,
            display_name: None,
            service_user: self.service_user,
            blocked: self.blocked,
            created_at: self.created_at.unwrap_or(now),
            updated_at: self.updated_at,
            last_login: self.last_login,
            home: self.home,
            credentials: Credentials {
                email_verified: self.email_verified,
                ..Credentials::default()
            },
            memberships: [].into(),
        };
        user.set_display_name(self.display_name);
        let stored = self
            .tenants
            .into_iter()
            .map(|(tenant, role)| (tenant, StoredMembership::of_role(role)));
        let record = Record::new(user, stored, None, catalogue);
        Ok(Account { record, password: self.password })
    }
}

fn check_vacant(state: &State, Record { user, .. }: &Record, line: usize) -> Result<(), SeedError> {
    let taken = |field| Err(SeedError::field(line, field, TAKEN));
    if state.get(&user.id).is_some() {
        taken("id")
    } else if state.by_email(&user.email).is_some() {
        taken("email")
    } else if user.username.as_ref().is_some_and(|name| state.by_username(name).is_some()) {
        taken("username")
    } else {
        Ok(())
    }
}

/// Hashes the passwords on all cores, because a hash takes long by design.
fn hash_passwords(passwords: &mut [NewPassword]) -> Result<(), SeedError> {
    let share = passwords.len().div_ceil(cores()).max(1);
    std::thread::scope(|scope| {
        for share in passwords.chunks_mut(share) {
            let hash = |blocks: &mut Blocks| {
                for entry in share {
                    entry.hash = PasswordHash::of(&entry.password, blocks).ok();
                }
            };
            // Without a thread the passwords of its share have no hash.
            drop(spawn_scoped(scope, hash));
        }
    });
    match passwords.iter().find(|entry| entry.hash.is_none()) {
        Some(entry) => Err(SeedError::field(entry.number, "password", "could not be hashed")),
        None => Ok(()),
    }
}
