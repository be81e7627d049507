// The version of these headers. The build takes the version of the project, its library and its packages from here.
#pragma once

#include <string_view>

namespace [[gnu::visibility("default")]] batpak {

inline constexpr std::string_view version = "0.1.0";

}  // namespace batpak
