//! What is drawn at random. Everything comes from a few, so that calls often meet.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::callers::{Caller, Issuer, May};
use super::calls::{Contract, Given, Op, Paging, RIGHT, Whom};

/// One call, by somebody.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) caller: Caller<Whom>,
    pub(crate) op: Op<Whom>,
}

/// One step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Call(Call),
    /// So many seconds pass.
    Wait(u64),
}

/// Three more people, as lines of the memory adapter's seed.
pub(crate) type People = String;

/// The tenants that watch.
pub(crate) const TENANTS: [&str; 3] = ["acme", "globex", "initech"];

/// Everybody who is there at the beginning; those more often who are shared, or powerful.
const NAMES: [&str; 19] = [
    "olga", "olga", "adam", "adam", "adam", "vera", "mia", "mia", "bob", "gina", "gina", "gus",
    "gus", "gus", "hal", "ivy", "ann", "ben", "cyd",
];
const EMAILS: [&str; 14] = [
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

/// A home, a role in each tenant, and whether they are blocked.
type Drawn = (Option<&'static str>, [Option<&'static str>; 3], bool);

/// People whose homes, roles and blocks are drawn.
pub(crate) fn people() -> BoxedStrategy<People> {
    let role = || option::weighted(0.4, select(&["owner", "admin", "viewer", "member"]));
    let one = (option::of(select(&TENANTS)), [role(), role(), role()], prop::bool::weighted(0.15));
    let line = |(name, one): (&str, Drawn)| {
        let (home, roles, blocked) = one;
        let attached =
            TENANTS.iter().zip(roles).filter_map(|(tenant, role)| Some((*tenant, role?)));
        let tenants: serde_json::Map<_, _> =
            attached.map(|(tenant, role)| (tenant.to_owned(), json!(role))).collect();
        let person = json!({
            "id": format!("auth0|{name}"), "email": format!("{name}@extra.example"),
            "blocked": blocked, "homeTenant": home, "tenants": tenants,
        });
        // An absent home is left out, as a seed wants it.
        let mut person = person;
        if home.is_none() {
            person.as_object_mut().unwrap().remove("homeTenant");
        }
        format!("{person}\n")
    };
    [one.clone(), one.clone(), one]
        .prop_map(move |people| {
            ["ann", "ben", "cyd"].into_iter().zip(people).map(line).collect::<String>()
        })
        .boxed()
}

/// A sequence of steps.
pub(crate) fn steps(most: usize) -> BoxedStrategy<Vec<Step>> {
    let step = prop_oneof![
        24 => call().prop_map(Step::Call),
        1 => select(&[3, 70, 960]).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..=most).boxed()
}

/// One call.
pub(crate) fn call() -> BoxedStrategy<Call> {
    let own = (caller(), whom(), current(), select(&PASSWORDS)).prop_map(|drawn| {
        let (caller, user, current, new) = drawn;
        let caller = match caller {
            Caller::Bearer { issuer, may, .. } => {
                Caller::Bearer { issuer, subject: Some(user.clone()), may }
            }
            Caller::Nobody | Caller::Garbage => caller,
        };
        Call { caller, op: Op::ChangePassword { user, current, new } }
    });
    // Those whom rule R4 keeps, if nobody has joined them, and those whom R3 keeps away from them.
    let owners = select(&[("acme", "olga", "adam"), ("globex", "gina", "gus")]);
    let at_the_top = (caller(), owners, any::<bool>(), 0..6).prop_map(|drawn| {
        let (caller, (tenant, owner, admin), by_admin, way) = drawn;
        let subject = Some(Whom::Known(admin));
        let admin = Caller::Bearer { issuer: Issuer::Membership, subject, may: May::All };
        let user = Whom::Known(owner);
        let role = |user, role| Op::PutIn { tenant, user, role, name: Some("Name One") };
        let op = match way {
            0 => role(user, Given::Role("member")),
            1 => role(user, Given::Null),
            2 => role(Whom::Known("mia"), Given::Role("owner")),
            3 => Op::Detach(tenant, user),
            4 => Op::Put { user, email: "one@new.example", first: "One", last: "Two" },
            _ => Op::Delete(user),
        };
        Call { caller: if by_admin { admin } else { caller }, op }
    });
    prop_oneof![
        3 => at_the_top,
        16 => (caller(), op(), prop::bool::weighted(0.6)).prop_map(|(caller, op, where_known)| {
            let op = if where_known { at_home(&caller, op) } else { op };
            Call { caller, op }
        }),
        1 => own,
    ]
    .boxed()
}

