//! Times the building of search queries in Auth0's Lucene syntax (`make bench-criterion`).
#![allow(clippy::unwrap_used, reason = "a benchmark stops on failure")]

use std::hint::black_box;

use auth0_adapter::MetadataPrefix;
use auth0_adapter::fuzzing::search_query;
use criterion::Criterion;
use domain::{RoleName, TenantId, Timestamp, UserId};

/// The ids of a query that overlays recent writes.
const IDS: usize = 50;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let prefix: MetadataPrefix = "usher".parse().unwrap();
    let tenant: TenantId = "acme-europe".parse().unwrap();
    let roles: Vec<RoleName> =
        ["owner", "admin", "viewer", "member"].map(|name| name.parse().unwrap()).into();
    let id = |number: usize| format!("auth0|5f7c8ec7c33c6c004bbaf{number:03}").parse().unwrap();
    let ids: Vec<UserId> = (0..IDS).map(id).collect();
    let moment = |millis| Timestamp::from_unix_millis(millis).unwrap();
    let period = Some((moment(1_800_000_000_000), moment(1_800_086_400_000)));

    let mut group = criterion.benchmark_group("search query");
    for (name, among, except, created) in [
        ("users of a tenant", &[][..], &[][..], None),
        ("users created in a period", &[], &[], period),
        ("50 of the users", &ids[..], &[], None),
        ("all but 50 of the users", &[], &ids[..], period),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                search_query(&prefix, black_box(&tenant), &roles, [among, except], created)
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
