//! The standing of memberships: every combination of what it depends on.

use super::*;
use domain::Standing::{self, Active, Expired, Pending, Suspended};
use domain::{
    AccountRules, AttachRule, Attachment, CredentialStamp, Credentials, Membership, MembershipId,
    Timestamp, standing,
};

/// The credential stamp, and the last password reset.
#[derive(Debug, Clone, Copy)]
enum Stamp {
    Absent,
    WithoutReset,
    /// In milliseconds after the stamp.
    ResetAfter(i64),
    /// The address was set as well, and the password reset an hour later.
    OfAddress,
}

/// The state of an account and one of its memberships, in acme.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "one for each condition of the rule")]
struct Case {
    at_home: bool,
    verified: bool,
    allowed: bool,
    stamp: Stamp,
    /// Whether the address is still the one of the attachment; none without an attachment.
    same_address: Option<bool>,
    suspended: bool,
    /// The end, in milliseconds from now.
    ends: Option<i64>,
}

const STAMPS: [Stamp; 8] = [
    Stamp::Absent,
    Stamp::WithoutReset,
    Stamp::ResetAfter(-1),
    Stamp::ResetAfter(0),
    Stamp::ResetAfter(60_000),
    Stamp::ResetAfter(60_001),
    Stamp::ResetAfter(3_600_000),
    Stamp::OfAddress,
];

fn cases() -> Vec<Case> {
    const BOTH: [bool; 2] = [false, true];
    let mut cases = Vec::new();
    for (at_home, verified, allowed) in
        BOTH.into_iter().flat_map(|a| BOTH.into_iter().flat_map(move |b| BOTH.map(|c| (a, b, c))))
    {
        for stamp in STAMPS {
            for same_address in [None, Some(false), Some(true)] {
                for suspended in BOTH {
                    for ends in [None, Some(-1), Some(0), Some(1)] {
                        cases.push(Case {
                            at_home,
                            verified,
                            allowed,
                            stamp,
                            same_address,
                            suspended,
                            ends,
                        });
                    }
                }
            }
        }
    }
    cases
}

fn stamped_at() -> Timestamp {
    context().now.plus_millis(-10_000_000)
}

impl Case {
    fn membership(self) -> Membership {
        let attachment = self.same_address.map(|same| Attachment {
            id: "m1".parse().expect("an id"),
            since: context().now.plus_millis(-1),
            email: if same { "target@example.com" } else { "former@example.com" }
                .parse()
                .expect("an address"),
        });
        Membership {
            attachment: attachment.map(Box::new),
            suspended: self.suspended,
            expires_at: self.ends.map(|millis| context().now.plus_millis(millis)),
            ..Membership::new(role("owner"))
        }
    }

    fn account(self) -> User {
        let mut account = user("target", Some(if self.at_home { "acme" } else { "globex" }), &[]);
        account.memberships.insert(tenant("acme"), self.membership());
        let sets_address = matches!(self.stamp, Stamp::OfAddress);
        let stamp = CredentialStamp { at: stamped_at(), by: None, sets_address };
        let stamp = Some(Box::new(stamp));
        let (stamp, reset) = match self.stamp {
            Stamp::Absent => (None, None),
            Stamp::WithoutReset => (stamp, None),
            Stamp::ResetAfter(millis) => (stamp, Some(stamped_at().plus_millis(millis))),
            Stamp::OfAddress => (stamp, Some(stamped_at().plus_millis(3_600_000))),
        };
        account.credentials = Credentials {
            email_verified: self.verified,
            connections_allowed: self.allowed,
            stamp,
            last_password_reset: reset,
        };
        account
    }

    fn standing(self, rule: AttachRule) -> Standing {
        let rules = AccountRules { attach: rule, ..AccountRules::default() };
        let context = context().with_rules(rules);
        let account = self.account();
        let found = standing(&tenant("acme"), &self.membership(), &account, &context);
        assert_eq!(account.standing_in(&tenant("acme"), &context), Some(found));
        found
    }

