//! The API tests on the memory adapter: the test target `api`.

mod api;

// The tests refer to shared modules as `crate::support` and so on.
use api::{framework_errors, matrix, model, support, tokens};

/// Whether the Auth0 adapter is under test.
const ON_AUTH0: bool = false;
/// Whether the PostgreSQL adapter is under test.
const ON_POSTGRES: bool = false;
