//! The standing of a membership as responses show it.

use domain::Standing;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a membership gives its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MembershipStatus {
    /// It does.
    Active,
    /// It does not, because the account is not provably the person's own.
    Pending,
    /// It does not, because the tenant has suspended it.
    Suspended,
    /// It does not, because its end date has passed.
    Expired,
}

impl From<Standing> for MembershipStatus {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Active => Self::Active,
            Standing::Pending => Self::Pending,
            Standing::Suspended => Self::Suspended,
            Standing::Expired => Self::Expired,
        }
    }
}
