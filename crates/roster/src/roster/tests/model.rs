//! Accounts and steps of which few values occur, so that there are many ties and collisions.

use domain::{
    AccountRules, AttachRule, Attachment, Credentials, ForeignProfile, Membership, RoleCatalogue,
    SortField, TenantId, Timestamp, User, UserId,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::order::ListOrder;

/// Names that are equal, equal but for their case, long, or longer in lower case.
const NAMES: [&str; 12] = [
    "a",
    "A",
    "ab",
    "Ab",
    "ß",
    "SS",
    "É",
    "é",
    "İ",
    "ΑΣ",
    "a long name with an end",
    "A long name with an End",
];

/// Two accounts with each number have ids that differ in their case.
const IDS: usize = 30;

pub(super) fn tenants() -> [TenantId; 3] {
    ["acme", "globex", "initech"].map(|id| id.parse().expect("an id"))
}

fn id(number: usize) -> UserId {
    let letter = if number.is_multiple_of(2) { 'u' } else { 'U' };
    format!("{letter}{}", number / 2).parse().expect("an id")
}

fn moment(millis: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.plus_millis(millis)
}

fn any_membership(number: usize) -> impl Strategy<Value = Membership> {
    let role = select(vec!["owner", "owner", "admin", "member"]);
    let attached = option::of((any::<bool>(), 0..4_i64));
    let expires_at = option::weighted(0.1, (1..4_i64).prop_map(moment));
    (role, attached, prop::bool::weighted(0.1), expires_at).prop_map(
        move |(role, attached, suspended, expires_at)| {
            let role = RoleCatalogue::standard().resolve(role).cloned().expect("a role");
            let attachment = attached.map(|(by_present, since)| {
                let version = if by_present { 0 } else { 9 };
                let email = format!("m{number}.{version}@a.example").parse().expect("an address");
                let id = "m1".parse().expect("an id");
                Box::new(Attachment { id, since: moment(since), email })
            });
            Membership { attachment, suspended, expires_at, ..Membership::new(role) }
        },
    )
}

fn any_user() -> impl Strategy<Value = User> {
    (0..IDS).prop_flat_map(|number| {
        let name = || option::of(select(NAMES.to_vec()));
        let memberships = vec(option::weighted(0.6, any_membership(number)), 3);
        let home = option::of(select(tenants().to_vec()));
        let texts = (0..2_u8, option::of(0..2_u8), name(), name());
        let flags = (any::<bool>(), prop::bool::weighted(0.1), 0..4_i64);
        (texts, flags, home, memberships).prop_map(move |(texts, flags, home, memberships)| {
            let (address, username, given, family) = texts;
            let (email_verified, blocked, created) = flags;
            let email = format!("m{number}.{address}@a.example").parse().expect("an address");
            let username = username.map(|version| format!("n{number}.{version}"));
            let memberships = tenants().into_iter().zip(memberships);
            User {
                username: username.map(|text| text.parse().expect("a username")),
                given_name: given.map(|text| text.parse().expect("a name")),
                family_name: family.map(|text| text.parse().expect("a name")),
                blocked,
                created_at: moment(created),
                home,
                credentials: Credentials { email_verified, ..Credentials::default() },
                memberships: memberships
                    .filter_map(|(tenant, membership)| Some((tenant, membership?)))
                    .collect(),
                ..User::builder(id(number), email).build()
            }
        })
    })
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Put(Box<User>),
    Remove(UserId),
    /// A snapshot of the list, or the begin of its build.
    Ask(ListOrder),
    /// Advances all builds.
    Sort,
    /// Tries to finish all builds.
    Finish,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let attach = select(vec![AttachRule::Verified, AttachRule::Any]);
    let profile = select(vec![ForeignProfile::Shown, ForeignProfile::Hidden]);
    let order = (select(tenants().to_vec()), select(SortField::ALL.to_vec()), attach, profile);
    let order = order.prop_map(|(tenant, field, attach, foreign_profile)| {
        ListOrder::new(tenant, field, AccountRules { attach, foreign_profile })
    });
    let step = prop_oneof![
        20 => any_user().prop_map(|user| Step::Put(Box::new(user))),
        6 => (0..IDS).prop_map(|number| Step::Remove(id(number))),
        4 => order.prop_map(Step::Ask),
        2 => Just(Step::Sort),
        2 => Just(Step::Finish),
    ];
    vec(step, 0..120)
}

/// Returns users of the first tenant, in no order, with few names.
pub(super) fn many(count: usize) -> Vec<User> {
    let [tenant, ..] = tenants();
    let user = |index: usize| {
        let number = (index * 7919) % count;
        let name = NAMES.get(number % 5 + number % 8).expect("a name").parse().expect("a name");
        let id = format!("auth0|{:024x}", number * 31).parse().expect("an id");
        let email = format!("User{number}@A.example").parse().expect("an address");
        User::builder(id, email)
            .family_name(name)
            .created_at(moment(i64::try_from(number / 50).expect("a number") - 3))
            .home(tenant.clone())
            .membership(tenant.clone(), RoleCatalogue::standard().default_role().clone())
            .build()
    };
    (0..count).map(user).collect()
}
