//! The caller's role is read again in the step of each change: whoever has lost it since its scope
//! was made changes nothing.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{AccountChange, MembershipChange, User};
use ports::PortError::{self, Refused};
use ports::PortResult;

use crate::caller::{Caller, acme, globex, writes};
use crate::catalogue::role;
use crate::subject::{StoreEvent, Subject};
use crate::values::{new_member, new_user, valid};

/// A way in which a caller loses its rights in acme.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Removed,
    Demoted,
    Blocked,
    Withdrawn,
}

impl Loss {
    const ALL: [Self; 4] = [Self::Removed, Self::Demoted, Self::Blocked, Self::Withdrawn];

    async fn befall(self, subject: &Subject, caller: &User) {
        let (directory, scope) = (&subject.directory, writes(&acme()));
        let demotion = MembershipChange { role: Some(role("member")), name: None };
        match self {
            Self::Removed => directory.detach(&scope, caller).await.unwrap(),
            Self::Demoted => {
                directory.change_membership(&scope, caller, demotion).await.map(drop).unwrap();
            }
            Self::Blocked => subject.store.happen(&caller.id, StoreEvent::Blocked).await,
            Self::Withdrawn => {
                let scope = crate::caller::operates();
                directory.set_email_verified(&scope, caller, false).await.map(drop).unwrap();
            }
        }
    }
}

/// Asserts of each loss that a call whose scope was made before it is refused and changes nothing, and
/// that it would have been allowed without.
///
/// The call is about ada, who is at home in acme and a member of globex.
async fn assert_renewed(
    subject: &Subject,
    mut call: impl AsyncFnMut(&Caller, &User) -> PortResult<()>,
) {
    subject.create(&acme(), "keeper", "owner").await;
    subject.create(&acme(), "ada", "member").await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    for (number, loss) in Loss::ALL.into_iter().enumerate() {
        let name = format!("caller{number}");
        subject.create(&globex(), &name, "member").await;
        let account = subject.attach(&acme(), &name, "admin").await;
        let caller = Caller::member(&account);
        loss.befall(subject, &account).await;
        let before = subject.users_of(&acme()).await;
        let result = call(&caller, &ada).await;
        assert!(
            matches!(result, Err(Refused(_) | PortError::NotFound)),
            "{loss:?} between scope and call: {result:?}"
        );
        assert_eq!(subject.users_of(&acme()).await, before, "{loss:?}");
        subject.assert_untouched(&ada).await;
    }
    subject.create(&globex(), "valid", "member").await;
    let account = subject.attach(&acme(), "valid", "admin").await;
    match call(&Caller::member(&account), &ada).await {
        Ok(()) | Err(PortError::Conflict(ports::Conflict::MailUnavailable)) => {}
        Err(error) => panic!("a caller with its role is allowed, not {error:?}"),
    }
}

pub async fn lost_role_prevents_creation(subject: &Subject) {
    assert_renewed(subject, async |caller, _| {
        let new = new_user("new", "member");
        subject.directory.create(&caller_writes(caller), new).await.map(drop)
    })
    .await;
}

pub async fn lost_role_prevents_attaching(subject: &Subject) {
    subject.create(&globex(), "bob", "member").await;
    assert_renewed(subject, async |caller, _| {
        let new_member = new_member("bob", "member");
        subject.directory.attach_or_create(&caller_writes(caller), new_member).await.map(drop)
    })
    .await;
}

pub async fn lost_role_prevents_creating_member(subject: &Subject) {
    assert_renewed(subject, async |caller, _| {
        let new_member = new_member("new", "member");
        subject.directory.attach_or_create(&caller_writes(caller), new_member).await.map(drop)
    })
    .await;
}

pub async fn lost_role_prevents_membership_change(subject: &Subject) {
    assert_renewed(subject, async |caller, ada| {
        let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Eve")) };
        let scope = caller_writes(caller);
        subject.directory.change_membership(&scope, ada, change).await.map(drop)
    })
    .await;
}

pub async fn lost_role_prevents_detaching(subject: &Subject) {
    assert_renewed(subject, async |caller, ada| {
        subject.directory.detach(&caller_writes(caller), ada).await
    })
    .await;
}

pub async fn lost_role_prevents_account_change(subject: &Subject) {
    assert_renewed(subject, async |caller, ada| {
        let change =
            AccountChange { email: valid("eve@example.com"), given_name: None, family_name: None };
        subject.directory.change_account(&caller.changes(), ada, change).await.map(drop)
    })
    .await;
}

pub async fn lost_role_prevents_setting_password(subject: &Subject) {
    assert_renewed(subject, async |caller, ada| {
        let password = valid("correct-horse");
        subject.directory.set_password(&caller.changes(), ada, password).await.map(drop)
    })
    .await;
}

pub async fn lost_role_prevents_deletion(subject: &Subject) {
    assert_renewed(subject, async |caller, ada| {
        subject.directory.delete(&caller.changes(), ada).await
    })
    .await;
}

pub async fn lost_role_prevents_invitation(subject: &Subject) {
    assert_renewed(subject, async |caller, ada| {
        subject.directory.send_invitation(&caller_writes(caller), ada).await
    })
    .await;
}

fn caller_writes(caller: &Caller) -> domain::TenantScope {
    caller.writes(&acme())
}
