#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "yaml_value.h"

namespace dlasim::base::yaml_detail {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostLevels = 64;
constexpr std::size_t kMostValues = 1'000'000;

std::size_t count(const Value& value) {
  std::size_t n = 1;
  for (const auto& item : value.items) n += count(*item);
  for (const auto& entry : value.entries) n += count(*entry.value);
  return n;
}

/// A copy of its own for every use of an anchor, so that --set and the record of asked keys stay apart.
ValuePtr clone(const Value& value) {
  auto copy = std::make_shared<Value>(value);
  for (auto& item : copy->items) item = clone(*item);
  for (auto& entry : copy->entries) entry.value = clone(*entry.value);
  return copy;
}

std::size_t depth(const Value& value) {
  std::size_t deepest = 0;
  for (const auto& item : value.items) deepest = std::max(deepest, depth(*item));
  for (const auto& entry : value.entries) deepest = std::max(deepest, depth(*entry.value));
  return deepest + 1;
}

/// Builds the tree from yaml-cpp's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::shared_ptr<const Source> source, std::string path)
      : source_(std::move(source)), root_path_(std::move(path)) {}

  ValuePtr root() const { return root_; }
  /// Where the value that came last is.
  const Place& last() const { return last_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) fail_at(place(mark), root_path_, "a second document; one a file is accepted");
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(make(mark), anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    ValuePtr value = make(mark);
    value->kind = Value::Kind::kScalar;
    value->scalar = text;
    value->quoted = tag == "!";
    leaf(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail_at(place(mark), path(), "an alias inside the value that it names");
    values_ += found->second.values;  // before the copy is made: aliases of aliases grow exponentially
    check_size(mark);
    if (open_.size() + found->second.levels > kMostLevels) refuse_depth(mark);
    insert(clone(*found->second.value), place(mark));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    start(Value::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    start(Value::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    ValuePtr value;
    YAML::anchor_t anchor;
    std::string path;
    bool has_key = false;  ///< of a map: the next value belongs to `key`
    std::string key;
    Place key_place;
  };
  struct Anchor {
    ValuePtr value;
    std::size_t values, levels;
  };

  Place place(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  ValuePtr make(const YAML::Mark& mark) {
    ++values_;
    check_size(mark);
    auto value = std::make_shared<Value>();
    value->place = place(mark);
    last_ = value->place;
    return value;
  }

  void check_size(const YAML::Mark& mark) const {
    if (values_ <= kMostValues) return;
    fail_at(place(mark), root_path_, fmt::format("more than {} values, aliases included", kMostValues));
  }

  [[noreturn]] void refuse_depth(const YAML::Mark& mark) const {
    fail_at(place(mark), root_path_, fmt::format("more than {} levels of nesting", kMostLevels));
  }

  /// The dotted key of the value that comes next.
  std::string path() const {
    if (open_.empty()) return root_path_;
    const Open& parent = open_.back();
    if (parent.value->kind == Value::Kind::kList) return join(parent.path, parent.value->items.size());
    return parent.has_key ? join(parent.path, parent.key) : parent.path;
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().value->kind == Value::Kind::kMap && !open_.back().has_key;
  }

  void leaf(ValuePtr value, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {value, 1, 1};
    const Place at = value->place;
    insert(std::move(value), at);
  }

  void insert(ValuePtr value, const Place& at) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    if (expects_key()) {
      take_key(*value, at);
      return;
    }
    Open& parent = open_.back();
    if (parent.value->kind == Value::Kind::kList) {
      parent.value->items.push_back(std::move(value));
      return;
    }
    // yaml-cpp places an empty value at the token that follows, often on another line.
    if (value->kind == Value::Kind::kNull) value->place = parent.key_place;
    parent.value->add({std::move(parent.key), std::move(parent.key_place), std::move(value)});
    parent.has_key = false;
  }

  void take_key(const Value& key, const Place& at) {
    Open& map = open_.back();
    if (key.kind != Value::Kind::kScalar) fail_at(at, map.path, "a key must be a word");
    if (key.scalar == "<<" && !key.quoted) fail_at(at, map.path, "merge keys '<<' are not accepted");
    if (const auto first = map.value->index.find(key.scalar); first != map.value->index.end()) {
      fail_at(at, join(map.path, printable(key.scalar)),
              fmt::format("given twice, first in line {}", map.value->entries[first->second].key_place.line));
    }
    map.key = key.scalar;
    map.key_place = at;
    map.has_key = true;
  }

  void start(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kMostLevels) refuse_depth(mark);
    ValuePtr value = make(mark);
    value->kind = kind;
    Open next;
    next.path = path();
    next.value = std::move(value);
    next.anchor = anchor;
    open_.push_back(std::move(next));
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (closed.anchor != 0) {
      anchors_[closed.anchor] = {closed.value, count(*closed.value), depth(*closed.value)};
    }
    const Place at = closed.value->place;
    insert(std::move(closed.value), at);
  }

  std::shared_ptr<const Source> source_;
  std::string root_path_;
  Place last_{source_, 1, 1};
  bool started_ = false;
  std::size_t values_ = 0;
  ValuePtr root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchor> anchors_;
};

}  // namespace

std::string Place::text() const {
  return source->has_lines ? fmt::format("{}:{}:{}", source->name, line, column) : source->name;
}

Value* Value::find(std::string_view key) const {
  const auto found = index.find(std::string(key));
  return found == index.end() ? nullptr : entries[found->second].value.get();
}

void Value::add(Entry entry) {
  index.emplace(entry.key, entries.size());
  entries.push_back(std::move(entry));
}

void fail_at(const Place& place, const std::string& path, const std::string& what) {
  throw InputError(path.empty() ? fmt::format("{}: {}", place.text(), what)
                                : fmt::format("{}: {}: {}", place.text(), path, what));
}

ValuePtr parse(const std::string& text, const std::shared_ptr<const Source>& source,
               const std::string& path) {
  if (text.size() > kMostBytes) {
    fail_at({source, 1, 1}, path, fmt::format("more than {} bytes of YAML", kMostBytes));
  }
  Builder builder(source, path);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    // At the end of the text yaml-cpp says line 1, column 1; the last value is a better place.
    Place place = builder.last();
    const int line = e.mark.line + 1;
    const int column = e.mark.column + 1;
    if (line > place.line || (line == place.line && column > place.column)) place = {source, line, column};
    fail_at(place, path, "not YAML: " + e.msg);
  }
  if (builder.root()) return builder.root();
  auto empty = std::make_shared<Value>();
  empty->place = {source, 1, 1};
  return empty;
}

ValuePtr parse_file(const std::filesystem::path& file, const std::string& path) {
  const auto source = std::make_shared<Source>(Source{file.string(), file.parent_path(), true});
  return parse(read_text_file(file, kMostBytes), source, path);
}

std::filesystem::path path_of(const Value& value) {
  return (value.place.source->directory / value.scalar).lexically_normal();
}

ValuePtr resolve(const ValuePtr& value, const std::string& path) {
  if (!value->resolved) {
    try {
      value->resolved = parse_file(path_of(*value), path);
    } catch (const InputError& e) {
      // A file that is not there is the fault of the line that names it.
      std::error_code ignored;
      if (std::filesystem::is_regular_file(path_of(*value), ignored)) throw;
      fail_at(value->place, path, e.what());
    }
  }
  return value->resolved;
}

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string join(const std::string& path, std::size_t item) {
  return fmt::format("{}[{}]", path, item);
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string result;
  for (const char c : text.substr(0, kLongest)) {
    const auto code = static_cast<unsigned char>(c);
    result += code < 0x20 || code == 0x7f ? fmt::format("\\x{:02x}", code) : std::string(1, c);
  }
  return text.size() > kLongest ? result + "..." : result;
}

}  // namespace dlasim::base::yaml_detail
