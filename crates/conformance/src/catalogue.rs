//! The roles under which every suite runs.

use std::sync::{Arc, LazyLock};

use domain::{Access, Role, RoleCatalogue, RoleDefinition};

/// Returns the roles of every subject, from the most to the least powerful.
///
/// `owner` and `admin` may read and write, `auditor` and `viewer` may read, `member` has no access and
/// is the default. `owner` and `auditor` are protected.
pub fn catalogue() -> Arc<RoleCatalogue> {
    static CATALOGUE: LazyLock<Arc<RoleCatalogue>> = LazyLock::new(|| {
        let define = |name: &str, access: &[Access], protected| RoleDefinition {
            name: name.parse().unwrap(),
            access: access.iter().copied().collect(),
            protected,
            default: name == "member",
        };
        let roles = vec![
            define("owner", &[Access::Read, Access::Write], true),
            define("admin", &[Access::Read, Access::Write], false),
            define("auditor", &[Access::Read], true),
            define("viewer", &[Access::Read], false),
            define("member", &[], false),
        ];
        Arc::new(RoleCatalogue::new(roles).unwrap())
    });
    Arc::clone(&CATALOGUE)
}

/// Returns the role of this name in [`catalogue`].
pub fn role(name: &str) -> Role {
    catalogue().resolve(name).unwrap().clone()
}