/// The same in a tenant where the caller is known, lest most calls be refused.
fn at_home(caller: &Caller<Whom>, mut op: Op<Whom>) -> Op<Whom> {
    let Caller::Bearer { issuer, subject, .. } = caller else { return op };
    let known = match (issuer, subject) {
        (Issuer::Tenant(tenant), _) => *tenant,
        (Issuer::Claim(tenants), _) => tenants[0],
        (Issuer::Membership, Some(Whom::Known("gina" | "gus"))) => "globex",
        (Issuer::Membership | Issuer::Operators, _) => "acme",
    };
    if let Op::List(_, tenant, _)
    | Op::GetIn(tenant, _)
    | Op::Enlist { tenant, .. }
    | Op::PutIn { tenant, .. }
    | Op::Detach(tenant, _)
    | Op::Create { tenant, .. } = &mut op
    {
        *tenant = known;
    }
    op
}

fn caller() -> BoxedStrategy<Caller<Whom>> {
    let may = || {
        prop_oneof![
            20 => Just(May::All),
            1 => Just(May::Read),
            1 => Just(May::Write),
            1 => Just(May::Nothing),
        ]
    };
    let bearer = |(issuer, subject, may)| Caller::Bearer { issuer, subject, may };
    let tenant = select(&TENANTS).prop_map(Issuer::Tenant);
    let claim = subsequence(TENANTS.to_vec(), 1..=3).prop_map(Issuer::Claim);
    let subject = || option::weighted(0.2, whom());
    prop_oneof![
        8 => (tenant, subject(), may()).prop_map(bearer),
        6 => (claim, subject(), may()).prop_map(bearer),
        12 => (Just(Issuer::Membership), whom().prop_map(Some), may()).prop_map(bearer),
        6 => (Just(Issuer::Operators), subject(), may()).prop_map(bearer),
        1 => Just(Caller::Nobody),
        1 => Just(Caller::Garbage),
    ]
    .boxed()
}

fn whom() -> BoxedStrategy<Whom> {
    prop_oneof![
        14 => select(&NAMES).prop_map(Whom::Known),
        1 => Just(Whom::Known("nobody")),
        3 => (0..3_usize).prop_map(Whom::Made),
    ]
    .boxed()
}

fn tenant() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => Just("acme"), 12 => Just("globex"), 5 => Just("initech"), 1 => Just("umbrella"),
        1 => Just("Acme"),
    ]
}

fn current() -> impl Strategy<Value = String> {
    let wrong = select(&["mias-password", "first-password", "wrong", ""]);
    prop_oneof![2 => Just(RIGHT), 1 => wrong].prop_map(str::to_owned)
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

fn op() -> BoxedStrategy<Op<Whom>> {
    let contract = select(&[Contract::A, Contract::B]);
    let name = || option::of(select(&["Name One", "Name Two"]));
    let email = || select(&EMAILS);
    let role = || select(&ROLES);
    let names = || select(&["One", "Two", ""]);
    let maybe_role = prop_oneof![
        10 => role().prop_map(Given::Role), 3 => Just(Given::Null), 1 => Just(Given::Absent)
    ];
    let password = || select(&PASSWORDS);
    let list = (contract, tenant(), paging())
        .prop_map(|(contract, tenant, paging)| Op::List(contract, tenant, paging));
    let enlist = (tenant(), email(), role(), name())
        .prop_map(|(tenant, email, role, name)| Op::Enlist { tenant, email, role, name });
    let put_in = (tenant(), whom(), maybe_role, name())
        .prop_map(|(tenant, user, role, name)| Op::PutIn { tenant, user, role, name });
    let username = select(&["olga", "Adam", "uno", "Due"]);
    let create =
        (tenant(), email(), username, names(), any::<bool>(), option::weighted(0.3, password()))
            .prop_map(|(tenant, email, username, first, service, password)| Op::Create {
                tenant,
                email,
                username,
                first,
                service,
                password,
            });
    let put = (whom(), email(), names(), names()).prop_map(|(user, email, first, last)| Op::Put {
        user,
        email,
        first,
        last,
    });
    let change = (whom(), current(), password())
        .prop_map(|(user, current, new)| Op::ChangePassword { user, current, new });
    prop_oneof![
        2 => list,
        2 => (tenant(), whom()).prop_map(|(tenant, user)| Op::GetIn(tenant, user)),
        6 => enlist,
        6 => put_in,
        4 => (tenant(), whom()).prop_map(|(tenant, user)| Op::Detach(tenant, user)),
        2 => whom().prop_map(Op::Get),
        4 => create,
        4 => put,
        4 => whom().prop_map(Op::Delete),
        2 => (whom(), password()).prop_map(|(user, new)| Op::SetPassword { user, new }),
        4 => change,
    ]
    .boxed()
}
