//! The proptest strategies. Values come from small sets, so that calls often conflict.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::callers::{Caller, Issuer, TokenPermissions};
use super::calls::{Action, CORRECT_PASSWORD, Contract, Paging, RoleField, UserRef};

/// A call and its caller.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) caller: Caller<UserRef>,
    pub(crate) action: Action<UserRef>,
}

/// One step of a sequence.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Call(Call),
    /// Advances the clock by this many seconds.
    Wait(u64),
}

/// Seed lines of the memory adapter.
pub(crate) type SeedLines = String;

/// The tenants whose views are compared.
pub(crate) const TENANTS: [&str; 3] = ["acme", "globex", "initech"];

/// The users of the seed. Those with several tenants or high roles are drawn more often.
const USER_NAMES: [&str; 19] = [
    "olga", "olga", "adam", "adam", "adam", "vera", "mia", "mia", "bob", "gina", "gina", "gus",
    "gus", "gus", "hal", "ivy", "ann", "ben", "cyd",
];
const EMAIL_ADDRESSES: [&str; 17] = [
    "four@new.example",
    "five@new.example",
    "six@new.example",
    "one@new.example",
    "two@new.example",
    "Three@New.Example",
    "adam@acme.example",
    "MIA@acme.example",
    "gus@globex.example",
    "gina@globex.example",
    "hal@nowhere.example",
    "ivy@nowhere.example",
    "ann@extra.example",
    "ben@extra.example",
    "cyd@extra.example",
    "bob@acme.example",
    "no address",
];
const ROLES: [&str; 8] = ["owner", "owner", "admin", "admin", "viewer", "member", "member", "king"];
const PASSWORDS: [&str; 5] =
    ["first-password", "second-password", "mias-password", "short", "pässwörter"];

/// Home tenant, role in each tenant, and whether the account is blocked.
type UserValues = (Option<&'static str>, [Option<&'static str>; 3], bool);

/// Draws three more users with random homes, roles and blocks.
pub(crate) fn extra_users() -> BoxedStrategy<SeedLines> {
    let role = || option::weighted(0.4, select(&["owner", "admin", "viewer", "member"]));
    let user = (option::of(select(&TENANTS)), [role(), role(), role()], prop::bool::weighted(0.15));
    let line = |(name, user): (&str, UserValues)| {
        let (home, roles, blocked) = user;
        let memberships =
            TENANTS.iter().zip(roles).filter_map(|(tenant, role)| Some((*tenant, role?)));
        let tenants: serde_json::Map<_, _> =
            memberships.map(|(tenant, role)| (tenant.to_owned(), json!(role))).collect();
        let mut line = json!({
            "id": format!("auth0|{name}"), "email": format!("{name}@extra.example"),
            "blocked": blocked, "homeTenant": home, "tenants": tenants,
        });
        // A seed line omits an absent home.
        if home.is_none() {
            line.as_object_mut().unwrap().remove("homeTenant");
        }
        format!("{line}\n")
    };
    [user.clone(), user.clone(), user]
        .prop_map(move |users| {
            ["ann", "ben", "cyd"].into_iter().zip(users).map(line).collect::<String>()
        })
        .boxed()
}

/// Draws a sequence of steps.
pub(crate) fn steps(max_len: usize) -> BoxedStrategy<Vec<Step>> {
    let step = prop_oneof![
        24 => call().prop_map(Step::Call),
        1 => select(&[3, 70, 960]).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..=max_len).boxed()
}

