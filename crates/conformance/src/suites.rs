//! The macros that make tests of cases. `tests/suites.rs` fails if a case is in no list.

/// Makes a test of each of the named cases. The runtime has two threads, for cases that race. A test
/// passes without a subject where the function returns `None`.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    ($subject:path => $($file:ident: [$($case:ident),* $(,)?])*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let subject: Option<_> = $subject().await.into();
                if let Some(subject) = subject {
                    $crate::$file::$case(&subject).await;
                }
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
                account_is_found_through_covered_tenants_only,
                account_is_found_where_role_may_read,
                unknown_id_is_not_found,
                unattached_account_is_found_by_operators_only,
                directory_is_ready,
                new_account_is_attached_to_its_home_only,
                new_account_has_the_given_values,
                addresses_and_usernames_are_lower_case,
                new_account_has_current_creation_time,
                email_is_unique_across_tenants,
                username_is_unique_across_tenants,
                weak_password_prevents_creation,
                creation_above_callers_role_is_refused,
                read_scope_changes_nothing,
            ]
            accounts: [
                account_change_is_visible_in_every_tenant,
                changed_address_is_stored_in_lower_case,
                change_sets_updated_at_only,
                replaced_address_is_free_again,
                taken_address_with_new_names_changes_names_only,
                taken_address_alone_is_a_conflict,
                own_address_is_not_taken,
                only_home_tenant_changes_an_account,
                operator_changes_every_account,
                only_operators_change_account_without_home,
                account_of_another_tenant_is_not_found,
                detached_account_is_not_found_by_its_home,
                deleted_account_cannot_be_changed,
                holder_of_higher_role_is_refused,
                deleted_account_is_gone_in_every_tenant,
                deletion_frees_address_and_username,
            ]
            attach_or_create: [
                unknown_address_creates_account_at_home_here,
                known_address_attaches_its_account,
                attaching_foreign_account_names_membership_only,
                reattaching_at_home_renames_the_account,
                attaching_account_without_home_names_membership_only,
                attaching_twice_is_a_conflict,
                attaching_above_callers_role_is_refused,
                attached_blocked_account_stays_blocked,
                unknown_stored_role_is_no_membership,
                unknown_stored_role_does_not_prevent_attaching,
                role_added_to_catalogue_restores_membership,
                role_removed_from_catalogue_ends_membership,
            ]
            memberships: [
                role_change_affects_one_tenant_only,
                home_tenant_renames_the_account,
                foreign_tenant_renames_its_membership_only,
                absent_membership_fields_stay,
                membership_of_another_tenant_is_not_found,
                user_cannot_be_raised_above_callers_role,
                membership_above_callers_role_cannot_be_changed,
                detached_account_stays_in_other_tenant,
                second_detach_is_not_found,
                account_survives_its_last_membership,
                detach_removes_the_membership_name,
            ]
            protected: [
                last_holder_cannot_be_demoted_detached_or_deleted,
                holder_can_leave_while_another_remains,
                remaining_holder_becomes_the_last,
                blocked_holders_do_not_count,
                unknown_stored_role_does_not_count,
                home_deletes_last_holder_of_another_tenant,
                home_cannot_delete_its_own_last_holder,
                operator_deletion_is_held_by_every_tenant_unless_forced,
                pending_holders_do_not_count,
                each_protected_role_needs_its_own_holder,
                promotion_of_last_holder_is_allowed,
                last_holder_can_be_renamed,
                other_refusals_precede_last_holder_check,
            ]
            isolation: [
                changes_by_foreign_tenant_are_invisible_at_home,
                changes_to_account_without_home_are_invisible_elsewhere,
                changes_to_own_users_are_invisible_elsewhere,
                home_cannot_change_memberships_of_other_tenants,
                caller_of_both_tenants_changes_one_membership,
            ]
            listing: [
                list_contains_all_users_of_the_tenant_only,
                tenant_without_users_has_empty_list,
                every_sort_order_is_respected,
                ties_are_ordered_by_ascending_id,
                pages_contain_each_user_once_in_order,
                page_past_the_end_is_empty_with_total,
                list_contains_earlier_changes,
            ]
            proof: [
                unverified_account_is_attached_pending,
                verified_account_is_attached_active,
                account_without_home_is_attached_pending,
                attaching_pending_account_again_confirms_it,
                confirming_does_not_lift_the_role_ceiling,
                pending_role_is_not_above_the_callers,
                password_given_at_creation_leaves_foreign_membership_pending,
                password_set_by_home_makes_foreign_membership_pending,
                address_set_by_home_makes_foreign_membership_pending,
                refused_change_leaves_no_stamp,
                operators_password_closes_the_stamp,
                own_password_renews_open_stamp_and_opens_none,
                password_reset_by_mail_closes_the_stamp,
                older_membership_stays_pending_after_a_reset_at_a_new_address,
                operator_vouches_and_withdraws,
                only_operators_vouch,
            ]
            ways_out: [
                operator_moves_and_clears_a_home,
                home_moves_only_to_attached_tenants,
                only_operators_move_a_home,
                release_removes_memberships_and_homes,
                release_changes_at_most_the_limit,
                release_removes_unknown_stored_roles,
                only_operators_release_a_tenant,
                person_leaves_a_tenant_and_no_other,
                last_active_holder_cannot_leave,
                blocked_person_cannot_leave,
                tenants_issuer_lets_own_accounts_leave_there_only,
                invitation_is_authorized_before_mail,
            ]
            caller_role: [
                lost_role_prevents_creation,
                lost_role_prevents_attaching,
                lost_role_prevents_creating_member,
                lost_role_prevents_membership_change,
                lost_role_prevents_detaching,
                lost_role_prevents_account_change,
                lost_role_prevents_setting_password,
                lost_role_prevents_deletion,
                lost_role_prevents_invitation,
            ]
            views: [
                pending_user_shows_only_what_its_tenant_entered,
                lists_do_not_depend_on_what_pending_hides,
                list_equals_what_is_found,
                unchanged_values_leave_updated_at,
            ]
            races: [
                racing_removals_keep_one_holder,
                racing_deletion_by_operator_keeps_one_holder,
                racing_creations_share_no_address,
                racing_creations_share_no_username,
                racing_creation_and_change_share_no_address,
                racing_attachments_in_one_tenant_succeed_once,
                racing_attachments_by_two_tenants_create_one_account,
                racing_attachment_and_creation_leave_one_account,
                racing_attach_and_detach_are_serialized,
                racing_changes_by_two_tenants_both_persist,
                racing_attachment_and_password_of_home_leave_pending,
                racing_leave_and_demotion_keep_one_holder,
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
                only_own_password_matches,
                invalid_password_text_is_a_mismatch,
                account_without_password_never_matches,
                password_check_respects_the_scope,
                stored_password_matches,
                new_password_replaces_old_one,
                weak_password_is_rejected_and_old_one_stays,
                only_home_tenant_sets_a_password,
                hidden_account_password_cannot_be_set,
                only_operators_set_password_without_home,
                password_of_higher_role_holder_cannot_be_set,
                user_sets_own_password_in_any_tenant,
                own_password_depends_on_the_kind_of_subject,
                own_password_scope_allows_nothing_else,
                blocked_user_cannot_prove_or_set_own_password,
                new_password_keeps_account_blocked,
                password_survives_every_other_change,
                successor_account_does_not_inherit_password,
                failed_creation_keeps_existing_password,
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
                user_promoted_after_read_cannot_be_changed,
                user_detached_after_read_is_not_found,
                user_deleted_after_read_is_not_found,
                change_keeps_concurrent_changes_to_other_fields,
                only_snapshot_id_is_used,
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
                issuer_has_its_own_keys_only,
                known_key_types_are_returned_unchanged,
                keys_sharing_a_kid_are_all_returned,
                keys_unfit_for_signatures_are_omitted,
                empty_key_set_is_no_error,
                every_call_fetches_and_returns_rotated_keys,
                failing_issuer_does_not_affect_others,
                issuer_that_published_nothing_does_not_exist,
            ]
        }
    };
}
