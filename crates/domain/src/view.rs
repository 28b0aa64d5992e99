//! What a caller sees of a user.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use crate::account::User;
use crate::context::{ForeignProfile, PolicyContext};
use crate::id::TenantId;
use crate::standing::{Standing, is_proven};

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
        let membership = user.memberships.get(&tenant)?;
        let is_proven = is_proven(&tenant, membership, &user, context);
        let is_foreign = user.home.as_ref() != Some(&*tenant);
        // A suspended membership may want proof as well, so its standing does not decide.
        let is_masked =
            is_foreign && (!is_proven || context.rules.foreign_profile == ForeignProfile::Hidden);
        let masked = is_masked.then(|| mask(&tenant, &user, is_proven));
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

/// Returns the user reduced to what the tenant entered when it attached the account.
fn mask(tenant: &TenantId, user: &User, is_proven: bool) -> User {
    let mut memberships = user.memberships.clone();
    memberships.retain(|other, _| other == tenant);
    let attachment = memberships.get(tenant).and_then(|membership| membership.attachment.as_ref());
    User {
        email: attachment.map_or(&user.email, |attachment| &attachment.email).clone(),
        created_at: attachment.map_or(user.created_at, |attachment| attachment.since),
        blocked: user.blocked && is_proven,
        ..User::builder(user.id.clone(), user.email.clone()).build()
    }
    .with_memberships(memberships)
}

impl AsRef<User> for UserView<'_> {
    fn as_ref(&self) -> &User {
        self
    }
}
