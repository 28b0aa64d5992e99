//! Names of claims.

/// The names of the claims that contain the permissions of an issuer's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PermissionClaims {
    /// Claims of scopes.
    pub(crate) scopes: Vec<String>,
    /// Claims of permissions.
    pub(crate) permissions: Vec<String>,
}

impl Default for PermissionClaims {
    fn default() -> Self {
        Self { scopes: vec!["scope".to_owned()], permissions: vec!["permissions".to_owned()] }
    }
}
