//! Permission to act on single accounts, through any of the caller's tenants.

use std::borrow::Cow;
use std::sync::Arc;

use crate::account::User;
use crate::actor::{CallerAccount, Coverage, SubjectKind};
use crate::change::{AuthorizedDeletion, Decision};
use crate::context::PolicyContext;
use crate::id::{TenantId, UserId};
use crate::permission::Permission;
use crate::refusal::{Denied, Refusal};
use crate::role::{Access, Role};
use crate::standing::Standing;
use crate::tenant_scope::TenantScope;
use crate::timestamp::Timestamp;
use crate::view::{UserRef, UserView};

/// What an [`AccountScope`] is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    View,
    /// To read any account without a caller, for this reason.
    #[cfg(feature = "system-scope")]
    System(&'static str),
    Change,
    /// To act on the caller's own account.
    Own(OwnAccount),
}

/// The account that a caller claims to be its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnAccount {
    pub(crate) id: UserId,
    pub(crate) kind: SubjectKind,
    /// Whether the caller may change other accounts as well.
    pub(crate) may_modify: bool,
}

/// Permission to see or to change single accounts, through any of the caller's tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountScope {
    coverage: Coverage,
    purpose: Purpose,
    context: PolicyContext,
    /// The account whose memberships give the caller its roles.
    caller: Option<CallerAccount>,
    /// Whether R4 is ignored.
    force: bool,
}

impl AccountScope {
    pub(crate) fn new(
        coverage: Coverage,
        purpose: Purpose,
        context: PolicyContext,
        caller: Option<CallerAccount>,
    ) -> Self {
        Self { coverage, purpose, context, caller, force: false }
    }

    /// Returns a scope that bypasses the policy and sees any account, for lookups by Usher itself.
    ///
    /// State the reason and log it; an architecture test counts the uses. Behind the feature
    /// `system-scope`.
    #[cfg(feature = "system-scope")]
    pub fn system(reason: &'static str) -> Self {
        let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
        Self::new(Coverage::All, Purpose::System(reason), context, None)
    }

