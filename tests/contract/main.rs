//! Every promise of the store, on both engines: a case is named `postgres::r11_newest_completion_is_current`
//! after the rule that it shows. The list below stamps each case per engine; one that is left off is dead code.

#[path = "../support/mod.rs"]
mod support;

mod arrival;
mod ask;
mod builds;
mod checks;
mod classes;
mod commits;
mod creation;
mod database;
mod deferred_indexing;
mod deletion;
mod deployments;
mod filters;
mod fold;
mod freshness;
mod history;
mod latest;
mod latest_ready;
mod limits;
mod log;
mod metadata;
mod moments;
mod names;
mod pages;
mod plans;
mod readiness;
mod rebuild;
mod repeats;
mod report;
mod rollups;
mod runs;
mod several;
mod statistics;
mod times;
mod verdict;
mod watching;

macro_rules! contract {
    ($($module:ident { $($case:ident,)* })*) => {
        mod sqlite {
            use crate::database::{Case, Database};
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::$module::$case.run(Database::sqlite()).await;
                }
            )*)*
        }

        mod postgres {
            use crate::database::{Case, Database};
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::$module::$case.run(Database::postgres().await).await;
                }
            )*)*
        }
    };
}

contract! {
    creation {
        r1_an_event_creates_what_it_names,
        r1_within_a_batch_each_thing_is_created_once,
        r1_a_refused_event_creates_nothing,
        r2_any_identifier_is_kept_exactly,
        r2_the_case_of_names_matters,
        r4_each_status_is_kept_for_builds_deployments_and_checks,
        r12_an_environments_type_is_inferred_at_its_creation,
    }
    commits {
        r3_another_commit_is_refused_and_changes_nothing,
        r3_seven_hex_digits_are_the_same_commit_and_the_longer_form_is_kept,
        r3_deployments_and_checks_tell_the_commit_too,
        r3_within_a_batch_an_offender_is_refused_alone,
        r14_a_version_is_found_by_its_commit_or_the_beginning_of_it,
        r14_a_shortened_commit_is_found_by_the_full_one,
        r14_the_commits_of_an_ambiguous_prefix_are_told,
    }
    builds {
        r5_a_bare_start_and_a_finish_with_an_id_are_one_build,
        r5_two_bare_successes_are_two_builds,
        r5_each_attempt_of_a_run_is_a_build,
        r5_without_an_attempt_an_event_belongs_to_the_latest_one,
        r5_ten_minutes_after_a_finish_the_next_attempt_begins,
        r5_the_next_attempt_has_a_number_that_no_other_has,
        r5_a_bare_event_joins_the_latest_build_if_that_is_unfinished,
        r5_a_bare_event_joins_only_the_latest_build,
        r5_a_bare_event_joins_what_was_heard_of_within_a_day,
        r5_a_new_run_takes_over_a_bare_build_that_is_recent_and_unfinished,
        r5_builds_are_their_versions_own,
        r5_a_versions_status_is_its_latest_builds,
        r5_a_version_known_only_from_deployments_has_no_build_status,
        r5_a_late_event_joins_two_builds_and_the_older_id_stays,
        r5_a_late_finish_parts_a_build,
    }
    runs {
        r6_late_started_event_does_not_reopen_a_build,
        r6_of_one_moment_the_lifecycle_decides,
        r6_of_one_moment_and_rank_the_event_id_decides,
        r6_of_two_finishes_the_later_counts,
        r6_started_at_is_the_earliest_given_else_the_first_start,
        r6_completed_at_is_given_with_the_finish_else_its_time,
        r6_a_version_is_as_old_as_its_earliest_event,
        r6_a_build_is_as_old_as_its_earliest_event,
        r6_what_an_event_leaves_out_keeps_its_value,
        r6_metadata_merges_key_by_key_and_the_later_event_wins,
        r6_a_versions_origin_is_its_latest_events_also_where_its_build_stays_the_same,
    }
    deployments {
        r5_a_bare_start_and_a_finish_with_an_id_are_one_deployment,
        r5_deployments_are_apart_by_version_environment_and_instance,
        r5_a_late_event_joins_two_deployments_and_the_older_id_stays,
        r11_a_late_event_that_changes_nothing_is_told_the_current_one,
        r11_newest_completion_is_current,
        r11_each_product_environment_and_instance_has_its_own_current_version,
        r11_the_order_is_of_completion_not_of_arrival,
        r11_what_did_not_complete_changes_nothing,
        r11_a_completion_that_turns_out_failed_falls_back_to_the_one_before,
        r11_within_a_batch_one_is_current,
    }
    classes {
        r11_a_completed_deployment_is_classed_by_what_was_current,
        r11_what_is_not_completed_has_no_class_and_changes_none,
        r11_each_product_environment_and_instance_has_its_own_classes,
        r11_a_late_completion_classes_what_follows_anew,
        r11_a_completion_that_turns_out_failed_classes_what_follows_anew,
        r11_a_deployment_that_moves_classes_both_its_places_anew,
        r11_two_deployments_that_are_one_count_once,
        r11_r13_where_there_is_no_precedence_time_of_creation_decides,
        r11_a_late_event_that_changes_nothing_is_told_the_class,
        r15_a_deleted_environment_takes_its_classes_along,
        r11_the_classes_are_those_of_their_definition,
    }
    checks {
        r5_checks_are_apart_by_subject_name_and_environment,
        r5_a_check_tells_what_it_was_recorded_for,
        r5_a_check_is_its_latest_run,
        r5_the_latest_run_of_a_check_stays_that_whichever_was_accepted_first,
        r5_a_late_event_joins_two_runs_of_a_check,
        r5_a_check_takes_the_kind_and_figures_of_its_run,
        r14_a_commits_checks_are_its_versions_too_whichever_came_first,
        r14_what_only_begins_like_a_short_commit_is_another_one,
    }
    moments {
        r6_r11_the_matrix_is_a_function_of_the_events_by_then,
    }
    arrival {
        r6_any_order_of_arrival_gives_the_same_state,
    }
    repeats {
        r7_a_repeat_gets_the_same_receipt_and_the_state_as_it_is_now,
        r7_a_repeat_follows_its_build_where_that_has_moved,
        r7_the_same_id_with_other_content_is_refused,
        r7_within_a_batch_too,
        r7_the_id_of_a_refused_event_is_free,
        r7_without_an_id_each_event_is_new,
        r7_a_hundred_times_at_once_is_recorded_once,
        r8_what_was_acknowledged_outlasts_the_process,
        r8_another_process_sees_what_was_acknowledged_at_once,
        r8_an_event_is_recorded_though_its_sender_leaves,
        answers_come_in_the_order_of_the_events_over_several_transactions,
    }
    times {
        r9_the_time_of_receipt_strictly_rises,
        r9_what_is_not_dated_occurred_when_it_was_received,
        r9_the_time_of_receipt_runs_backwards_over_no_replica,
        r9_a_dated_event_may_fall_among_undated_ones_of_its_batch,
        validating_records_nothing,
        validating_answers_conflicts,
    }
    metadata {
        r10_merged_metadata_beyond_the_limit_is_refused_and_changes_nothing,
        r10_the_limit_itself_is_taken,
        r10_within_a_batch_the_event_too_much_is_refused_alone,
        r10_values_come_back_as_they_were_sent,
    }
    latest {
        r13_the_latest_version_is_the_highest_while_all_are_numbered,
        r13_the_latest_version_is_the_newest_where_one_is_not_numbered,
        r13_prerelease_sorts_before_its_release_and_equals_by_time,
        r13_only_prereleases_are_told_apart_from_nothing_at_all,
        r13_the_latest_of_a_branch_a_status_or_an_environment,
    }
    latest_ready {
        r17_the_latest_ready_version_may_lie_behind_many_others,
        r17_what_is_not_ready_does_not_decide_what_latest_goes_by,
        r17_the_latest_ready_version_for_an_environment,
        r13_only_prereleases_is_told_where_one_of_them_is_ready,
    }
    readiness {
        r17_the_latest_finished_build_counts_whatever_came_after_it,
        r17_checks_may_come_before_the_version_by_commit_in_any_form,
        r17_a_gate_recorded_by_version_and_by_commit_is_one,
        r17_where_a_short_commit_fits_several_each_counts_by_itself,
        r17_what_has_expired_is_unknown,
        r17_an_environment_has_requirements_and_checks_of_its_own,
        r17_of_two_limits_the_stricter_one_counts,
        r15_requirements_are_kept_by_the_log_too,
        r17_many_versions_are_told_as_each_alone,
    }
    names {
        r15_the_old_name_goes_on_finding_a_renamed_product,
        r15_the_old_name_goes_on_finding_a_renamed_environment,
        r15_a_removed_alias_finds_nothing_and_is_free,
        r15_aliases_can_be_given,
        r15_a_name_that_is_taken_is_refused_and_changes_nothing,
        r12_a_type_is_set_by_hand_and_not_inferred_again,
        r15_each_change_is_an_entry_of_the_log,
        r15_what_is_unknown_cannot_be_changed,
    }
    deletion {
        r15_what_is_in_use_is_deleted_only_with_force,
        r15_a_deleted_product_takes_all_that_it_has_along,
        r15_a_deleted_environment_takes_its_deployments_and_checks_along,
        r15_a_position_is_never_used_again,
        r15_an_event_of_what_was_deleted_stays_known,
        r15_what_came_before_a_deletion_is_no_part_of_what_comes_anew,
    }
    several {
        lists_have_the_rows_of_several_statuses,
        lists_have_the_rows_of_several_kinds_classes_and_types,
        an_empty_text_is_a_value_of_its_own,
    }
    filters {
        lists_of_versions_keep_to_their_filters,
        lists_of_builds_keep_to_their_filters,
        lists_of_deployments_keep_to_their_filters,
        lists_of_checks_keep_to_their_filters,
        lists_of_entries_keep_to_their_filters,
        lists_of_the_catalogue_keep_to_their_filters,
    }
    pages {
        lists_of_versions_have_each_row_once,
        lists_of_builds_deployments_and_checks_have_each_row_once,
        lists_of_entries_have_each_row_once,
        lists_of_the_catalogue_have_each_row_once,
        r13_highest_first_puts_what_is_not_numbered_last_newest_first,
        lists_are_in_the_order_of_time,
    }
    plans {
        every_question_is_answered_by_an_index,
    }
    freshness {
        reads_are_what_the_database_has_whatever_is_written_between,
        reads_are_never_older_than_what_was_told_before,
    }
    rollups {
        r16_rollups_by_increments_equal_those_from_scratch,
        r16_what_a_batch_added_that_failed_is_not_counted_on,
        r16_rollups_are_made_again_for_a_store_that_asks_for_it,
        r16_a_duration_that_is_taken_back_is_neither_shortest_nor_longest,
        r16_beyond_the_limit_percentiles_are_within_one_percent_and_all_else_is_exact,
    }
    log {
        i3_positions_are_gapless_and_of_one_event_each,
        i3_a_reader_who_has_passed_a_position_misses_nothing,
        a_batch_that_fails_as_a_whole_is_split_until_the_cause_stands_alone,
    }
    watching {
        i3_a_watcher_sees_each_entry_once_in_order_whoever_writes,
        i3_a_watcher_sees_what_the_log_holds,
        a_watcher_goes_on_where_another_has_ended,
        a_watcher_hears_of_other_processes_entries,
        a_watcher_sees_only_what_fits_and_how_far_it_has_looked,
        a_watcher_of_a_name_sees_it_go_and_come_again,
        a_watcher_of_a_name_follows_it_to_another_product,
        a_watcher_far_behind_reads_the_log_at_its_own_pace,
        a_watcher_is_told_that_the_store_closes,
    }
}
