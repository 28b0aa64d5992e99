//! Times pages of lists by rank, and changes that keep a list sorted (`make bench-criterion`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops on failure")]

use std::hint::black_box;
use std::num::NonZero;
use std::sync::Arc;

use criterion::Criterion;
use domain::{AccountRules, Role, RoleCatalogue, SortField, TenantId, User};
use roster::{BuildOutcome, ListOrder, Range, Roster};

const SIZES: [usize; 2] = [1_000, 100_000];
const PAGE: usize = 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let tenant: TenantId = "acme".parse().unwrap();
    let member = RoleCatalogue::standard().default_role().clone();
    let order = ListOrder::new(tenant.clone(), SortField::Email, AccountRules::default());
    let mut group = criterion.benchmark_group("roster");
    for size in SIZES {
        let mut roster: Roster<Arc<User>> = Roster::default();
        for number in 0..size {
            roster.put(&user(number, &tenant, &member));
        }
        let mut build = roster.begin_build(order.clone());
        build.advance(NonZero::<usize>::MIN);
        let BuildOutcome::Finished(_) = roster.finish_build(build) else { panic!("not finished") };

        for (name, start) in [("first page", 0), ("page in the middle", size / 2)] {
            let range = Range { start, len: PAGE, descending: false };
            group.bench_function(format!("{name} of {size} users"), |bencher| {
                bencher.iter(|| roster.list_part(&order, black_box(range)).unwrap());
            });
        }
        let added = user(size, &tenant, &member);
        group.bench_function(format!("addition and removal among {size} users"), |bencher| {
            bencher.iter(|| {
                roster.put(black_box(&added));
                roster.remove(&added.id).unwrap()
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

/// Returns a user whose address is not in the order of the numbers.
fn user(number: usize, tenant: &TenantId, role: &Role) -> Arc<User> {
    let mixed = number.wrapping_mul(2_654_435_761) % 1_000_003;
    let id = format!("auth0|user-{number:06}").parse().unwrap();
    let email = format!("{mixed:07}-{number}@acme.example").parse().unwrap();
    Arc::new(User::builder(id, email).membership(tenant.clone(), role.clone()).build())
}