/// Draws one call.
pub(crate) fn call() -> BoxedStrategy<Call> {
    let own_password_change = (caller(), user_ref(), current_password(), select(&PASSWORDS))
        .prop_map(|values| {
            let (caller, user, current, new) = values;
            let caller = match caller {
                Caller::Bearer { issuer, permissions, .. } => {
                    Caller::Bearer { issuer, subject: Some(user.clone()), permissions }
                }
                Caller::Anonymous | Caller::InvalidToken => caller,
            };
            Call { caller, action: Action::ChangePassword { user, current, new } }
        });
    // Holders of protected roles: R4 protects the last one, and R3 protects them from admins.
    let owners = select(&[("acme", "olga", "adam"), ("globex", "gina", "gus")]);
    let owner_change = (caller(), owners, any::<bool>(), 0..6).prop_map(|values| {
        let (caller, (tenant, owner, admin), by_admin, variant) = values;
        let subject = Some(UserRef::Seeded(admin));
        let admin = Caller::Bearer {
            issuer: Issuer::Membership,
            subject,
            permissions: TokenPermissions::All,
        };
        let user = UserRef::Seeded(owner);
        let role =
            |user, role| Action::UpdateTenantUser { tenant, user, role, name: Some("Name One") };
        let action = match variant {
            0 => role(user, RoleField::Role("member")),
            1 => role(user, RoleField::Null),
            2 => role(UserRef::Seeded("mia"), RoleField::Role("owner")),
            3 => Action::Detach(tenant, user),
            4 => Action::UpdateUser {
                user,
                email: "one@new.example",
                first_name: "One",
                last_name: "Two",
            },
            _ => Action::DeleteUser(user),
        };
        Call { caller: if by_admin { admin } else { caller }, action }
    });
    // An operator's statement about an account that a tenant has attached.
    let proof = (user_ref(), prop::bool::weighted(0.8)).prop_map(|(user, verified)| Call {
        caller: Caller::Bearer {
            issuer: Issuer::Operators,
            subject: None,
            permissions: TokenPermissions::All,
        },
        action: Action::SetProof { user, verified },
    });
    let any_call = (caller(), action(), prop::bool::weighted(0.6)).prop_map(|values| {
        let (caller, action, in_known) = values;
        let action = if in_known { in_known_tenant(&caller, action) } else { action };
        Call { caller, action }
    });
    prop_oneof![
        4 => owner_change,
        16 => any_call,
        1 => own_password_change,
        2 => proof,
    ]
    .boxed()
}

/// Moves the action to a tenant in which the caller may act, as most calls would be refused
/// otherwise.
fn in_known_tenant(caller: &Caller<UserRef>, mut action: Action<UserRef>) -> Action<UserRef> {
    let Caller::Bearer { issuer, subject, .. } = caller else { return action };
    let known = match (issuer, subject) {
        (Issuer::Tenant(tenant), _) => *tenant,
        (Issuer::Claim(tenants), _) => tenants[0],
        (Issuer::Membership, Some(UserRef::Seeded("gina" | "gus"))) => "globex",
        (Issuer::Membership | Issuer::Operators, _) => "acme",
    };
    if let Action::List(_, tenant, _)
    | Action::GetTenantUser(tenant, _)
    | Action::AttachOrCreate { tenant, .. }
    | Action::UpdateTenantUser { tenant, .. }
    | Action::Detach(tenant, _)
    | Action::Leave(tenant)
    | Action::CreateUser { tenant, .. } = &mut action
    {
        *tenant = known;
    }
    action
}

fn caller() -> BoxedStrategy<Caller<UserRef>> {
    let permissions = || {
        prop_oneof![
            20 => Just(TokenPermissions::All),
            1 => Just(TokenPermissions::Read),
            1 => Just(TokenPermissions::Write),
            1 => Just(TokenPermissions::None),
        ]
    };
    let bearer = |(issuer, subject, permissions)| Caller::Bearer { issuer, subject, permissions };
    let tenant = select(&TENANTS).prop_map(Issuer::Tenant);
    let claim = subsequence(TENANTS.to_vec(), 1..=3).prop_map(Issuer::Claim);
    let subject = || option::weighted(0.2, user_ref());
    prop_oneof![
        8 => (tenant, subject(), permissions()).prop_map(bearer),
        6 => (claim, subject(), permissions()).prop_map(bearer),
        12 => (Just(Issuer::Membership), user_ref().prop_map(Some), permissions()).prop_map(bearer),
        6 => (Just(Issuer::Operators), subject(), permissions()).prop_map(bearer),
        1 => Just(Caller::Anonymous),
        1 => Just(Caller::InvalidToken),
    ]
    .boxed()
}

