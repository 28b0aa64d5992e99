//! The macros that make tests of cases. `tests/suites.rs` fails if a case is in no list.

/// Makes a test of each of the named cases. The runtime has two threads, for cases that race.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    ($subject:path => $($file:ident: [$($case:ident),* $(,)?])*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::$file::$case(&$subject().await).await;
            }
        )*)*
    };
}

/// Makes a test of each case for [`UserDirectory`](ports::UserDirectory).
///
/// It takes the name of an async function that makes a [`Subject`](crate::Subject).
#[macro_export]
macro_rules! directory_suite {
    ($subject:path) => {
        $crate::suite_tests! { $subject =>
            users: [
                an_account_is_found_only_through_a_tenant_that_the_scope_covers,
                an_account_is_found_only_where_the_callers_own_role_may_read,
                an_unknown_id_finds_nobody,
                an_account_attached_to_nothing_is_found_by_operators_only,
                a_directory_is_ready,
                a_new_account_is_at_home_in_the_tenant_and_attached_to_it_alone,
                a_new_account_keeps_what_it_was_given,
                addresses_and_usernames_are_kept_and_compared_in_lower_case,
                a_new_account_is_created_at_the_present_moment,
                no_two_accounts_have_one_address_whatever_their_tenants,
                no_two_accounts_have_one_username_whatever_their_tenants,
                nobody_is_created_with_a_weak_password,
                nobody_is_created_above_the_callers_own_role,
                a_scope_for_seeing_changes_nothing,
            ]
            accounts: [
                an_account_change_sets_all_of_it_for_every_tenant,
                a_change_is_dated_and_moves_no_other_date,
                an_address_that_was_changed_is_free_again,
                a_taken_address_with_other_names_changes_the_names_alone,
                a_taken_address_and_nothing_else_is_a_conflict,
                an_accounts_own_address_is_not_taken,
                only_callers_of_the_home_tenant_change_an_account,
                operators_change_every_account,
                an_account_without_a_home_is_for_operators_to_change,
                a_strangers_account_does_not_exist,
                to_a_home_that_detached_it_an_account_does_not_exist,
                an_account_that_is_gone_cannot_be_changed,
                the_holder_of_a_higher_role_is_out_of_reach,
                a_deleted_account_is_gone_for_every_tenant,
                a_deleted_account_frees_its_address_and_username,
            ]
            attach_or_create: [
                enlisting_an_unknown_address_creates_an_account_at_home_here,
                enlisting_a_known_address_attaches_its_account,
                enlisting_a_stranger_names_the_membership_alone,
                enlisting_an_account_at_its_home_again_renames_the_account,
                enlisting_an_account_without_a_home_names_the_membership_alone,
                nobody_is_attached_twice,
                nobody_is_enlisted_above_the_callers_own_role,
                a_blocked_account_is_attached_and_stays_blocked,
                a_stored_role_outside_the_catalogue_is_no_membership,
                a_stored_role_outside_the_catalogue_does_not_stand_against_enlisting,
                a_role_that_came_to_the_catalogue_is_a_membership_from_then_on,
                a_role_that_left_the_catalogue_is_no_membership_any_more,
            ]
            memberships: [
                a_role_is_changed_in_one_tenant_alone,
                the_home_tenant_renames_the_account,
                another_tenant_renames_its_membership_alone,
                what_is_absent_from_a_membership_change_stays,
                a_strangers_membership_does_not_exist,
                nobody_is_raised_above_the_callers_own_role,
                a_membership_above_the_callers_own_role_is_out_of_reach,
                a_detached_account_is_kept_for_the_other_tenant,
                who_is_detached_already_is_not_found,
                an_account_outlives_its_last_membership,
                a_membership_that_was_taken_away_leaves_no_name_behind,
            ]
            protected: [
                the_last_holder_is_neither_demoted_nor_detached_nor_deleted,
                a_holder_may_go_while_another_stays,
                the_last_but_one_makes_the_other_the_last,
                blocked_holders_count_for_nothing,
                a_stored_role_outside_the_catalogue_counts_for_nothing,
                a_deletion_counts_every_tenant,
                each_protected_role_has_a_holder_of_its_own,
                a_promotion_is_no_demotion,
                the_last_holder_may_be_renamed_and_given_the_same_role,
                other_refusals_come_before_that_of_the_last_holder,
            ]
            isolation: [
                nothing_done_to_anothers_account_is_seen_at_its_home,
                nothing_done_to_an_account_without_a_home_is_seen_elsewhere,
                nothing_done_among_ones_own_people_is_seen_elsewhere,
                the_home_changes_neither_role_nor_name_of_another_tenants_own,
                a_caller_of_both_tenants_changes_one_membership_at_a_time,
            ]
            listing: [
                a_list_holds_everybody_of_the_tenant_and_nobody_else,
                a_tenant_without_people_has_an_empty_list,
                every_order_is_kept,
                who_ties_stands_by_ascending_id_in_both_directions,
                pages_hold_everybody_exactly_once_and_in_order,
                a_page_past_the_end_is_empty_and_tells_the_total,
                a_list_holds_what_was_changed_before_it,
            ]
            races: [
                of_two_last_holders_one_is_kept_however_they_go,
                a_tenant_keeps_a_holder_when_the_other_is_deleted_by_another_tenant,
                one_address_is_given_to_one_of_two_creations,
                one_username_is_given_to_one_of_two_creations,
                one_address_is_given_to_a_creation_or_to_a_change,
                of_two_enlistments_of_one_address_in_one_tenant_one_succeeds,
                two_tenants_that_enlist_one_new_address_share_one_account,
                an_enlistment_against_a_creation_leaves_one_account,
                attaching_against_detaching_happens_in_one_of_the_two_orders,
                two_tenants_changes_to_one_account_do_not_undo_each_other,
            ]
        }
    };
}

