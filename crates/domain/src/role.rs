//! Roles: what a member of a tenant may do to the tenant's users.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::text_value::{parse_from_str, text_value};

/// The name of a role as it is stored: 1 to 64 letters, digits, `.`, `_`, `:` or `-`.
///
/// A name alone has no rights; [`RoleCatalogue::resolve`] turns it into a [`Role`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleName(String);

/// Why a text is not a [`RoleName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 64 letters, digits, dots, underscores, colons or hyphens")]
pub struct InvalidRoleName;

text_value!(RoleName, "the name");

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

/// A kind of access to the users of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// See them.
    Read,
    /// Change them.
    Write,
}

impl Access {
    /// Every kind of access.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// Returns the name in the configuration: `read` or `write`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Why a text is not an [`Access`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be `read` or `write`")]
pub struct InvalidAccess;

impl FromStr for Access {
    type Err = InvalidAccess;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(InvalidAccess)
    }
}

parse_from_str!(Access);

impl AsRef<str> for Access {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The configuration of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its name.
    pub name: RoleName,
    /// What its holders may do to the tenant's users.
    pub access: BTreeSet<Access>,
    /// Whether a tenant must always keep a holder of it (rule R4).
    pub protected: bool,
    /// Whether a user who is created without a role gets this one.
    pub default: bool,
}

/// A role of a [`RoleCatalogue`], which alone can make one.
///
/// Two roles are equal if their names are.
#[derive(Clone)]
pub struct Role(Arc<RankedRole>);

struct RankedRole {
    definition: Arc<RoleDefinition>,
    /// All roles of its catalogue, outside of which the rank has no meaning.
    order: Arc<[Arc<RoleDefinition>]>,
    /// 0 for the most powerful.
    rank: usize,
}

impl Role {
    /// Returns the name.
    pub fn name(&self) -> &RoleName {
        &self.0.definition.name
    }

    /// Whether its holders may do this to the tenant's users.
    pub fn allows(&self, access: Access) -> bool {
        self.0.definition.access.contains(&access)
    }

    /// Whether a tenant must always keep a holder of it (rule R4).
    pub fn is_protected(&self) -> bool {
        self.0.definition.protected
    }

    /// Whether this role is more powerful than the other. No role outranks itself.
    ///
    /// Roles of two different catalogues, as during a reload of the settings, cannot be compared;
    /// then the answer is `true`, because callers refuse a role that outranks another.
    pub fn outranks(&self, other: &Self) -> bool {
        let (own, other) = (&self.0, &other.0);
        let comparable = Arc::ptr_eq(&own.order, &other.order) || own.order == other.order;
        !comparable || own.rank < other.rank
    }
}

impl PartialEq for Role {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.name() == other.name()
    }
}

impl Eq for Role {}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Role({})", self.name())
    }
}

/// The roles of an installation, from the most to the least powerful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleCatalogue {
    roles: Vec<Role>,
    default: Role,
}

/// Why a list of roles is not a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidRoleCatalogue {
    /// The list is empty.
    #[error("there must be at least one role")]
    Empty,
    /// Two roles have the same name.
    #[error("the role {0} is defined twice")]
    Duplicate(RoleName),
    /// More than one role is the default.
    #[error("{0} and {1} cannot both be the default")]
    TwoDefaults(RoleName, RoleName),
}

impl RoleCatalogue {
    /// Returns the catalogue of these roles, the most powerful first.
    ///
    /// If none is marked as the default, the least powerful role is the default.
    pub fn new(definitions: Vec<RoleDefinition>) -> Result<Self, InvalidRoleCatalogue> {
        let order: Arc<[Arc<RoleDefinition>]> = definitions.into_iter().map(Arc::new).collect();
        let mut names = BTreeSet::new();
        if let Some(twice) = order.iter().find(|role| !names.insert(&role.name)) {
            return Err(InvalidRoleCatalogue::Duplicate(twice.name.clone()));
        }
        let mut defaults = order.iter().enumerate().filter(|(_, role)| role.default);
        let default = match (defaults.next(), defaults.next()) {
            (Some((_, first)), Some((_, second))) => {
                let names = (first.name.clone(), second.name.clone());
                return Err(InvalidRoleCatalogue::TwoDefaults(names.0, names.1));
            }
            (Some(only), None) => Some(only),
            (None, _) => order.iter().enumerate().next_back(),
        };
        let (rank, default) = default.ok_or(InvalidRoleCatalogue::Empty)?;
        Ok(Self::assemble(&order, rank, default))
    }

    /// Returns the catalogue that Usher has without configuration: `owner` (protected; may read and
    /// write), `admin` (read and write), `viewer` (read) and `member` (nothing; the default).
    pub fn standard() -> Self {
        let role = |name: &str, access: &[Access]| RoleDefinition {
            name: RoleName(name.to_owned()),
            access: access.iter().copied().collect(),
            protected: false,
            default: false,
        };
        let owner = role("owner", &[Access::Read, Access::Write]);
        let admin = role("admin", &[Access::Read, Access::Write]);
        let viewer = role("viewer", &[Access::Read]);
        let member = Arc::new(RoleDefinition { default: true, ..role("member", &[]) });
        let owner = Arc::new(RoleDefinition { protected: true, ..owner });
        let order = [owner, Arc::new(admin), Arc::new(viewer), Arc::clone(&member)];
        Self::assemble(&Arc::from(order), 3, &member)
    }

    fn assemble(
        order: &Arc<[Arc<RoleDefinition>]>,
        default_rank: usize,
        default_definition: &Arc<RoleDefinition>,
    ) -> Self {
        let role = |(rank, definition): (usize, &Arc<RoleDefinition>)| {
            let (definition, order) = (Arc::clone(definition), Arc::clone(order));
            Role(Arc::new(RankedRole { definition, order, rank }))
        };
        let roles: Vec<_> = order.iter().enumerate().map(role).collect();
        let default = roles.get(default_rank).cloned();
        Self { default: default.unwrap_or_else(|| role((default_rank, default_definition))), roles }
    }

    /// Returns the role of this name, if the catalogue has one.
    pub fn resolve(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name().as_str() == name)
    }

    /// Whether the role is one of this very catalogue, and not of another with the same names.
    pub fn contains(&self, role: &Role) -> bool {
        self.roles.get(role.0.rank).is_some_and(|own| Arc::ptr_eq(&own.0, &role.0))
    }

    /// Whether both have the same roles: their definitions and their order are equal.
    pub fn has_same_definitions(&self, other: &Self) -> bool {
        self.definitions().eq(other.definitions())
    }

    /// Returns the definition of every role, the most powerful first.
    pub fn definitions(&self) -> impl Iterator<Item = &RoleDefinition> {
        self.roles.iter().map(|role| &*role.0.definition)
    }

    /// Returns every role, the most powerful first.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Returns the role of users who are created without one.
    pub fn default_role(&self) -> &Role {
        &self.default
    }
}
