#include "sim/arch/hardware_yaml.h"

#include <map>
#include <optional>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "hardware_fields.h"
#include "truncation_yaml.h"

namespace dlasim::sim::arch {

Hardware read_hardware(const base::YamlNode& node) {
  Hardware hardware;
  hardware.name = node.get_string_or("name", hardware.name);
  hardware.clock_mhz = node.get_double_or("clock_mhz", hardware.clock_mhz, 0.001, 100000.0);
  std::map<std::string, std::optional<base::YamlNode>> sections;
  visit_integers(hardware, [&](const char* section, const char* key, auto& member, std::int64_t low,
                               std::int64_t high) {
    const auto [found, is_new] = sections.try_emplace(section);
    if (is_new) found->second = node.find(section);
    if (!found->second) return;
    member = static_cast<std::decay_t<decltype(member)>>(found->second->get_int_or(key, member, low, high));
  });
  if (const auto truncation = node.find("truncation")) read_formats(*truncation, hardware.truncation);
  try {
    check(hardware);
  } catch (const base::InputError& e) {  // what no single key can say: capacities, lane widths
    throw base::InputError(node.where() + ": " + e.what());
  }
  return hardware;
}

}  // namespace dlasim::sim::arch
