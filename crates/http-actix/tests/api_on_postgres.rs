//! The API tests on the PostgreSQL adapter, with a throw-away database for each test. Skipped where no
//! server is installed.

mod api;

// The tests refer to shared modules as `crate::support` and so on.
use api::{framework_errors, matrix, model, support, tokens};

/// Whether the Auth0 adapter is under test.
const ON_AUTH0: bool = false;
/// Whether the PostgreSQL adapter is under test.
const ON_POSTGRES: bool = true;
