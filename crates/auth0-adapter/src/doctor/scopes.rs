//! The scopes that Usher needs, and why.

use super::finding::{Finding, FindingStatus};

struct Scope {
    check: &'static str,
    name: &'static str,
    why: &'static str,
    /// Whether Usher fails without it.
    needed: bool,
}

const SCOPES: [Scope; 7] = [
    Scope {
        check: "scope read:users",
        name: "read:users",
        why: "to find users, and to list those of a tenant",
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
        why: "to read roles, in case Auth0 requires more than read:users one day",
        needed: false,
    },
    Scope {
        check: "scope create:users_app_metadata",
        name: "create:users_app_metadata",
        why: "to create accounts with a role, in case Auth0 requires more than create:users one \
              day",
        needed: false,
    },
];

/// Adds a finding for each scope. `granted` are the scopes of the token, separated by spaces.
pub(super) fn examine(granted: Option<&str>, findings: &mut Vec<Finding>) {
    for Scope { check, name, why, needed } in SCOPES {
        let Some(granted) = granted else {
            findings
                .push(Finding::skipped(check, "Auth0 does not report the scopes of the token."));
            continue;
        };
        findings.push(if granted.split(' ').any(|scope| scope == name) {
            Finding::ok(check, format!("Granted. Usher needs it {why}."))
        } else if needed {
            Finding::new(check, FindingStatus::Problem, format!("Missing. Usher needs it {why}."))
                .fix(format!(
                    "Grant {name} to the application: Applications, APIs, Auth0 Management API, \
                     Machine to Machine Applications."
                ))
        } else {
            Finding::ok(check, format!("Optional and not granted. It serves {why}."))
        });
    }
}
