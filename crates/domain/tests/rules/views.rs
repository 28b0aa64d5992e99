//! What a tenant sees of a user.

use super::*;
use domain::{
    AccountRules, Attachment, Credentials, ForeignProfile, ListQuery, PersonName, PolicyContext,
    Sort, SortField, Standing, Timestamp, UserView,
};
use proptest::prelude::*;

/// Returns a user with every field, at home in globex, and attached to acme by its address.
fn full(name: &str) -> User {
    let since = context().now.plus_millis(-1000);
    let email = format!("{name}@example.com").parse().expect("an address");
    let attachment = Attachment { id: "m1".parse().expect("an id"), since, email };
    let mut full = User::builder(id(name), attachment.email.clone())
        .username("login".parse().expect("a username"))
        .given_name("Given".parse().expect("a name"))
        .family_name("Family".parse().expect("a name"))
        .display_name("Display".parse().expect("a name"))
        .service_user(true)
        .blocked(true)
        .created_at(Timestamp::UNIX_EPOCH)
        .updated_at(context().now)
        .last_login(context().now)
        .home(tenant("globex"))
        .membership(tenant("globex"), role("owner"))
        .build();
    let guest = "Guest".parse().ok();
    full.attach(&tenant("acme"), role("viewer"), guest, attachment);
    full
}

fn verified(user: User) -> User {
    User { credentials: Credentials { email_verified: true, ..Credentials::default() }, ..user }
}

fn hidden_profiles() -> PolicyContext {
    let foreign_profile = ForeignProfile::Hidden;
    context().with_rules(AccountRules { foreign_profile, ..AccountRules::default() })
}

fn seen<'a>(user: &'a User, at: &str, context: &PolicyContext) -> Option<UserView<'a>> {
    let operation = Operation::ReadTenantUsers;
    let scope = tenant_scope(&operator(), operation, Some(&tenant(at)), context).expect("a scope");
    let view = scope.view(user).map(UserView::into_owned);
    assert_eq!(view, scope.into_view(user.clone()));
    view
}

/// Asserts that the view has only what the tenant entered, and the block if it may be known.
fn assert_masked(view: &UserView<'_>, whole: &User, blocked: bool) {
    let acme = tenant("acme");
    let membership = whole.memberships.get(&acme).expect("a member");
    let attachment = membership.attachment.clone().expect("attached");
    let expected = User {
        blocked,
        created_at: attachment.since,
        memberships: [(acme, membership.clone())].into(),
        ..User::builder(whole.id.clone(), attachment.email).build()
    };
    assert_eq!(**view, expected);
    assert_eq!(view.name_in(&tenant("acme")).map(DisplayName::as_str), Some("Guest"));
    assert_eq!(view.username_or_email(), view.email.as_str());
    assert!(!view.is_managed_here());
}

#[test]
fn pending_user_shows_only_what_the_tenant_entered() {
    let mut pending = full("ada");
    let view = seen(&pending, "acme", &context()).expect("a member");
    assert_eq!(view.standing(), Some(Standing::Pending));
    assert_masked(&view, &pending, false);
    // The address that it gave, not the one that the account has now.
    pending.email = "secret@example.com".parse().expect("an address");
    let view = seen(&pending, "acme", &context()).expect("a member");
    assert_eq!(view.email.as_str(), "ada@example.com");
}

#[test]
fn active_or_home_user_is_shown_whole() {
    let active = verified(full("ada"));
    let view = seen(&active, "acme", &context()).expect("a member");
    assert_eq!((view.standing(), view.is_managed_here()), (Some(Standing::Active), false));
    assert_eq!(*view, active);
    for context in [context(), hidden_profiles()] {
        let unproven = full("ada");
        let view = seen(&unproven, "globex", &context).expect("a member");
        assert_eq!((view.standing(), view.is_managed_here()), (Some(Standing::Active), true));
        assert_eq!(*view, unproven);
    }
    assert_eq!(seen(&active, "initech", &context()), None);
}

