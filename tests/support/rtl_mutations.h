#pragma once
/// Deliberate faults in the SystemVerilog, and copies of it that have one: the checks are checked with them.

#include <filesystem>
#include <string>

namespace dlasim::sim::cosim {

struct RtlMutation {
  std::string name;
  std::string file;      ///< in rtl_models/
  std::string from, to;  ///< `from` occurs exactly once
};

/// Throws std::out_of_range if there is none of that name.
const RtlMutation& rtl_mutation(const std::string& name);

/// The RTL's sources in a temporary folder of their own, with one place changed. A failure of the test if
/// that place does not exist or is not the only one.
class MutatedRtl {
 public:
  explicit MutatedRtl(const RtlMutation& mutation);
  ~MutatedRtl();
  MutatedRtl(const MutatedRtl&) = delete;
  MutatedRtl& operator=(const MutatedRtl&) = delete;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  const std::filesystem::path folder_;
};

}  // namespace dlasim::sim::cosim