    /// Returns why the scope bypasses the policy, if it does.
    #[cfg(feature = "system-scope")]
    pub fn bypass_reason(&self) -> Option<&'static str> {
        match self.purpose {
            Purpose::System(reason) => Some(reason),
            Purpose::View | Purpose::Change | Purpose::Own(_) => None,
        }
    }

    /// Returns the moment and the rules by which the scope decides.
    pub fn context(&self) -> &PolicyContext {
        &self.context
    }

    /// Whether the caller is an operator, who covers every tenant.
    pub fn is_operator(&self) -> bool {
        self.coverage == Coverage::All
    }

    /// Returns the account whose memberships give the caller its roles, to be read again in the
    /// step that changes, for [`AccountScope::renew`].
    pub fn caller_account(&self) -> Option<&UserId> {
        self.caller.as_ref().map(|caller| &caller.id)
    }

    /// Returns the tenants that the caller covers, or `None` if that is every tenant, for a store
    /// that hides the rows of other tenants.
    pub fn covered_tenants(&self) -> Option<Vec<&TenantId>> {
        match &self.coverage {
            Coverage::All => None,
            Coverage::Listed(tenants) => Some(tenants.iter().collect()),
            Coverage::Roles(roles) => Some(roles.keys().collect()),
        }
    }

    /// Returns the account that the caller claims to be its own, if the scope is for that.
    pub fn own_account(&self) -> Option<&UserId> {
        match &self.purpose {
            Purpose::Own(own) => Some(&own.id),
            Purpose::View | Purpose::Change => None,
            #[cfg(feature = "system-scope")]
            Purpose::System(_) => None,
        }
    }

    /// Returns the scope with the caller's present roles. Call it in the step that changes: the
    /// caller may have lost a role since the scope was made.
    ///
    /// `caller` is the account of [`AccountScope::caller_account`] as it is now.
    ///
    /// # Errors
    /// Those of [`policy::account_scope`](crate::policy::account_scope).
    pub fn renew(&self, caller: Option<&User>, now: Timestamp) -> Result<Self, Denied> {
        let context = PolicyContext { now, ..self.context };
        let coverage = match &self.caller {
            Some(account) => account.coverage(caller, &context),
            None => self.coverage.clone(),
        };
        match self.purpose {
            Purpose::Change => coverage.check_any_role(Access::Write)?,
            Purpose::View => coverage.check_any_role(Access::Read)?,
            #[cfg(feature = "system-scope")]
            Purpose::System(_) => {}
            Purpose::Own(_) => {}
        }
        Ok(Self { coverage, context, ..self.clone() })
    }

    /// Returns the scope with R4 ignored, as only operators may.
    ///
    /// # Errors
    /// [`Refusal::OperatorsOnly`].
    pub fn forced(self) -> Result<Self, Denied> {
        if self.is_operator() {
            Ok(Self { force: true, ..self })
        } else {
            Err(Refusal::OperatorsOnly.into())
        }
    }

    /// Whether the caller may know that the account exists (R1): the token covers a tenant that the
    /// account is attached to, and the caller's role there, where it is known, allows access; or it
    /// is the caller's own.
    pub fn can_see(&self, user: &User) -> bool {
        self.is_operator() || self.owns(user) || self.visible_tenants(user).next().is_some()
    }

    /// Whether the account is the caller's own (R5).
    pub fn owns(&self, user: &User) -> bool {
        let Purpose::Own(own) = &self.purpose else { return false };
        let is_covered_home =
            |home: &TenantId| user.memberships.contains_key(home) && self.coverage.names(home);
        own.id == user.id
            && match own.kind {
                SubjectKind::Accounts => true,
                SubjectKind::Home => user.home.as_ref().is_some_and(is_covered_home),
                SubjectKind::External => false,
            }
    }

    /// Returns the tenant through which the account is shown: its home if that is covered, else
    /// the first by name; none if the caller covers everything and the account has no membership.
    pub fn visible_tenant<'a>(&self, user: &'a User) -> Option<&'a TenantId> {
        self.visible_tenants(user)
            .find(|tenant| user.home.as_ref() == Some(*tenant))
            .or_else(|| self.visible_tenants(user).next())
    }

    /// Returns the user as the caller sees it; `None` if the caller may not know that it exists.
    ///
    /// Operators, and the person itself, see the whole account.
    pub fn view<'a>(&self, user: &'a User) -> Option<UserView<'a>> {
        let (tenant, is_whole) = self.shown_through(user)?;
        let (tenant, user) = (tenant.map(Cow::Borrowed), UserRef::Borrowed(user));
        self.make_view(tenant, user, is_whole)
    }

    /// As [`AccountScope::view`], of a user that is given away.
    pub fn into_view(&self, user: impl Into<Arc<User>>) -> Option<UserView<'static>> {
        let user = user.into();
        let (tenant, is_whole) = self.shown_through(&user)?;
        let tenant = tenant.map(|tenant| Cow::Owned(tenant.clone()));
        self.make_view(tenant, UserRef::Shared(user), is_whole)
    }

    /// Returns the tenant through which the user is seen, and whether as a whole account.
    fn shown_through<'a>(&self, user: &'a User) -> Option<(Option<&'a TenantId>, bool)> {
        let tenant = self.visible_tenant(user);
        if self.is_operator() || self.owns(user) {
            Some((tenant.or_else(|| own_tenant(user)), true))
        } else {
            Some((Some(tenant?), false))
        }
    }

    fn make_view<'a>(
        &self,
        tenant: Option<Cow<'a, TenantId>>,
        user: UserRef<'a>,
        is_whole: bool,
    ) -> Option<UserView<'a>> {
        if is_whole {
            Some(UserView::unmasked(tenant, user, &self.context))
        } else {
            UserView::through(tenant?, user, &self.context)
        }
    }

    /// Returns the memberships that the caller may know of its own account (R5), with their
    /// standing: all, or those in the tenants that the token covers if the issuer is a tenant's.
    pub fn own_memberships<'a>(
        &'a self,
        user: &'a User,
    ) -> impl Iterator<Item = (&'a TenantId, Standing)> {
        let shown = |tenant: &TenantId| self.owns(user) && self.may_leave(tenant);
        user.memberships
            .keys()
            .filter(move |tenant| shown(tenant))
            .filter_map(|tenant| Some((tenant, user.standing_in(tenant, &self.context)?)))
    }

    /// Checks that the caller may change the account's own e-mail address and names (R1, R2, R3).
    ///
    /// # Errors
    /// [`Denied::Hidden`] if the caller may not know that the account exists, else
    /// [`Denied::Refused`].
    pub fn authorize_change(&self, user: &User) -> Result<(), Denied> {
        if !self.can_see(user) {
            return Err(Denied::Hidden);
        }
        if self.purpose != Purpose::Change {
            return Err(Refusal::MissingPermission(Permission::ModifyUsersAndGroups).into());
        }
        self.authorize_home(user)?;
        self.authorize_rank(user)
    }

    /// Checks that the caller may delete the account (R1, R2, R3), and returns a decision that
    /// depends on R4 alone: in the account's home; for an operator in each of its tenants, unless
    /// the scope is [`AccountScope::forced`].
    ///
    /// # Errors
    /// Those of [`AccountScope::authorize_change`].
    pub fn authorize_deletion(&self, user: &User) -> Result<Decision<AuthorizedDeletion>, Denied> {
        self.authorize_change(user)?;
        let is_held = |tenant: &TenantId| {
            if self.is_operator() { !self.force } else { user.home.as_ref() == Some(tenant) }
        };
        Ok(AuthorizedDeletion::decide(user, is_held, &self.context))
    }

    /// Checks that the caller may set the account's password: as any other change, or because the
    /// account is the caller's own (R5).
    ///
    /// # Errors
    /// Those of [`AccountScope::authorize_change`]; [`Refusal::AccountBlocked`] for the caller's
    /// own account if it is blocked.
    pub fn authorize_password(&self, user: &User) -> Result<(), Denied> {
        let Purpose::Own(own) = &self.purpose else { return self.authorize_change(user) };
        if self.owns(user) {
            if user.blocked { Err(Refusal::AccountBlocked.into()) } else { Ok(()) }
        } else if own.may_modify {
            Self { purpose: Purpose::Change, ..self.clone() }.authorize_change(user)
        } else {
            Err(Denied::Hidden)
        }
    }

    /// Checks that the caller may move the account's home, vouch for its address, or withdraw that:
    /// as an operator.
    ///
    /// # Errors
    /// Those of [`AccountScope::authorize_change`]; [`Refusal::OperatorsOnly`].
    pub fn authorize_operator(&self, user: &User) -> Result<(), Denied> {
        self.authorize_change(user)?;
        if self.is_operator() { Ok(()) } else { Err(Refusal::OperatorsOnly.into()) }
    }

    /// R2. An account without a home belongs to callers who cover every tenant.
    fn authorize_home(&self, user: &User) -> Result<(), Denied> {
        let home = user.home.as_ref();
        match &self.coverage {
            Coverage::All => Ok(()),
            Coverage::Listed(tenants) if home.is_some_and(|home| tenants.contains(home)) => Ok(()),
            Coverage::Listed(_) => Err(Refusal::ManagedByAnotherTenant.into()),
            Coverage::Roles(roles) => match home.and_then(|home| roles.get(home)) {
                Some(role) if role.allows(Access::Write) => Ok(()),
                Some(_) => Err(Refusal::InsufficientRole.into()),
                None => Err(Refusal::ManagedByAnotherTenant.into()),
            },
        }
    }

    /// R3 in every tenant where the caller's own role is known: a change to the account changes
    /// the holder of each of its roles.
    fn authorize_rank(&self, user: &User) -> Result<(), Denied> {
        let Coverage::Roles(roles) = &self.coverage else { return Ok(()) };
        let above = |(tenant, own): (&TenantId, &Role)| {
            user.active_role_in(tenant, &self.context).is_some_and(|held| held.outranks(own))
        };
        if roles.iter().any(above) { Err(Refusal::RoleAboveOwn.into()) } else { Ok(()) }
    }

    /// The tenants through which the caller may know the account, by name.
    fn visible_tenants<'a>(&self, user: &'a User) -> impl Iterator<Item = &'a TenantId> {
        user.memberships.keys().filter(|tenant| self.reaches(tenant))
    }

    fn reaches(&self, tenant: &TenantId) -> bool {
        match &self.coverage {
            Coverage::All => true,
            Coverage::Listed(tenants) => tenants.contains(tenant),
            Coverage::Roles(roles) => roles.get(tenant).is_some_and(|role| match self.purpose {
                Purpose::View => role.allows(Access::Read),
                #[cfg(feature = "system-scope")]
                Purpose::System(_) => role.allows(Access::Read),
                Purpose::Change => role.allows(Access::Read) || role.allows(Access::Write),
                Purpose::Own(_) => role.allows(Access::Read) || role.allows(Access::Write),
            }),
        }
    }

    /// Whether the caller may know of, and end, its own membership in the tenant.
    pub(crate) fn may_leave(&self, tenant: &TenantId) -> bool {
        let is_any_account =
            matches!(&self.purpose, Purpose::Own(own) if own.kind == SubjectKind::Accounts);
        is_any_account || self.coverage.names(tenant)
    }
}

/// Narrows the scope to reading accounts through its one tenant.
impl From<&TenantScope> for AccountScope {
    fn from(scope: &TenantScope) -> Self {
        let coverage = Coverage::Listed([scope.tenant().clone()].into());
        Self::new(coverage, Purpose::View, *scope.context(), None)
    }
}

/// Returns the tenant through which an account is shown to its own person.
fn own_tenant(user: &User) -> Option<&TenantId> {
    let home = user.home.as_ref().and_then(|home| user.memberships.get_key_value(home));
    home.or_else(|| user.memberships.first_key_value()).map(|(tenant, _)| tenant)
}