#[test]
fn suspended_or_expired_user_is_masked_without_proof() {
    for (suspended, ends, standing) in
        [(true, None, Standing::Suspended), (false, Some(context().now), Standing::Expired)]
    {
        let mut unproven = full("ada");
        let membership = unproven.memberships.get_mut(&tenant("acme")).expect("a member");
        (membership.suspended, membership.expires_at) = (suspended, ends);
        let view = seen(&unproven, "acme", &context()).expect("a member");
        assert_eq!(view.standing(), Some(standing));
        assert_masked(&view, &unproven, false);
        let proven = verified(unproven);
        let view = seen(&proven, "acme", &context()).expect("a member");
        assert_eq!((view.standing(), &*view), (Some(standing), &proven));
    }
}

#[test]
fn hidden_foreign_profile_shows_the_block_only() {
    let active = verified(full("ada"));
    let view = seen(&active, "acme", &hidden_profiles()).expect("a member");
    assert_eq!(view.standing(), Some(Standing::Active));
    assert_masked(&view, &active, true);
    let pending = full("ada");
    let view = seen(&pending, "acme", &hidden_profiles()).expect("a member");
    assert_masked(&view, &pending, false);
}

#[test]
fn operators_and_the_person_see_the_whole_account() {
    let pending = full("caller");
    let own = actor(&[], Coverage::Listed([].into()));
    let own = domain::policy::own_account_scope(&own, &context()).expect("a scope");
    let by_home = viewing(&covering(&["globex"]));
    for scope in [viewing(&operator()), own, by_home] {
        let view = scope.view(&pending).expect("visible");
        assert_eq!((&*view, view.tenant()), (&pending, Some(&tenant("globex"))));
    }
    let by_acme = viewing(&covering(&["acme"]));
    assert_masked(&by_acme.view(&pending).expect("visible"), &pending, false);
    // A caller of both tenants sees it through its home.
    let both = viewing(&covering(&["acme", "globex"]));
    assert_eq!(*both.view(&pending).expect("visible"), pending);
    let nowhere = user("target", None, &[]);
    let operators = viewing(&operator());
    let view = operators.view(&nowhere).expect("visible");
    assert_eq!((view.tenant(), view.standing()), (None, None));
}

/// Changes everything about an account that a pending view hides.
fn with_secrets(account: &User, secrets: &(String, String, i64, bool)) -> User {
    let (first, second, time, flag) = secrets;
    let name = |text: &str| text.parse::<PersonName>().ok();
    let at = Timestamp::from_unix_millis(*time).ok();
    User {
        email: format!("{first}@hidden.example").parse().expect("an address"),
        username: format!("{second}.login").parse().ok(),
        given_name: name(first),
        family_name: name(second),
        display_name: format!("{first} {second}").parse().ok(),
        service_user: *flag,
        blocked: *flag,
        created_at: at.unwrap_or(Timestamp::UNIX_EPOCH),
        updated_at: at,
        last_login: at,
        home: flag.then(|| tenant("globex")),
        memberships: account.memberships.clone(),
        ..User::builder(account.id.clone(), account.email.clone()).build()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn lists_are_invariant_under_what_views_hide(
        before in proptest::collection::vec(("[a-z]{1,8}", "[a-z]{1,8}", 0..2_000_000_000_000_i64, any::<bool>()), 6),
        after in proptest::collection::vec(("[a-z]{1,8}", "[a-z]{1,8}", 0..2_000_000_000_000_i64, any::<bool>()), 6),
        descending in any::<bool>(),
    ) {
        let scope = writing(&operator(), "acme");
        let users = |secrets: &[(String, String, i64, bool)]| {
            let accounts = secrets.iter().enumerate().map(|(number, secrets)| {
                with_secrets(&full(&format!("user{number}")), secrets)
            });
            accounts.collect::<Vec<_>>()
        };
        let (before, after) = (users(&before), users(&after));
        for field in SortField::ALL {
            let query = ListQuery { sort: Sort { field, descending }, page: None };
            let select = |users: &[User]| {
                let views: Vec<_> = users.iter().filter_map(|user| scope.view(user)).collect();
                let selected = query.select(&views).into_iter().cloned();
                selected.map(UserView::into_owned).collect::<Vec<_>>()
            };
            prop_assert_eq!(select(&before), select(&after));
        }
    }
}
