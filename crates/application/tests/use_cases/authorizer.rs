//! From a bearer to a scope: the directory calls before the policy decides.

use std::sync::Arc;

use application::UseCaseError;
use domain::{Bearer, ClaimedTenants, Operation, Permission, Refusal};
use ports::PortError;

use crate::support::{
    TestPorts, acme, assert_refused, globex, listed, member, operator, role, user, valid,
    without_permissions,
};

fn all_bearers() -> [Bearer; 3] {
    [listed(&["acme"]), member("ann"), operator()]
}

#[tokio::test]
async fn missing_permission_is_refused_before_directory_call() {
    for bearer in all_bearers().map(without_permissions) {
        for operation in Operation::ALL {
            let authorizer = TestPorts::default().services().authorizer;
            let missing = Refusal::MissingPermission(operation.permissions()[0]);
            for tenant in [Some(acme()), None] {
                assert_refused(
                    authorizer.tenant(&bearer, operation, tenant.as_ref()).await,
                    missing,
                );
            }
            assert_refused(authorizer.account(&bearer, operation).await, missing);
        }
    }
}

#[tokio::test]
async fn permission_of_other_contract_is_refused_before_directory_call() {
    let only =
        |permission| Bearer { permissions: [permission].into_iter().collect(), ..member("ann") };
    for permission in Permission::ALL {
        for operation in Operation::ALL {
            if operation.permissions().contains(&permission) {
                continue;
            }
            let authorizer = TestPorts::default().services().authorizer;
            let missing = Refusal::MissingPermission(operation.permissions()[0]);
            let bearer = only(permission);
            assert_refused(authorizer.tenant(&bearer, operation, Some(&acme())).await, missing);
        }
    }
}

#[tokio::test]
async fn missing_permission_for_password_is_refused_before_lookup() {
    let missing = Refusal::MissingPermission(Permission::ModifyUsersAndGroups);
    for bearer in all_bearers().map(without_permissions) {
        let authorizer = TestPorts::default().services().authorizer;
        let other = valid("auth0|somebody-else");
        assert_refused(authorizer.own_password(&bearer, Some(&other)).await, missing);
        assert_refused(authorizer.own_password(&bearer, None).await, missing);
    }
}

#[tokio::test]
async fn memberships_are_read_once() {
    let ann = user("ann", &[("acme", "admin")]);
    for operation in Operation::ALL {
        let authorizer = TestPorts::finding(&ann).services().authorizer;
        authorizer.tenant(&member("ann"), operation, Some(&acme())).await.unwrap();
        let authorizer = TestPorts::finding(&ann).services().authorizer;
        authorizer.account(&member("ann"), operation).await.unwrap();
    }
    let authorizer = TestPorts::finding(&ann).services().authorizer;
    authorizer.own_password(&member("ann"), Some(&ann.id)).await.unwrap();
    let authorizer = TestPorts::finding(&ann).services().authorizer;
    authorizer.grants(&member("ann"), Some(&acme())).await.unwrap();
}

#[tokio::test]
async fn grants_end_at_the_bearers_own_role() {
    let names = ["owner", "admin", "viewer", "member"];
    for (own, expected) in [("owner", &names[..]), ("admin", &names[1..]), ("viewer", &[])] {
        let ann = user("ann", &[("acme", own)]);
        let authorizer = TestPorts::finding(&ann).services().authorizer;

        let grants = authorizer.grants(&member("ann"), Some(&acme())).await.unwrap();

        let allowed: Vec<_> = names.into_iter().filter(|name| grants.allow(&role(name))).collect();
        assert_eq!(allowed, expected, "{own}");
    }
}

#[tokio::test]
async fn grants_require_read_and_write() {
    let operator = |permissions: &[Permission]| Bearer {
        permissions: permissions.iter().copied().collect(),
        ..operator()
    };
    let (read, write) = (Permission::TenantAccessRead, Permission::TenantAccessWrite);
    let authorizer = TestPorts::default().services().authorizer;

    let refused = authorizer.grants(&operator(&[write]), Some(&acme())).await;
    let without_write = authorizer.grants(&operator(&[read]), Some(&acme())).await.unwrap();
    let both = authorizer.grants(&operator(&[read, write]), Some(&acme())).await.unwrap();

    assert_refused(refused, Refusal::MissingPermission(read));
    assert_eq!((without_write.allow(&role("member")), both.allow(&role("member"))), (false, true));
}

