//! The checks of what makes foreign memberships count.

use domain::AttachRule;
use serde_json::Value;

use super::check_names::{ATTACH, MEMBERSHIPS, SIGN_UP};
use super::finding::{Finding, FindingStatus, chain};
use crate::error::RequestError;
use crate::management::wire::UserPage;

/// Whether anyone can make an account under any address (`options.disable_signup`).
pub(super) fn sign_up(options: &Value, rule: AttachRule) -> Finding {
    let is_closed = options.get("disable_signup").and_then(Value::as_bool) == Some(true);
    match rule {
        _ if is_closed => Finding::ok(SIGN_UP, "Nobody can sign up on the connection."),
        AttachRule::Verified => Finding::ok(
            SIGN_UP,
            "Anyone can sign up on the connection, under any address. A tenant that attaches such \
             an account gives it nothing until its address is verified, but nobody else can be \
             created under that address.",
        ),
        AttachRule::Any => Finding::new(
            SIGN_UP,
            FindingStatus::Warning,
            "Anyone can sign up on the connection, under any address, and a tenant that attaches \
             the account of an address gives its role to whoever has signed up under it.",
        )
        .fix(
            "Disable Sign Ups under Authentication, Database, or set accounts.attach to verified.",
        ),
    }
}

/// Whether foreign memberships need proof.
pub(super) fn attach_rule(rule: AttachRule) -> Finding {
    match rule {
        AttachRule::Verified => Finding::ok(
            ATTACH,
            "Accounts of other homes have a role only while they are provably the person's own.",
        ),
        AttachRule::Any => Finding::new(
            ATTACH,
            FindingStatus::Warning,
            "accounts.attach is any: whoever controls an account, such as its home, has every role \
             that other tenants give it.",
        )
        .fix("Set accounts.attach to verified, unless all tenants trust each other."),
    }
}

/// Reports the memberships that an older version, a seed or another program has made, given their
/// number on each account of a page.
pub(super) fn memberships(counts: Result<UserPage<usize>, RequestError>) -> Finding {
    let found = match counts {
        Ok(found) => found,
        Err(error) => {
            let message = format!("The memberships could not be counted: {}.", chain(&error));
            return Finding::skipped(MEMBERSHIPS, message);
        }
    };
    let accounts = found.users.count();
    let all = if found.total > accounts { "the first " } else { "" };
    let older: usize = found.users.readable.iter().sum();
    if older == 0 {
        let message = format!("Every membership of {all}{accounts} accounts has an id.");
        return Finding::ok(MEMBERSHIPS, message);
    }
    Finding::new(
        MEMBERSHIPS,
        FindingStatus::Warning,
        format!(
            "{older} memberships of {all}{accounts} accounts have no id: an older version, or \
             another program, has made them. Of the proof that an account is the person's own, \
             they need only that no other tenant has set its password or address."
        ),
    )
    .fix("To ask for the full proof, detach the users and attach them again.")
}
