#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/yaml.h"
#include "yaml_value.h"

namespace dlasim::base {

using yaml_detail::join;
using yaml_detail::Place;
using yaml_detail::printable;
using yaml_detail::Source;
using yaml_detail::Value;
using yaml_detail::ValuePtr;

namespace {

/// One part of a dotted key: a name with list indices behind it.
struct Step {
  std::string key;
  std::vector<std::size_t> items;
};

[[noreturn]] void refuse_assignment(const std::string& place, std::string_view why) {
  throw InputError(fmt::format("{}: {}; the form is --set a.b.c=value", place, why));
}

/// "layers[2][0]" as a name and indices; nothing if it is not of that form.
std::optional<Step> parse_step(std::string_view text) {
  const std::size_t bracket = text.find('[');
  Step step{std::string(text.substr(0, bracket)), {}};
  if (step.key.empty()) return std::nullopt;
  while (bracket != std::string_view::npos && text.find('[') != std::string_view::npos) {
    text.remove_prefix(text.find('[') + 1);
    const std::size_t close = text.find(']');
    std::size_t index = 0;
    const char* end = text.data() + (close == std::string_view::npos ? 0 : close);
    const auto [stop, error] = std::from_chars(text.data(), end, index);
    if (error != std::errc{} || stop != end || close == std::string_view::npos) return std::nullopt;
    step.items.push_back(index);
    text.remove_prefix(close + 1);
    if (!text.empty() && text.front() != '[') return std::nullopt;
  }
  return step;
}

std::vector<Step> parse_steps(std::string_view keys, const std::string& place) {
  std::vector<Step> steps;
  for (std::size_t start = 0; start <= keys.size();) {
    const std::size_t dot = std::min(keys.find('.', start), keys.size());
    const auto step = parse_step(keys.substr(start, dot - start));
    if (!step) refuse_assignment(place, fmt::format("'{}' is not a dotted key", printable(keys)));
    steps.push_back(*step);
    start = dot + 1;
  }
  return steps;
}

bool names_yaml_file(const Value& value) {
  return value.kind == Value::Kind::kScalar &&
         (value.scalar.ends_with(".yaml") || value.scalar.ends_with(".yml"));
}

/// Walks from the root to the value that an assignment names.
class Setter {
 public:
  Setter(ValuePtr root, std::shared_ptr<const Source> source)
      : slot_(std::move(root)), place_{std::move(source), 1, 1} {}

  void enter(const Step& step) {
    Value& map = container(Value::Kind::kMap);
    path_ = join(path_, step.key);
    Value* found = map.find(step.key);
    if (found == nullptr) {
      auto created = std::make_shared<Value>();
      created->place = place_;
      map.add({step.key, place_, created});
      slot_ = created;
    } else {
      slot_ = map.entries[map.index.at(step.key)].value;
    }
    for (const std::size_t item : step.items) enter_item(item);
  }

  /// Replaces content, not the pointer: handles and parents stay valid.
  void assign(const Value& value) { *slot_ = value; }
  const std::string& path() const { return path_; }

 private:
  void enter_item(std::size_t item) {
    Value& list = container(Value::Kind::kList);
    if (item >= list.items.size()) {
      fail_at(place_, path_,
              fmt::format("there is no element {}; the list has {} elements", item, list.items.size()));
    }
    path_ = join(path_, item);
    slot_ = list.items[item];
  }

  Value& container(Value::Kind kind) {
    if (names_yaml_file(*slot_)) slot_ = resolve(slot_, path_);
    if (slot_->kind == Value::Kind::kNull && kind == Value::Kind::kMap) slot_->kind = kind;
    if (slot_->kind != kind) {
      fail_at(place_, path_,
              fmt::format("{} has no {} here", slot_->place.text(),
                          kind == Value::Kind::kMap ? "section" : "list"));
    }
    return *slot_;
  }

  ValuePtr slot_;
  Place place_;
  std::string path_;
};

}  // namespace

YamlDocument::YamlDocument(ValuePtr root) : root_(std::move(root)) {}

YamlDocument YamlDocument::from_file(const std::filesystem::path& file) {
  return YamlDocument(yaml_detail::parse_file(file, ""));
}

YamlDocument YamlDocument::from_string(std::string_view text, std::string name,
                                       std::filesystem::path directory) {
  const auto source = std::make_shared<Source>(Source{std::move(name), std::move(directory), true});
  return YamlDocument(yaml_detail::parse(std::string(text), source, ""));
}

void YamlDocument::set(std::string_view assignment) {
  const std::string place = fmt::format("--set {}", printable(assignment));
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) refuse_assignment(place, "there is no '='");
  const std::string_view keys = assignment.substr(0, equals);
  const std::vector<Step> steps = parse_steps(keys, place);
  const auto source = std::make_shared<Source>(Source{place, ".", false});
  const ValuePtr value =
      yaml_detail::parse(std::string(assignment.substr(equals + 1)), source, std::string(keys));
  Setter setter(root_, source);
  for (const Step& step : steps) setter.enter(step);
  setter.assign(*value);
}

YamlNode YamlDocument::root() const {
  return {root_, ""};
}

}  // namespace dlasim::base