#[tokio::test]
async fn lookup_reads_the_bearers_account_in_any_tenant() {
    let ann = user("ann", &[("acme", "admin")]);
    let snapshot = user("ann", &[]);
    let mut ports = TestPorts::default();
    let found = ann.clone();
    ports
        .directory
        .expect_find()
        .withf(move |scope, id| scope.can_see(&snapshot) && id.as_str() == "auth0|ann")
        .times(1)
        .returning(move |_, _| Ok(Some(Arc::new(found.clone()))));
    let authorizer = ports.services().authorizer;
    let scope = authorizer.tenant(&member("ann"), Operation::ReadTenantUsers, Some(&acme())).await;
    // The system scope served the lookup only; the policy made the resulting scope.
    assert!(scope.unwrap().can_see(&ann));
    let authorizer = TestPorts::finding(&ann).services().authorizer;
    let scope = authorizer.account(&member("ann"), Operation::ViewUsers).await.unwrap();
    assert!(!scope.can_see(&user("gil", &[("globex", "member")])));
}

#[tokio::test]
async fn token_with_listed_tenants_needs_no_lookup() {
    for bearer in [listed(&["acme"]), operator()] {
        let authorizer = TestPorts::default().services().authorizer;
        for operation in Operation::ALL {
            authorizer.tenant(&bearer, operation, Some(&acme())).await.unwrap();
            authorizer.account(&bearer, operation).await.unwrap();
        }
    }
}

#[tokio::test]
async fn bearer_without_subject_covers_no_tenant() {
    let bearer = Bearer { subject: None, ..member("ann") };
    let authorizer = TestPorts::default().services().authorizer;
    for operation in Operation::ALL {
        let refused = authorizer.tenant(&bearer, operation, Some(&acme())).await;
        assert_refused(refused, Refusal::TenantNotCovered);
        assert_refused(authorizer.account(&bearer, operation).await, Refusal::InsufficientRole);
    }
}

#[tokio::test]
async fn unknown_or_blocked_caller_covers_no_tenant() {
    let ann = user("ann", &[("acme", "owner")]);
    let blocked = domain::User { blocked: true, ..ann.clone() };
    let mistaken = domain::User { id: valid("auth0|olga"), ..ann };
    for found in [None, Some(blocked), Some(mistaken)] {
        let mut ports = TestPorts::default();
        ports.directory.expect_find().returning(move |_, _| Ok(found.clone().map(Arc::new)));
        let authorizer = ports.services().authorizer;
        for operation in Operation::ALL {
            let refused = authorizer.tenant(&member("ann"), operation, Some(&acme())).await;
            assert_refused(refused, Refusal::TenantNotCovered);
            assert_refused(
                authorizer.account(&member("ann"), operation).await,
                Refusal::InsufficientRole,
            );
        }
    }
}

#[tokio::test]
async fn issuer_of_one_tenant_limits_memberships() {
    let ann = user("ann", &[("acme", "admin"), ("globex", "owner")]);
    let within = ClaimedTenants::Memberships { within: Some(acme()) };
    let bearer = Bearer { tenants: within, ..member("ann") };
    let authorizer = TestPorts::finding(&ann).services().authorizer;
    authorizer.tenant(&bearer, Operation::WriteTenantUsers, Some(&acme())).await.unwrap();
    let authorizer = TestPorts::finding(&ann).services().authorizer;
    let refused = authorizer.tenant(&bearer, Operation::WriteTenantUsers, Some(&globex())).await;
    assert_refused(refused, Refusal::TenantNotCovered);
}

#[tokio::test]
async fn failed_lookup_refuses_the_caller() {
    let mut ports = TestPorts::default();
    ports.directory.expect_find().times(3).returning(|_, _| Err(PortError::Timeout));
    let authorizer = ports.services().authorizer;
    let ann = member("ann");
    let tenant = authorizer.tenant(&ann, Operation::ReadTenantUsers, Some(&acme())).await;
    assert!(matches!(tenant, Err(UseCaseError::Timeout)), "{tenant:?}");
    let account = authorizer.account(&ann, Operation::ViewUsers).await;
    assert!(matches!(account, Err(UseCaseError::Timeout)), "{account:?}");
    let own = authorizer.own_password(&ann, ann.subject.as_ref()).await;
    assert!(matches!(own, Err(UseCaseError::Timeout)), "{own:?}");
}

#[tokio::test]
async fn own_password_scope_needs_no_permission() {
    let ann = user("ann", &[("acme", "member")]);
    let bearer = without_permissions(member("ann"));
    let authorizer = TestPorts::finding(&ann).services().authorizer;
    let scope = authorizer.own_password(&bearer, Some(&ann.id)).await.unwrap();
    assert_eq!(scope.authorize_password(&ann), Ok(()));
    // The scope is for that one password only.
    assert!(scope.authorize_change(&ann).is_err());
    let other = user("bea", &[("acme", "member")]);
    assert!(scope.authorize_password(&other).is_err());
}
