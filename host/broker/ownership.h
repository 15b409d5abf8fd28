// Mosquitto drops root before it opens its files: they must be readable by the user it becomes.
#pragma once

#include <filesystem>
#include <string>

namespace countersign::broker {

// "mosquitto" when we are root and that user exists, else "" (Mosquitto runs as we do).
[[nodiscard]] std::string broker_user();

// Makes <home>/broker and <home>/broker/data. As root the folder belongs to root and the broker's group with
// set-group-id, so that whatever is written into it later is readable by the broker; data belongs to the
// broker.
void make_broker_folder(const std::filesystem::path& folder);

// Gives the broker's user what it must own (key, data). Safe to repeat.
void hand_over(const std::filesystem::path& folder);

// Throws Error{HomeUnreachable} naming the first folder on the way that `user` cannot enter.
void check_reachable(const std::filesystem::path& path, const std::string& user);

// Copies the plugin into the broker's folder (where the broker's user can read it), unless it is there
// already. Throws Error{ToolMissing} when no plugin is installed beside this program.
void place_plugin(const std::filesystem::path& folder);

}  // namespace countersign::broker
