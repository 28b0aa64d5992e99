//! Users with realistic names, the same in each run.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use jiff::Timestamp;

/// The tenant of all users.
pub(crate) const TENANT: &str = "acme";

const FIRST_NAMES: [&str; 40] = [
    "Aaron", "Ada", "Aisha", "Amélie", "Anna", "Björn", "Carlos", "Chen", "Chloé", "Dana", "David",
    "Elena", "Emma", "Fatima", "Felix", "Giulia", "Hannah", "Hiroshi", "Ines", "Ivan", "Jack",
    "Jonas", "Julia", "Karim", "Lars", "Lea", "Liam", "Maria", "Mateusz", "Mei", "Nadia", "Noah",
    "Olga", "Paulo", "Priya", "Samuel", "Sofia", "Tom", "Yusuf", "Zoë",
];
const LAST_NAMES: [&str; 50] = [
    "Abbott",
    "Ahmed",
    "Almeida",
    "Andersson",
    "Bauer",
    "Becker",
    "Brown",
    "Castro",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Gray",
    "Haddad",
    "Hansen",
    "Hoffmann",
    "Ito",
    "Ivanova",
    "Jensen",
    "Jones",
    "Kaya",
    "Khan",
    "Kim",
    "Kowalski",
    "Larsen",
    "Lee",
    "Lopez",
    "Martin",
    "Meyer",
    "Moreau",
    "Müller",
    "Nakamura",
    "Nowak",
    "O'Brien",
    "Olsen",
    "Owens",
    "Patel",
    "Petrov",
    "Rossi",
    "Sánchez",
    "Schmidt",
    "Silva",
    "Smith",
    "Tanaka",
    "van Dijk",
    "Wagner",
    "Wang",
    "Wójcik",
    "Young",
];
/// 2020-01-01, and six years after it, in milliseconds.
const FIRST_CREATED: i64 = 1_577_836_800_000;
const CREATED_SPAN: u64 = 6 * 365 * 86_400_000;

/// One user of the tenant, at home there.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    email: String,
    username: String,
    first_name: &'static str,
    last_name: &'static str,
    created_at: String,
    updated_at: String,
    last_login: Option<String>,
    role: &'static str,
}

impl User {
    /// Returns the user with this number.
    pub(crate) fn new(number: usize) -> Self {
        let random = mix(number as u64);
        let first_name = FIRST_NAMES[pick(random, FIRST_NAMES.len())];
        let last_name = LAST_NAMES[pick(random >> 16, LAST_NAMES.len())];
        let created = FIRST_CREATED + (mix(random) % CREATED_SPAN) as i64;
        let username = format!("{}.{number}", ascii(first_name));
        Self {
            id: format!("auth0|{random:016x}{:08x}", mix(random ^ 1) >> 32),
            email: format!("{}.{}.{number}@acme.example", ascii(first_name), ascii(last_name)),
            username,
            first_name,
            last_name,
            created_at: time(created),
            updated_at: time(created + 86_400_000),
            last_login: (!random.is_multiple_of(3)).then(|| time(created + 90_000_000)),
            role: match number {
                0 => "owner",
                1..10 => "admin",
                10.. => "member",
            },
        }
    }

    /// Returns the line of a seed of the memory adapter.
    fn memory_line(&self) -> String {
        format!(
            r#"{{"id":"{}","email":"{}","emailVerified":true,"username":"{}","firstName":"{}","lastName":"{}","createdAt":"{}","updatedAt":"{}","lastLogin":{},"homeTenant":"{TENANT}","tenants":{{"{TENANT}":"{}"}}}}"#,
            self.id,
            self.email,
            self.username,
            self.first_name,
            self.last_name,
            self.created_at,
            self.updated_at,
            optional(self.last_login.as_ref()),
            self.role
        )
    }

    /// Returns the line of a seed of the stand-in for Auth0.
    fn auth0_line(&self) -> String {
        format!(
            r#"{{"user_id":"{}","email":"{}","email_verified":true,"username":"{}","given_name":"{}","family_name":"{}","name":"{} {}","created_at":"{}","updated_at":"{}","last_login":{},"app_metadata":{{"usher":{{"home":"{TENANT}","service_user":false}},"usher_tenant_{TENANT}":{{"role":"{}"}}}}}}"#,
            self.id,
            self.email,
            self.username,
            self.first_name,
            self.last_name,
            self.first_name,
            self.last_name,
            self.created_at,
            self.updated_at,
            optional(self.last_login.as_ref()),
            self.role
        )
    }
}

/// Writes a seed of the memory adapter with this number of users.
pub(crate) fn write_memory_seed(path: &Path, users: usize) {
    write(path, (0..users).map(|number| User::new(number).memory_line()));
}

/// Writes a seed of the stand-in for Auth0 with this number of users.
pub(crate) fn write_auth0_seed(path: &Path, users: usize) {
    write(path, (0..users).map(|number| User::new(number).auth0_line()));
}

fn write(path: &Path, lines: impl Iterator<Item = String>) {
    let mut file = BufWriter::new(fs::File::create(path).unwrap());
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    file.flush().unwrap();
}

/// Returns the path segment of an id.
pub(crate) fn segment(id: &str) -> String {
    id.replace('|', "%7C")
}

/// Returns pseudo-random bits of a number (`SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn pick(random: u64, count: usize) -> usize {
    (random as usize & 0xffff) % count
}

/// Returns the ASCII letters of a name, in lower case.
fn ascii(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}

fn time(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn optional(value: Option<&String>) -> String {
    let mut text = String::new();
    match value {
        Some(value) => write!(text, "\"{value}\"").unwrap(),
        None => text.push_str("null"),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn users_are_distinct_and_reproducible() {
        let users: Vec<User> = (0..10_000).map(User::new).collect();
        let ids: BTreeSet<&str> = users.iter().map(|user| user.id.as_str()).collect();
        let emails: BTreeSet<&str> = users.iter().map(|user| user.email.as_str()).collect();
        assert_eq!((ids.len(), emails.len()), (10_000, 10_000));
        assert_eq!(users[7].id, User::new(7).id);
        assert_eq!(users[7].id.len(), "auth0|".len() + 24);
    }

    #[test]
    fn seed_lines_are_json() {
        for number in 0..100 {
            let user = User::new(number);
            for line in [user.memory_line(), user.auth0_line()] {
                serde_json::from_str::<serde_json::Value>(&line).unwrap();
            }
        }
    }
}
