#pragma once
/// Verilated blocks behind the interfaces of their models: same In, same outputs, one `step` a clock edge.
///
/// A model block and its RtlBlock can take each other's place. As in the model, the outputs are those of the
/// present state, and `configure` takes effect from the next step on.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/activation_buffer.h"
#include "sim/blocks/adder_tree.h"
#include "sim/blocks/address_generator.h"
#include "sim/blocks/output_buffer.h"
#include "sim/blocks/partial_sum_buffer.h"
#include "sim/blocks/pe_array.h"
#include "sim/blocks/post_processor.h"
#include "sim/blocks/weight_loader.h"
#include "sim/cosim/verilated_module.h"

namespace dlasim::sim::cosim {

/// What stands behind an interface of this file: a Verilated module, or a test's own idea of one.
class RtlInstance {
 public:
  virtual ~RtlInstance() = default;
  /// For faults and waves at its ports; null if there is none.
  virtual VerilatedModule* module() { return nullptr; }
};

/// The hand-shake that most blocks have: beats in, beats out.
template <class Model, class Beat>
class RtlStage : public RtlInstance {
 public:
  using In = typename Model::In;
  virtual void configure(const arch::Configure& /*settings*/) {}
  /// Throws base::UnsupportedError where the RTL has no truncation units.
  virtual void configure(const arch::ConfigureStaged& /*settings*/) {
    throw base::UnsupportedError("this block has no truncation units: staged layers need its model");
  }
  virtual bool ready() const = 0;
  virtual bool valid() const = 0;
  virtual void step(const In& in) = 0;
  /// The beat that is offered; only while `valid`.
  const Beat& out() const { return out_; }
  /// In a staged layer the sums of `out` as they are on the port, sign-extended from their format's bits.
  const std::vector<std::int64_t>& codes() const { return codes_; }

 protected:
  Beat out_;
  std::vector<std::int64_t> codes_;
};

/// Specialised for every block of the datapath.
template <class Model>
class RtlBlock;

template <>
class RtlBlock<blocks::ActivationBuffer> : public RtlStage<blocks::ActivationBuffer, blocks::ActivationBeat> {
};
template <>
class RtlBlock<blocks::AdderTree> : public RtlStage<blocks::AdderTree, blocks::ChannelSums> {};
template <>
class RtlBlock<blocks::PartialSumBuffer> : public RtlStage<blocks::PartialSumBuffer, blocks::ChannelSums> {};
template <>
class RtlBlock<blocks::PostProcessor> : public RtlStage<blocks::PostProcessor, blocks::OutputWord> {};

template <>
class RtlBlock<blocks::PeArray> : public RtlStage<blocks::PeArray, blocks::LaneSums> {
 public:
  /// Modulo 2^32.
  virtual std::uint64_t ic_tiles_consumed() const = 0;
};

template <>
class RtlBlock<blocks::AddressGenerator> : public RtlInstance {
 public:
  using In = blocks::AddressGenerator::In;
  virtual void configure(const arch::Configure& settings) = 0;
  virtual void configure(const arch::ConfigureStaged& /*settings*/) {}
  virtual bool can_accept_tile() const = 0;
  virtual bool idle() const = 0;
  virtual bool valid() const = 0;
  virtual void step(const In& in) = 0;
  const blocks::TapRequest& out() const { return out_; }

 protected:
  blocks::TapRequest out_;
};

template <>
class RtlBlock<blocks::WeightLoader> : public RtlInstance {
 public:
  using In = blocks::WeightLoader::In;
  void configure(const arch::Configure& /*settings*/) {}
  virtual bool can_accept_tile() const = 0;
  virtual bool idle() const = 0;
  /// Modulo 2^32.
  virtual std::uint64_t ic_tiles_loaded() const = 0;
  virtual void step(const In& in) = 0;
  const blocks::WeightRow& out() const { return out_; }

 protected:
  blocks::WeightRow out_;
};

template <>
class RtlBlock<blocks::OutputBuffer> : public RtlInstance {
 public:
  using In = blocks::OutputBuffer::In;
  void configure(const arch::Configure& /*settings*/) {}
  virtual bool ready() const = 0;
  virtual bool data_valid() const = 0;
  /// Modulo 2^32.
  virtual std::uint64_t tiles_done() const = 0;
  virtual void step(const In& in) = 0;
  const std::vector<std::int32_t>& data() const { return data_; }

 protected:
  std::vector<std::int32_t> data_;
};

/// The Verilated block, reset; built where the cache does not have it (rtl_toolchain.h, whose errors it
/// shares).
template <class Model>
std::unique_ptr<RtlBlock<Model>> make_rtl(const arch::Hardware& hardware,
                                          const RtlToolchain& toolchain = RtlToolchain::from_environment());

}  // namespace dlasim::sim::cosim
