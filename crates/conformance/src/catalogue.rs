//! The roles under which every suite runs.

use std::sync::{Arc, LazyLock};

use domain::{Access, Role, RoleCatalogue, RoleDefinition};

/// The roles that every subject knows, from the most to the least powerful.
///
/// `owner` and `auditor` are protected; `owner` and `admin`, between them, may read and write;
/// `auditor` and `viewer` may read; `member` may nothing and is the default.
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

/// The role of this name in [`catalogue`].
pub(crate) fn role(name: &str) -> Role {
    catalogue().resolve(name).unwrap().clone()
}
