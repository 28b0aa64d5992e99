//! The Authentication API: token endpoint, signing keys, discovery.

pub(crate) mod access_token;
pub(crate) mod client_credentials;
pub(crate) mod discovery;
pub(crate) mod issued_tokens;
pub(crate) mod keys;
pub(crate) mod login_attempts;
pub(crate) mod parameters;
pub(crate) mod password_realm;
pub(crate) mod token_endpoint;
