//! The scopes that Usher needs, and why.

use super::finding::{Finding, FindingStatus};

struct Scope {
    check: &'static str,
    name: &'static str,
    why: &'static str,
    /// Whether Usher works without.
    needed: bool,
}

const SCOPES: [Scope; 7] = [
    Scope {
        check: "scope read:users",
        name: "read:users",
        why: "to find people, and to list those of a tenant",
        needed: true,
    },
    Scope {
        check: "scope create:users",
        name: "create:users",
        why: "to create accounts",
        needed: true,
    },
    Scope {
        check: "scope update:users",
        name: "update:users",
        why: "to change names, addresses, passwords and roles",
        needed: true,
    },
    Scope {
        check: "scope update:users_app_metadata",
        name: "update:users_app_metadata",
        why: "to change roles, which are kept in app_metadata",
        needed: true,
    },
    Scope {
        check: "scope delete:users",
        name: "delete:users",
        why: "to delete accounts",
        needed: true,
    },
    Scope {
        check: "scope read:users_app_metadata",
        name: "read:users_app_metadata",
        why: "to read roles, should Auth0 ask for more than read:users one day",
        needed: false,
    },
    Scope {
        check: "scope create:users_app_metadata",
        name: "create:users_app_metadata",
        why: "to create accounts with a role, should Auth0 ask for more than create:users one day",
        needed: false,
    },
];

/// A finding for each scope. `granted` is what the token allows, separated by spaces.
pub(super) fn examine(granted: Option<&str>, findings: &mut Vec<Finding>) {
    for Scope { check, name, why, needed } in SCOPES {
        let Some(granted) = granted else {
            findings.push(Finding::skipped(check, "Auth0 does not say what the token allows."));
            continue;
        };
        findings.push(if granted.split(' ').any(|scope| scope == name) {
            Finding::ok(check, format!("It is granted. Usher needs it {why}."))
        } else if needed {
            Finding::new(
                check,
                FindingStatus::Problem,
                format!("It is missing. Usher needs it {why}."),
            )
            .fix(format!(
                "Grant {name} to the application: Applications, APIs, Auth0 Management API, \
                     Machine to Machine Applications."
            ))
        } else {
            Finding::ok(check, format!("It is not granted. It would serve {why}."))
        });
    }
}
