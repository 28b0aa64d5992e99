//! R1: a caller sees users of covered tenants only.

use super::*;

#[test]
fn user_is_hidden_from_other_tenants() {
    let target = user("target", Some("globex"), &[("globex", "member")]);
    for caller in [covering(&["acme"]), holding(&[("acme", "owner")]), covering(&[])] {
        assert!(!viewing(&caller).can_see(&target));
        assert_eq!(modifying(&caller).authorize_change(&target), Err(Denied::Hidden));
        assert_eq!(modifying(&caller).authorize_password(&target), Err(Denied::Hidden));
    }
    assert_eq!(rename(&writing(&covering(&["acme"]), "acme"), &target), Err(Denied::Hidden));
}

#[test]
fn detached_user_is_hidden_from_its_home() {
    let detached = user("target", Some("acme"), &[("globex", "member")]);
    for caller in [covering(&["acme"]), holding(&[("acme", "owner")])] {
        assert!(!viewing(&caller).can_see(&detached));
        assert!(!writing(&caller, "acme").can_see(&detached));
        assert_eq!(modifying(&caller).authorize_change(&detached), Err(Denied::Hidden));
    }
}

#[test]
fn unattached_account_is_visible_to_operators_only() {
    let loose = user("target", Some("acme"), &[]);
    assert!(!viewing(&covering(&["acme"])).can_see(&loose));
    assert!(viewing(&operator()).can_see(&loose));
    assert_eq!(viewing(&operator()).visible_tenant(&loose), None);
    assert_eq!(rename(&writing(&operator(), "acme"), &loose), Err(Denied::Hidden));
}

#[test]
fn visible_tenant_is_home_or_first_by_name() {
    let target =
        user("target", Some("beta"), &[("acme", "member"), ("beta", "member"), ("zeta", "member")]);
    let through = |caller: &Actor| viewing(caller).visible_tenant(&target).cloned();
    assert_eq!(through(&covering(&["acme", "beta", "zeta"])), Some(tenant("beta")));
    assert_eq!(through(&operator()), Some(tenant("beta")));
    assert_eq!(through(&covering(&["zeta", "acme"])), Some(tenant("acme")));
    assert_eq!(through(&covering(&["zeta"])), Some(tenant("zeta")));
    assert_eq!(through(&covering(&["other"])), None);
}

#[test]
fn detached_home_is_not_the_visible_tenant() {
    let detached = user("target", Some("acme"), &[("globex", "member")]);
    let both = covering(&["acme", "globex"]);
    assert_eq!(viewing(&both).visible_tenant(&detached), Some(&tenant("globex")));
}

#[test]
fn role_without_read_hides_the_user() {
    let caller = holding(&[("acme", "member"), ("globex", "admin")]);
    let target = user("target", Some("acme"), &[("acme", "member")]);
    assert!(!viewing(&caller).can_see(&target));
    assert_eq!(modifying(&caller).authorize_change(&target), Err(Denied::Hidden));
    let of_both = user("target", Some("acme"), &[("acme", "member"), ("globex", "member")]);
    assert_eq!(viewing(&caller).visible_tenant(&of_both), Some(&tenant("globex")));
}

#[test]
fn write_only_role_may_change_hidden_user() {
    let caller = holding(&[("acme", "writer"), ("globex", "viewer")]);
    let target = user("target", Some("acme"), &[("acme", "member")]);
    assert!(!viewing(&caller).can_see(&target));
    assert_eq!(modifying(&caller).authorize_change(&target), Ok(()));
}

#[test]
fn tenant_scope_sees_members_of_its_tenant_only() {
    let elsewhere = user("target", Some("acme"), &[("globex", "member")]);
    let scope = AccountScope::from(&writing(&operator(), "acme"));
    assert!(!scope.can_see(&elsewhere));
}
