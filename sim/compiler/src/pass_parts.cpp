#include "pass_parts.h"

namespace dlasim::sim::compiler {

arch::Requant requant_of(network::RequantRule rule) {
  switch (rule) {
    case network::RequantRule::kDouble:
      return arch::Requant::kDouble;
    case network::RequantRule::kSingle:
      return arch::Requant::kSingle;
    case network::RequantRule::kInt64:
      return arch::Requant::kInt64;
    case network::RequantRule::kPytorch:
      return arch::Requant::kPytorch;
  }
  return arch::Requant::kNone;
}

ConstantWeights identity() {
  return {[](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) { return oc == ic ? 1 : 0; }};
}

std::function<arch::ChannelParameters(std::int64_t)> bias_only(std::int64_t bias) {
  return [bias](std::int64_t) { return arch::ChannelParameters{bias, 0, 0}; };
}

arch::PostSettings pass_through() {
  arch::PostSettings post;
  post.clamp_min = kNoClampMin;
  post.clamp_max = kNoClampMax;
  return post;
}

}  // namespace dlasim::sim::compiler
