#include "model/precautions.hpp"

#include <algorithm>
#include <array>

namespace batpak::model {
namespace {

constexpr std::array<std::string_view, precautions_count> names = {
    "sync_before_acknowledging",
    "sync_before_publishing",
    "sync_once_only",
    "stop_after_failed_sync",
    "claim_only_what_is_durable",
    "remember_durable_through",
    "check_commit_crc",
    "refuse_damage",
    "idle_mark_when_idle",
    "idle_mark_at_close",
    "idle_mark_after_recovery",
    "mark_in_its_own_sector",
    "write_recovered_again",
    "sync_recovered",
    "sync_sizes_of_recovered",
    "write_marks_again",
    "write_seals_again",
    "cut_the_tail",
    "sync_the_cut",
    "cut_again_in_successor",
    "sync_blank_successor",
    "keep_the_tail",
    "sync_the_kept_tail",
    "sync_the_kept_tails_name",
    "sync_before_rotating",
    "sync_successors_header",
    "sync_successors_name",
    "successor_before_seal",
    "sync_seal_before_successor",
    "trim_sealed_segment",
    "sync_trimmed_segment",
    "trim_again_after_crash",
    "look_behind_blank_successor",
    "complete_rotation",
    "make_successor_anew",
    "sync_logs_name",
    "sync_first_segments_name",
    "sync_genesis_before_meta",
    "sync_meta_before_name",
    "sync_metas_name",
    "sync_own_name",
    "meta_after_log",
    "create_again_after_crash",
    "write_meta_again",
    "sync_log_again",
    "sync_own_name_again",
    "readers_believe_durable_through",
};

}  // namespace

std::string_view to_string(Precaution precaution) { return names[static_cast<std::size_t>(precaution)]; }

std::optional<Precaution> parse_precaution(std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Precaution>(found - names.begin());
}

}  // namespace batpak::model