/// Makes a test of each case for [`PasswordCheck`](ports::PasswordCheck) and the passwords of a
/// directory.
///
/// It takes the name of an async function that makes a [`Subject`](crate::Subject).
#[macro_export]
macro_rules! password_suite {
    ($subject:path) => {
        $crate::suite_tests! { $subject =>
            passwords: [
                only_the_accounts_own_password_matches,
                what_cannot_be_a_password_is_merely_a_wrong_one,
                no_password_matches_where_there_is_none,
                a_password_is_checked_as_the_scope_admits,
                a_planted_password_matches,
                a_new_password_takes_the_place_of_the_old_one,
                a_weak_password_is_not_taken_and_the_old_one_stays,
                only_callers_of_the_home_tenant_set_a_password,
                a_strangers_password_cannot_be_set,
                the_password_of_an_account_without_a_home_is_for_operators_to_set,
                the_password_of_the_holder_of_a_higher_role_is_out_of_reach,
                users_set_their_own_password_in_any_of_their_tenants,
                ones_own_password_is_out_of_reach_from_a_tenant_one_is_not_in,
                the_scope_of_the_own_password_opens_nothing_else,
                blocked_users_neither_prove_nor_set_their_own_password,
                a_blocked_account_with_a_new_password_stays_blocked,
                a_password_outlives_every_other_change,
                a_deleted_accounts_password_is_not_that_of_its_successor,
                a_failed_creation_leaves_the_other_accounts_password_alone,
            ]
        }
    };
}

/// Makes a test of each case for a [`UserDirectory`](ports::UserDirectory) that reads and writes
/// in one step.
///
/// It takes the name of an async function that makes a [`Subject`](crate::Subject).
#[macro_export]
macro_rules! one_step_suite {
    ($subject:path) => {
        $crate::suite_tests! { $subject =>
            one_step: [
                who_rose_since_the_caller_looked_is_out_of_reach,
                who_was_detached_since_the_caller_looked_is_not_found,
                who_was_deleted_since_the_caller_looked_is_not_found,
                a_change_leaves_what_changed_since_the_caller_looked,
                only_the_id_of_what_the_caller_saw_matters,
            ]
        }
    };
}

/// Makes a test of each case for [`KeySource`](ports::KeySource).
///
/// It takes the name of an async function that makes a
/// [`KeySubject`](crate::KeySubject).
#[macro_export]
macro_rules! key_source_suite {
    ($subject:path) => {
        $crate::suite_tests! { $subject =>
            keys: [
                an_issuer_has_its_own_keys_and_nobody_elses,
                every_known_kind_of_key_comes_through_unchanged,
                keys_that_cannot_verify_signatures_are_left_out,
                an_empty_key_set_is_no_error,
                every_call_is_a_fetch_and_sees_rotated_keys,
                an_issuer_that_fails_is_an_error_and_stands_alone,
                an_issuer_that_publishes_nothing_is_an_error,
            ]
        }
    };
}
