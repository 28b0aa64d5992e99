//! The limit on invitations.

use std::sync::Arc;

use std::time::Duration;

use application::UseCaseError;
use conformance::Caller;
use domain::Refusal;
use ports::{Conflict, PortError, PortResult, RejectedValue};

use crate::support::{TestPorts, acme, user};

/// Invites ann twice, the first time with this outcome, and returns both outcomes in a word.
async fn invite_twice(first: PortResult<()>) -> [String; 2] {
    let ann = user("ann", &[("acme", "member")]);
    let mut ports = TestPorts::default();
    let (found, first) = (ann.clone(), std::sync::Mutex::new(Some(first)));
    ports.directory.expect_find().returning(move |_, _| Ok(Some(Arc::new(found.clone()))));
    let send = move || first.lock().unwrap().take().unwrap_or(Ok(()));
    ports.directory.expect_send_invitation().returning(move |_, _| send());
    let services = ports.services();
    let scope = Caller::of([acme()]).writes(&acme());
    let invite = async || match services.tenant_users.invite(&scope, &ann.id).await {
        Ok(()) => "sent".to_owned(),
        Err(UseCaseError::TooManyInvitations { retry_after }) => {
            assert_eq!(retry_after, Duration::from_mins(10));
            "limited".to_owned()
        }
        Err(_) => "failed".to_owned(),
    };
    [invite().await, invite().await]
}

#[tokio::test]
async fn invitation_is_counted_unless_it_was_certainly_not_sent() {
    assert_eq!(invite_twice(Ok(())).await, ["sent", "limited"]);
    // The directory may have sent one of the mails.
    let source = || Box::new(std::io::Error::other("cut off"));
    for lost in [
        PortError::Timeout,
        PortError::Failed { source: source() },
        PortError::Unavailable { retry_after: None, source: Some(source()) },
    ] {
        assert_eq!(invite_twice(Err(lost)).await, ["failed", "limited"]);
    }
    for unsent in [
        PortError::NotFound,
        PortError::Refused(Refusal::TenantNotCovered),
        PortError::Conflict(Conflict::MailUnavailable),
        PortError::Rejected(RejectedValue::Unsupported(Vec::new())),
    ] {
        assert_eq!(invite_twice(Err(unsent)).await, ["failed", "sent"]);
    }
}
