//! The standing of a membership as responses show it.

use domain::Standing;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a membership gives its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MembershipStatus {
    /// The membership gives its role.
    Active,
    /// The membership is foreign, and the account is not provably the person's own.
    Pending,
    /// The tenant has suspended the membership.
    Suspended,
    /// The end date of the membership has passed.
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
