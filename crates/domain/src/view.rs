//! What a caller sees of a user.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use crate::account::User;
use crate::context::{AccountRules, ForeignProfile, PolicyContext};
use crate::id::TenantId;
use crate::standing::{Standing, is_proven};
use crate::text::EmailAddress;
use crate::timestamp::Timestamp;

/// A user as it is seen through one tenant: what the tenant may not know is replaced.
///
/// Only scopes make it. Lists are sorted and counted by it, so that no order tells what it hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView<'a> {
    user: UserRef<'a>,
    tenant: Option<Cow<'a, TenantId>>,
    standing: Option<Standing>,
    managed_here: bool,
}

/// A user that is borrowed or shared: lists of large tenants must not copy their users.
#[derive(Debug, Clone)]
pub(crate) enum UserRef<'a> {
    Borrowed(&'a User),
    Shared(Arc<User>),
}

impl UserRef<'_> {
    fn into_shared(self) -> Arc<User> {
        match self {
            Self::Borrowed(user) => Arc::new(user.clone()),
            Self::Shared(user) => user,
        }
    }
}

impl From<User> for UserRef<'_> {
    fn from(user: User) -> Self {
        Self::Shared(Arc::new(user))
    }
}

impl Deref for UserRef<'_> {
    type Target = User;

    fn deref(&self) -> &User {
        match self {
            Self::Borrowed(user) => user,
            Self::Shared(user) => user,
        }
    }
}

impl PartialEq for UserRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for UserRef<'_> {}

impl<'a> UserView<'a> {
    /// Returns the user as the tenant sees it; `None` without a membership there.
    pub(crate) fn through(
        tenant: Cow<'a, TenantId>,
        user: UserRef<'a>,
        context: &PolicyContext,
    ) -> Option<Self> {
        user.memberships.get(&tenant)?;
        let masked = match Shown::of(&user, &tenant, context.rules) {
            Shown::Whole => None,
            Shown::Entered { email, created_at, is_proven } => {
                Some(mask(&tenant, &user, email, created_at, is_proven))
            }
        };
        let view = Self::unmasked(Some(tenant), user, context);
        Some(match masked {
            Some(masked) => Self { user: masked.into(), ..view },
            None => view,
        })
    }

    /// Returns the whole account, as an operator sees it.
    pub(crate) fn unmasked(
        tenant: Option<Cow<'a, TenantId>>,
        user: UserRef<'a>,
        context: &PolicyContext,
    ) -> Self {
        let standing = tenant.as_ref().and_then(|tenant| user.standing_in(tenant, context));
        let managed_here = tenant.is_some() && user.home.as_ref() == tenant.as_deref();
        Self { user, tenant, standing, managed_here }
    }

    /// Returns the tenant through which the user is seen; none for an operator who sees an account
    /// without memberships.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_deref()
    }

    /// Returns the standing of the membership in that tenant.
    pub fn standing(&self) -> Option<Standing> {
        self.standing
    }

    /// Whether that tenant is the account's home.
    pub fn is_managed_here(&self) -> bool {
        self.managed_here
    }

    /// Returns the same view with data of its own.
    pub fn into_owned(self) -> UserView<'static> {
        UserView {
            user: UserRef::Shared(self.user.into_shared()),
            tenant: self.tenant.map(|tenant| Cow::Owned(tenant.into_owned())),
            standing: self.standing,
            managed_here: self.managed_here,
        }
    }
}

/// The user, without what the view hides.
impl Deref for UserView<'_> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

/// What a tenant sees of an account that has a membership in it.
pub(crate) enum Shown<'a> {
    /// The account's own data.
    Whole,
    /// What the tenant entered when it attached the account.
    Entered { email: &'a EmailAddress, created_at: Timestamp, is_proven: bool },
}

impl<'a> Shown<'a> {
    pub(crate) fn of(user: &'a User, tenant: &TenantId, rules: AccountRules) -> Self {
        if user.home.as_ref() == Some(tenant) {
            return Self::Whole;
        }
        let Some(membership) = user.memberships.get(tenant) else { return Self::Whole };
        // A suspended membership may want proof as well, so its standing does not decide.
        let is_proven = is_proven(tenant, membership, user, rules);
        if is_proven && rules.foreign_profile == ForeignProfile::Shown {
            return Self::Whole;
        }
        let attachment = membership.attachment.as_deref();
        Self::Entered {
            email: attachment.map_or(&user.email, |attachment| &attachment.email),
            created_at: attachment.map_or(user.created_at, |attachment| attachment.since),
            is_proven,
        }
    }
}

/// Returns the user reduced to what the tenant entered when it attached the account.
fn mask(
    tenant: &TenantId,
    user: &User,
    email: &EmailAddress,
    created_at: Timestamp,
    is_proven: bool,
) -> User {
    let membership = user.memberships.get(tenant).cloned();
    User {
        created_at,
        blocked: user.blocked && is_proven,
        memberships: membership
            .map(|membership| (tenant.clone(), membership))
            .into_iter()
            .collect(),
        ..User::builder(user.id.clone(), email.clone()).build()
    }
}

impl AsRef<User> for UserView<'_> {
    fn as_ref(&self) -> &User {
        self
    }
}
