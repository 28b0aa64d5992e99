//! The questions of the table, each answered by [`decide`] or by a scope.

use domain::policy::{Action, decide, tenant_scope};
use domain::{ActionDenied, Actor, Denied, Operation, Refusal, Role, TenantId, User};

use crate::world::context;

/// The first rule that an action violates, in one word of the legend.
pub(crate) struct No(&'static str);

impl<D: Into<ActionDenied>> From<D> for No {
    fn from(denied: D) -> Self {
        Self(match denied.into() {
            ActionDenied::LastProtectedRoleHolder(_) => "last",
            ActionDenied::Denied(Denied::Hidden) => "hidden",
            ActionDenied::Denied(Denied::Refused(refusal)) => match refusal {
                Refusal::MissingPermission(_) => "perm",
                Refusal::TenantNotCovered => "tenant",
                Refusal::InsufficientRole => "role",
                Refusal::ManagedByAnotherTenant => "home",
                Refusal::RoleAboveOwn => "above",
                Refusal::AccountBlocked => "blocked",
                Refusal::OperatorsOnly => "operator",
                Refusal::SubjectNotAnAccount => "subject",
            },
        })
    }
}

pub(crate) type Verdict = Result<(), No>;

/// Returns the word for a cell.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    verdict.map_or_else(|no| no.0, |()| "yes")
}

pub(crate) fn list(caller: &Actor, operation: Operation, tenant: Option<&TenantId>) -> Verdict {
    tenant_scope(caller, operation, tenant, &context())?;
    Ok(())
}

pub(crate) fn grant(
    caller: &Actor,
    operation: Operation,
    tenant: Option<&TenantId>,
    role: &Role,
) -> Verdict {
    Ok(tenant_scope(caller, operation, tenant, &context())?.authorize_grant(role)?)
}

/// A caller, the user it acts on, and the other users of that user's tenants.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) caller: &'a Actor,
    pub(crate) user: &'a User,
    pub(crate) others: &'a [User],
}

impl Question<'_> {
    fn decide(&self, action: Action<'_>) -> Verdict {
        Ok(decide(self.caller, action, self.user, self.others, &context())?)
    }

    /// Decides an action in a tenant, or only whether its operation is allowed if the tenant in the
    /// path is no tenant id.
    fn decide_in<'t>(
        &self,
        operation: Operation,
        tenant: Option<&'t TenantId>,
        action: impl FnOnce(&'t TenantId) -> Action<'t>,
    ) -> Verdict {
        tenant.map_or_else(|| list(self.caller, operation, None), |it| self.decide(action(it)))
    }

    pub(crate) fn see_in(&self, tenant: Option<&TenantId>) -> Verdict {
        self.decide_in(Operation::ReadTenantUsers, tenant, Action::SeeIn)
    }

    pub(crate) fn see(&self) -> Verdict {
        self.decide(Action::See)
    }

    pub(crate) fn rename_in(&self, tenant: Option<&TenantId>) -> Verdict {
        self.decide_in(Operation::WriteTenantUsers, tenant, Action::Rename)
    }

    pub(crate) fn set_role(&self, tenant: &TenantId, role: &Role) -> Verdict {
        self.decide(Action::SetRole(tenant, role))
    }

    pub(crate) fn detach_from(&self, tenant: Option<&TenantId>) -> Verdict {
        self.decide_in(Operation::WriteTenantUsers, tenant, Action::Detach)
    }

    pub(crate) fn change(&self) -> Verdict {
        self.decide(Action::ChangeAccount)
    }

    pub(crate) fn set_password(&self) -> Verdict {
        self.decide(Action::SetPassword)
    }

    pub(crate) fn change_own_password(&self) -> Verdict {
        self.decide(Action::ChangePassword)
    }

    pub(crate) fn delete(&self) -> Verdict {
        self.decide(Action::Delete)
    }
}
