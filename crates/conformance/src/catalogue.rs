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

/// Returns the roles of [`catalogue`], and one more without access.
pub(crate) fn catalogue_with(name: &str) -> Arc<RoleCatalogue> {
    let mut definitions = definitions();
    let name = name.parse().unwrap();
    definitions.push(RoleDefinition { name, access: [].into(), protected: false, default: false });
    Arc::new(RoleCatalogue::new(definitions).unwrap())
}

/// Returns the definitions of the roles of [`catalogue`].
pub(crate) fn definitions() -> Vec<RoleDefinition> {
    let define = |role: &Role| RoleDefinition {
        name: role.name().clone(),
        access: [Access::Read, Access::Write]
            .into_iter()
            .filter(|access| role.allows(*access))
            .collect(),
        protected: role.is_protected(),
        default: false,
    };
    catalogue().roles().iter().map(define).collect()
}