    /// Returns the standing by a second statement of the rule.
    fn expected(self, rule: AttachRule) -> Standing {
        let stamp_open = match self.stamp {
            Stamp::Absent => false,
            Stamp::WithoutReset => true,
            Stamp::ResetAfter(millis) => millis <= 60_000,
            // Whoever reads the mail of the new address need not be whom the tenant attached.
            Stamp::OfAddress => self.same_address.is_none(),
        };
        let proven = match self.same_address {
            None => !stamp_open,
            Some(same) => self.verified && self.allowed && !stamp_open && same,
        };
        match (self.ends, self.suspended) {
            (Some(..=0), _) => Expired,
            (_, true) => Suspended,
            _ if self.at_home || proven || rule == AttachRule::Any => Active,
            _ => Pending,
        }
    }
}

#[test]
fn standing_follows_every_condition() {
    let cases = cases();
    assert_eq!(cases.len(), 8 * 8 * 3 * 2 * 4);
    for case in cases {
        for rule in [AttachRule::Verified, AttachRule::Any] {
            assert_eq!(case.standing(rule), case.expected(rule), "{case:?} under {rule:?}");
        }
    }
}

/// Cases in which everything is proven, suspended or expired aside.
const PROVEN: Case = Case {
    at_home: false,
    verified: true,
    allowed: true,
    stamp: Stamp::Absent,
    same_address: Some(true),
    suspended: false,
    ends: None,
};

#[test]
fn each_missing_proof_makes_foreign_membership_pending() {
    let rule = AttachRule::Verified;
    assert_eq!(PROVEN.standing(rule), Active);
    for case in [
        Case { verified: false, ..PROVEN },
        Case { allowed: false, ..PROVEN },
        Case { stamp: Stamp::WithoutReset, ..PROVEN },
        Case { same_address: Some(false), ..PROVEN },
    ] {
        assert_eq!(case.standing(rule), Pending, "{case:?}");
        assert_eq!(Case { at_home: true, ..case }.standing(rule), Active, "{case:?}");
        assert_eq!(case.standing(AttachRule::Any), Active, "{case:?}");
    }
}

#[test]
fn expiry_precedes_suspension_and_that_want_of_proof() {
    let nothing = Case { verified: false, suspended: true, ends: Some(0), ..PROVEN };
    let rule = AttachRule::Verified;
    assert_eq!(nothing.standing(rule), Expired);
    assert_eq!(Case { ends: Some(1), ..nothing }.standing(rule), Suspended);
    assert_eq!(Case { ends: None, suspended: false, ..nothing }.standing(rule), Pending);
}

#[test]
fn only_active_memberships_give_roles() {
    for case in cases() {
        let account = case.account();
        let now = context();
        let gives = account.active_roles(&now).next().is_some();
        assert_eq!(gives, case.standing(AttachRule::Verified) == Active, "{case:?}");
        assert_eq!(blocked(account).active_roles(&now).count(), 0, "{case:?}");
    }
}

#[test]
fn user_without_membership_has_no_standing() {
    let elsewhere = user("target", Some("acme"), &[("globex", "owner")]);
    assert_eq!(elsewhere.standing_in(&tenant("acme"), &context()), None);
}

#[test]
fn stamp_closes_a_minute_after_its_write() {
    let by = Some(tenant("acme"));
    let stamp = CredentialStamp { at: stamped_at(), by, sets_address: true };
    let credentials = |reset: Option<i64>| Credentials {
        stamp: Some(Box::new(stamp.clone())),
        last_password_reset: reset.map(|millis| stamped_at().plus_millis(millis)),
        ..Credentials::default()
    };
    for (reset, open) in
        [(None, true), (Some(-60_001), true), (Some(60_000), true), (Some(60_001), false)]
    {
        let expected = open.then_some(&stamp);
        assert_eq!(credentials(reset).open_stamp(), expected, "{reset:?}");
    }
    let unstamped = Credentials { stamp: None, ..credentials(Some(1)) };
    assert_eq!(unstamped.open_stamp(), None);
}

#[test]
fn membership_id_has_letters_and_digits_only() {
    let ids = [MembershipId::from_random_bits(0), MembershipId::from_random_bits(u128::MAX)];
    for id in &ids {
        assert_eq!(id.as_str().parse::<MembershipId>().as_ref(), Ok(id));
        assert_eq!(id.as_str().len(), 32);
    }
    assert_ne!(ids[0], ids[1]);
    for text in ["", "a b", "é", "a-b", &"a".repeat(65)] {
        assert!(text.parse::<MembershipId>().is_err(), "{text:?}");
    }
    assert!("a".repeat(64).parse::<MembershipId>().is_ok());
}
