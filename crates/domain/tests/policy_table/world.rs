//! The tenants, roles, callers and users of the table.

use domain::{
    Actor, Bearer, CallerKey, ClaimedTenants, Permission, Permissions, PolicyContext, Role,
    RoleCatalogue, SubjectKind, TenantId, User, UserBuilder,
};

use super::question::{Question, word};

/// The columns of [`World::rank_cells`].
pub(crate) const RANK_COLUMNS: [&str; 9] = [
    "to owner",
    "to admin",
    "to viewer",
    "to member",
    "rename",
    "detach",
    "change",
    "password",
    "delete",
];

/// Returns the moment of the table, and the default rules.
pub(crate) fn context() -> PolicyContext {
    PolicyContext::at("2026-03-01T12:00:00Z".parse().expect("a time"))
}

pub(crate) struct Caller {
    pub(crate) name: &'static str,
    pub(crate) actor: Actor,
}

/// Returns the kind of subjects that an issuer has unless it is configured.
pub(crate) fn default_kind(tenants: &ClaimedTenants) -> SubjectKind {
    match tenants {
        ClaimedTenants::Listed(_) | ClaimedTenants::Memberships { within: Some(_) } => {
            SubjectKind::Home
        }
        ClaimedTenants::Memberships { within: None } => SubjectKind::Accounts,
        ClaimedTenants::All => SubjectKind::External,
    }
}

pub(crate) struct World {
    pub(crate) acme: TenantId,
    pub(crate) globex: TenantId,
    pub(crate) roles: RoleCatalogue,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            acme: "acme".parse().expect("a tenant's name"),
            globex: "globex".parse().expect("a tenant's name"),
            roles: RoleCatalogue::standard(),
        }
    }

    pub(crate) fn role(&self, name: &str) -> &Role {
        self.roles.resolve(name).expect("a role of the catalogue")
    }

    pub(crate) fn user(
        &self,
        name: &str,
        home: Option<&TenantId>,
        attached: &[(&TenantId, &str)],
    ) -> User {
        let id = format!("auth0|{name}").parse().expect("an id");
        let email = format!("{name}@example.com").parse().expect("an address");
        let builder = home.cloned().into_iter().fold(User::builder(id, email), UserBuilder::home);
        let attach = |builder: UserBuilder, (tenant, role): &(&TenantId, &str)| {
            builder.membership((*tenant).clone(), self.role(role).clone())
        };
        attached.iter().fold(builder, attach).build()
    }

    /// A caller with every permission, whose own account is `auth0|caller`.
    pub(crate) fn caller(name: &'static str, account: &User, tenants: ClaimedTenants) -> Caller {
        let bearer = Bearer {
            caller: CallerKey::new([0; 32]),
            issuer: "https://issuer.example.com".to_owned(),
            subject: Some(account.id.clone()),
            subject_kind: default_kind(&tenants),
            permissions: Permissions::from_iter(Permission::ALL),
            tenants,
        };
        Caller { name, actor: bearer.actor(Some(account), &context()) }
    }

    pub(crate) fn listed(&self, name: &'static str, tenants: &[&TenantId]) -> Caller {
        let tenants = tenants.iter().map(|tenant| (*tenant).clone()).collect();
        Self::caller(name, &self.user("caller", None, &[]), ClaimedTenants::Listed(tenants))
    }

    pub(crate) fn with_roles(&self, name: &'static str, attached: &[(&TenantId, &str)]) -> Caller {
        let account = self.user("caller", None, attached);
        Self::caller(name, &account, ClaimedTenants::Memberships { within: None })
    }

    pub(crate) fn operator(&self) -> Caller {
        Self::caller("operator", &self.user("caller", None, &[]), ClaimedTenants::All)
    }

    /// Every kind of caller.
    pub(crate) fn callers(&self) -> Vec<Caller> {
        let (acme, globex) = (&self.acme, &self.globex);
        let admin_of_both = self.user("caller", None, &[(acme, "admin"), (globex, "admin")]);
        let within_acme = ClaimedTenants::Memberships { within: Some(acme.clone()) };
        let blocked = User { blocked: true, ..self.user("caller", Some(acme), &[(acme, "owner")]) };
        vec![
            self.listed("list: none", &[]),
            self.listed("list: acme", &[acme]),
            self.listed("list: globex", &[globex]),
            self.listed("list: acme globex", &[acme, globex]),
            self.with_roles("owner@acme", &[(acme, "owner")]),
            self.with_roles("admin@acme", &[(acme, "admin")]),
            self.with_roles("viewer@acme", &[(acme, "viewer")]),
            self.with_roles("member@acme", &[(acme, "member")]),
            self.with_roles("admin@globex", &[(globex, "admin")]),
            self.with_roles("owner@acme viewer@globex", &[(acme, "owner"), (globex, "viewer")]),
            self.with_roles("viewer@acme admin@globex", &[(acme, "viewer"), (globex, "admin")]),
            self.with_roles("admin@acme member@globex", &[(acme, "admin"), (globex, "member")]),
            self.with_roles("admin@acme admin@globex", &[(acme, "admin"), (globex, "admin")]),
            Self::caller("same, by an issuer of acme", &admin_of_both, within_acme),
            Self::caller(
                "owner@acme, blocked",
                &blocked,
                ClaimedTenants::Memberships { within: None },
            ),
            self.operator(),
        ]
    }

    /// The cells under [`RANK_COLUMNS`].
    pub(crate) fn rank_cells(&self, question: &Question<'_>) -> Vec<&'static str> {
        let acme = &self.acme;
        let roles = self.roles.roles().iter();
        let mut cells: Vec<_> = roles.map(|role| word(question.set_role(acme, role))).collect();
        cells.extend([
            word(question.rename_in(Some(acme))),
            word(question.detach_from(Some(acme))),
            word(question.change()),
            word(question.set_password()),
            word(question.delete()),
        ]);
        cells
    }
}
