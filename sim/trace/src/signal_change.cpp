#include "sim/trace/signal_change.h"

#include <string_view>
#include <type_traits>

#include "block_signals.h"

namespace dlasim::sim::trace {
namespace {

/// Visits the signals of a cycle and changes the one that is named, if it is a field of a valid beat.
class Changer {
 public:
  Changer(std::string_view block, std::string_view signal, const SignalChange& change)
      : block_(block), signal_(signal), change_(change) {}

  void enter(const char* scope) { here_ = block_ == scope; }
  void connect(const char* /*producer*/, const char* /*prefix*/) {}
  template <class Fields>
  void held(bool valid, Fields fields) {
    if (!here_ || !valid) return;
    in_beat_ = true;
    fields(*this);
    in_beat_ = false;
  }
  template <class T>
  void signal(const Name& name, const T& value, Role /*role*/) {
    if (in_beat_ && is(name, signal_)) apply(value);
  }
  template <class T>
  void signal(const Name& name, const std::vector<T>& values, Role /*role*/) {
    const std::size_t lane_at = signal_.rfind('_');
    if (!in_beat_ || lane_at == std::string_view::npos || !is(name, signal_.substr(0, lane_at))) return;
    const std::size_t lane = std::stoul(std::string(signal_.substr(lane_at + 1)));
    if (lane < values.size()) apply(values[lane]);
  }

 private:
  static bool is(const Name& name, std::string_view signal) {
    const std::string_view prefix = name.prefix, field = name.field, suffix = name.suffix;
    return signal.size() == prefix.size() + field.size() + suffix.size() && signal.starts_with(prefix) &&
           signal.ends_with(suffix) && signal.substr(prefix.size(), field.size()) == field;
  }
  /// The visitors show values as const; the registers behind them are the caller's, and not const.
  template <class T>
  void apply(const T& value) {
    auto& place = const_cast<T&>(value);
    if constexpr (std::is_enum_v<T>) {
      place =
          static_cast<T>(change_(static_cast<std::int64_t>(static_cast<std::underlying_type_t<T>>(value))));
    } else {
      place = static_cast<T>(change_(static_cast<std::int64_t>(value)));
    }
  }

  const std::string_view block_, signal_;
  const SignalChange& change_;
  bool here_ = false, in_beat_ = false;
};

}  // namespace

void change_signal(const AcceleratorView& view, const std::string& block, const std::string& signal,
                   const SignalChange& change) {
  Changer changer(block, signal, change);
  accelerator_signals(view, changer);
}

}  // namespace dlasim::sim::trace
