//! Which of the two contracts a path belongs to, which determines its error format.

/// One of the two published contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contract {
    /// Contract A: `/api/{tenantId}/admin/users…`. Its error format applies to other paths too.
    TenantUsers,
    /// Contract B: `/api/v1/users…`, `/api/v2/users…`.
    UserManagement,
}

impl Contract {
    /// Returns the contract of a path, whether or not the path exists.
    ///
    /// `v1` and `v2` are possible tenants: `/api/v1/admin/users` belongs to contract A.
    pub(crate) fn of_path(path: &str) -> Self {
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next()) {
            (Some("api"), Some("v1" | "v2"), rest) if rest != Some("admin") => Self::UserManagement,
            _ => Self::TenantUsers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_shape_determines_the_contract() {
        use Contract::{TenantUsers, UserManagement};
        for (path, contract) in [
            ("/api/acme/admin/users", TenantUsers),
            ("/api/v1/admin/users/auth0%7Cx", TenantUsers),
            ("/api/v1/users", UserManagement),
            ("/api/v2/users/x/change-password", UserManagement),
            ("/api/v1", UserManagement),
            ("/api/v1/nothing", UserManagement),
            ("/api/v3/users", TenantUsers),
            ("/nothing", TenantUsers),
            ("", TenantUsers),
        ] {
            assert_eq!(Contract::of_path(path), contract, "{path}");
        }
    }
}
