//! Roles: what a member of a tenant may do to the tenant's users.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// The name of a role as it is written down: 1 to 64 letters, digits, `.`, `_`, `:` or `-`.
///
/// A name alone gives nobody anything; only [`RoleCatalogue::resolve`] makes a [`Role`] of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleName(String);

/// Why a text is not a [`RoleName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 64 letters, digits, dots, underscores, colons or hyphens")]
pub struct InvalidRoleName;

impl RoleName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleName {
    type Err = InvalidRoleName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed))
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidRoleName)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can be done to the users of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// See them.
    Read,
    /// Change them.
    Write,
}

/// One role as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its name.
    pub name: RoleName,
    /// What its holders may do to the tenant's users.
    pub access: BTreeSet<Access>,
    /// Whether a tenant must always keep a holder of it (rule R4).
    pub protected: bool,
    /// Whether it is given to whoever is created without a role.
    pub default: bool,
}

/// A role of the catalogue. It can be had from a [`RoleCatalogue`] only.
#[derive(Clone)]
pub struct Role {
    definition: Arc<RoleDefinition>,
    /// All roles of its catalogue: ranks mean nothing outside it.
    order: Arc<[Arc<RoleDefinition>]>,
    /// 0 for the most powerful.
    rank: usize,
}

impl Role {
    /// Its name.
    pub fn name(&self) -> &RoleName {
        &self.definition.name
    }

    /// Whether its holders may do this to the tenant's users.
    pub fn allows(&self, access: Access) -> bool {
        self.definition.access.contains(&access)
    }

    /// Whether a tenant must always keep a holder of it (rule R4).
    pub fn is_protected(&self) -> bool {
        self.definition.protected
    }

    /// Whether it stands above the other in the catalogue. No role outranks itself.
    ///
    /// Of two catalogues, as when the settings change in the middle of a call, nobody can tell; then
    /// it does, since whoever asks refuses what is above.
    pub fn outranks(&self, other: &Self) -> bool {
        let comparable = Arc::ptr_eq(&self.order, &other.order) || self.order == other.order;
        !comparable || self.rank < other.rank
    }
}

impl PartialEq for Role {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Role {}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Role({})", self.name())
    }
}

/// Every role there is, from the most to the least powerful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleCatalogue {
    roles: Vec<Role>,
    default: Role,
}

/// Why a list of roles is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidRoleCatalogue {
    /// There is no role at all.
    #[error("there must be at least one role")]
    Empty,
    /// Two roles have one name.
    #[error("the role {0} stands there twice")]
    Duplicate(RoleName),
    /// More than one role is the default.
    #[error("{0} and {1} cannot both be the default")]
    TwoDefaults(RoleName, RoleName),
}

impl RoleCatalogue {
    /// The catalogue of these roles, the most powerful first.
    ///
    /// Where none is marked as the default, the least powerful is.
    pub fn new(definitions: Vec<RoleDefinition>) -> Result<Self, InvalidRoleCatalogue> {
        let mut names = BTreeSet::new();
        let mut default: Option<Role> = None;
        let order: Arc<[Arc<RoleDefinition>]> = definitions.into_iter().map(Arc::new).collect();
        let mut roles = Vec::with_capacity(order.len());
        for (rank, definition) in order.iter().enumerate() {
            let (definition, order) = (Arc::clone(definition), Arc::clone(&order));
            let role = Role { definition, order, rank };
            if !names.insert(role.name().clone()) {
                return Err(InvalidRoleCatalogue::Duplicate(role.name().clone()));
            }
            if role.definition.default
                && let Some(first) = default.replace(role.clone())
            {
                let names = (first.name().clone(), role.name().clone());
                return Err(InvalidRoleCatalogue::TwoDefaults(names.0, names.1));
            }
            roles.push(role);
        }
        let default =
            default.or_else(|| roles.last().cloned()).ok_or(InvalidRoleCatalogue::Empty)?;
        Ok(Self { roles, default })
    }

    /// The role of this name, unless the catalogue has none.
    pub fn resolve(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name().as_str() == name)
    }

    /// Every role, the most powerful first.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The role of whoever is created without one.
    pub fn default_role(&self) -> &Role {
        &self.default
    }
}
