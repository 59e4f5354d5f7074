#pragma once
/// Model and RTL side by side: same inputs in every cycle, every output port compared in every cycle.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/cosim/observation.h"

namespace dlasim::sim::cosim {

/// The first value in which an RTL block differs from its model.
struct Difference {
  std::string block;
  std::uint64_t cycle = 0;
  std::string port;  ///< port or field of the beat that is offered
  int lane = -1;     ///< -1: the value has no lanes
  std::int64_t expected = 0, got = 0;
  Place place;  ///< the beat that the model offers in this cycle
};

/// "pe_array, cycle 12: sum[3] is 5, expected 6 (layer 0, position 2)"
std::string to_string(const Difference& difference);

/// Compares observations and keeps the first difference and the number of values compared.
class Comparison {
 public:
  /// `expected` and `got` of the same block and cycle.
  void compare(const char* block, std::uint64_t cycle, const Observation& expected, const Observation& got,
               const Place& place);
  const std::optional<Difference>& difference() const { return difference_; }
  std::uint64_t values() const { return values_; }
  std::uint64_t differing_cycles() const { return differing_cycles_; }
  /// Throws base::SimulationError with the first difference, or if nothing has been compared.
  void require_equal(const char* block) const;

 private:
  std::optional<Difference> difference_;
  std::uint64_t values_ = 0, differing_cycles_ = 0;
};

/// One block in lockstep. The model is the caller's: it may be on its own or part of an engine.
template <class Model>
class Lockstep {
 public:
  static constexpr const char* kName = Observer<Model>::kName;

  explicit Lockstep(const arch::Hardware& hardware) : Lockstep(hardware, make_rtl<Model>(hardware)) {}
  /// With an RTL block of the caller's: a faulty copy, for the tests of this checker.
  Lockstep(const arch::Hardware& hardware, std::unique_ptr<RtlBlock<Model>> rtl)
      : context_{static_cast<std::size_t>(hardware.pe_array.oc_lanes)},
        sizes_(hardware),
        rtl_(std::move(rtl)) {}

  /// Takes effect from the next cycle on, as in the model.
  void configure(const arch::Configure& settings) {
    context_.wide = settings.wide_accumulator != 0;
    context_.wires.reset();
    rtl_->configure(settings);
  }
  void configure(const arch::ConfigureStaged& settings) {
    context_.wires = std::make_shared<const blocks::StagedWires>(settings.staged, sizes_);
    if (!context_.wires->carry_formats()) context_.wires.reset();
    rtl_->configure(settings);
  }

  /// Compares the present outputs, then gives the RTL the clock edge that the model is about to see. `model`
  /// must not have been stepped with `in` yet.
  void step(const Model& model, const typename Model::In& in) {
    check(model);
    rtl_->step(in);
    ++cycle_;
  }

  /// Compares the outputs of the present state.
  void check(const Model& model) {
    expected_.clear();
    got_.clear();
    place_ = Observer<Model>::observe(model, context_, expected_);
    Observer<Model>::observe(*rtl_, context_, got_);
    comparison_.compare(kName, cycle_, expected_, got_, place_);
  }

  const Comparison& comparison() const { return comparison_; }
  /// What was compared last.
  const Observation& expected() const { return expected_; }
  const Observation& got() const { return got_; }
  const Place& place() const { return place_; }
  RtlBlock<Model>& rtl() { return *rtl_; }

 private:
  Context context_;
  blocks::StagedSizes sizes_;
  std::unique_ptr<RtlBlock<Model>> rtl_;
  std::uint64_t cycle_ = 0;
  Observation expected_, got_;
  Place place_;
  Comparison comparison_;
};

}  // namespace dlasim::sim::cosim