fn user_ref() -> BoxedStrategy<UserRef> {
    prop_oneof![
        14 => select(&USER_NAMES).prop_map(UserRef::Seeded),
        1 => Just(UserRef::Seeded("nobody")),
        3 => (0..3_usize).prop_map(UserRef::Created),
    ]
    .boxed()
}

fn tenant() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => Just("acme"), 12 => Just("globex"), 5 => Just("initech"), 1 => Just("umbrella"),
        1 => Just("Acme"),
    ]
}

fn current_password() -> impl Strategy<Value = String> {
    let wrong = select(&["mias-password", "first-password", "wrong", ""]);
    prop_oneof![2 => Just(CORRECT_PASSWORD), 1 => wrong].prop_map(str::to_owned)
}

fn paging() -> impl Strategy<Value = Paging> {
    let sorts = [
        "id",
        "-id",
        "username",
        "-username",
        "email",
        "-email",
        "firstName",
        "-firstName",
        "lastName",
        "-lastName",
        "createdAt",
        "-createdAt",
    ];
    (option::of(select(sorts.to_vec())), option::of(1..4_usize), option::of(0..3_usize))
        .prop_map(|(sort, size, number)| Paging { sort, size, number })
}

fn action() -> BoxedStrategy<Action<UserRef>> {
    let contract = select(&[Contract::A, Contract::B]);
    let name = || option::of(select(&["Name One", "Name Two"]));
    let email = || select(&EMAIL_ADDRESSES);
    let role = || select(&ROLES);
    let names = || select(&["One", "Two", ""]);
    let maybe_role = prop_oneof![
        10 => role().prop_map(RoleField::Role),
        3 => Just(RoleField::Null),
        1 => Just(RoleField::Absent),
    ];
    let password = || select(&PASSWORDS);
    let list = (contract, tenant(), paging())
        .prop_map(|(contract, tenant, paging)| Action::List(contract, tenant, paging));
    let attach_or_create =
        (tenant(), email(), role(), name()).prop_map(|(tenant, email, role, name)| {
            Action::AttachOrCreate { tenant, email, role, name }
        });
    let update_tenant_user =
        (tenant(), user_ref(), maybe_role, name()).prop_map(|(tenant, user, role, name)| {
            Action::UpdateTenantUser { tenant, user, role, name }
        });
    let username = select(&["olga", "Adam", "uno", "Due", "tre", "quattro"]);
    let create_user =
        (tenant(), email(), username, names(), any::<bool>(), option::weighted(0.3, password()))
            .prop_map(|(tenant, email, username, first_name, is_service_user, password)| {
                Action::CreateUser {
                    tenant,
                    email,
                    username,
                    first_name,
                    is_service_user,
                    password,
                }
            });
    let update_user =
        (user_ref(), email(), names(), names()).prop_map(|(user, email, first_name, last_name)| {
            Action::UpdateUser { user, email, first_name, last_name }
        });
    let change_password = (user_ref(), current_password(), password())
        .prop_map(|(user, current, new)| Action::ChangePassword { user, current, new });
    prop_oneof![
        2 => list,
        2 => (tenant(), user_ref()).prop_map(|(tenant, user)| Action::GetTenantUser(tenant, user)),
        6 => attach_or_create,
        6 => update_tenant_user,
        4 => (tenant(), user_ref()).prop_map(|(tenant, user)| Action::Detach(tenant, user)),
        2 => user_ref().prop_map(Action::GetUser),
        7 => create_user,
        4 => update_user,
        4 => user_ref().prop_map(Action::DeleteUser),
        2 => (user_ref(), password()).prop_map(|(user, new)| Action::SetPassword { user, new }),
        4 => (user_ref(), prop::bool::weighted(0.8))
            .prop_map(|(user, verified)| Action::SetProof { user, verified }),
        2 => (user_ref(), option::weighted(0.8, select(&TENANTS)))
            .prop_map(|(user, tenant)| Action::SetHome { user, tenant }),
        2 => tenant().prop_map(Action::Leave),
        4 => change_password,
    ]
    .boxed()
}
