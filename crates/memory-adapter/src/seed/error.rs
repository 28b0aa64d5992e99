//! Errors of seeds.

use std::io;

use thiserror::Error;

/// Why a seed is invalid. Lines are counted from 1; the text contains no value of the seed.
#[derive(Debug, Error)]
pub enum SeedError {
    /// Reading failed, or the text is not UTF-8.
    #[error("line {line}: cannot be read")]
    Unreadable {
        /// The line.
        line: usize,
        /// The underlying error.
        #[source]
        source: io::Error,
    },
    /// The line as a whole is wrong.
    #[error("line {line}: {problem}")]
    Line {
        /// The line.
        line: usize,
        /// The problem.
        problem: String,
    },
    /// One member of the line is wrong.
    #[error("line {line}: {field}: {problem}")]
    Field {
        /// The line.
        line: usize,
        /// The member, such as `tenants.acme`.
        field: String,
        /// The problem.
        problem: String,
    },
}

impl SeedError {
    pub(super) fn field(line: usize, field: &str, problem: &str) -> Self {
        Self::Field { line, field: field.to_owned(), problem: problem.to_owned() }
    }
}
