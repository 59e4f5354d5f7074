#include "vcd_reader.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "base/file.h"

namespace dlasim::sim::trace {
namespace {

class Parser {
 public:
  explicit Parser(const std::string& text) : in_(text) {}

  VcdFile run() {
    std::string token;
    while (in_ >> token && token != "$enddefinitions") declaration(token);
    skip_to_end();
    while (in_ >> token) change(token);
    if (depth_ != 0) throw std::runtime_error("a scope is not closed");
    return std::move(file_);
  }

 private:
  void declaration(const std::string& keyword) {
    std::string word;
    if (keyword == "$scope") {
      in_ >> word >> word;
      scopes_.push_back(word);
      ++depth_;
      skip_to_end();
    } else if (keyword == "$upscope") {
      if (depth_-- == 0) throw std::runtime_error("$upscope without $scope");
      scopes_.pop_back();
      skip_to_end();
    } else if (keyword == "$var") {
      VcdVariable v;
      std::string name, path;
      in_ >> v.type >> v.width >> v.id >> name;
      while (in_ >> word && word != "$end") v.range += word;
      for (const auto& s : scopes_) path += s + ".";
      if (!file_.variables.emplace(path + name, v).second)
        throw std::runtime_error("two signals " + path + name);
      widths_[v.id] = v.width;
    } else if (keyword.starts_with("$")) {
      skip_to_end();
    } else {
      throw std::runtime_error("unexpected '" + keyword + "'");
    }
  }

  void change(const std::string& token) {
    if (token[0] == '#') {
      const std::uint64_t time = std::stoull(token.substr(1));
      if (time < time_) throw std::runtime_error("time falls at " + token);
      time_ = time;
    } else if (token[0] == '$') {
      if (token != "$end") file_.sections.push_back(token + "@" + std::to_string(time_));
    } else if (token[0] == 'b') {
      std::string id;
      in_ >> id;
      add(id, token.substr(1));
    } else {
      add(token.substr(1), token.substr(0, 1));
    }
  }

  void add(const std::string& id, const std::string& value) {
    const auto width = widths_.find(id);
    if (width == widths_.end()) throw std::runtime_error("no signal has the identifier " + id);
    if (value.empty() || value.find_first_not_of("01x") != std::string::npos ||
        value.size() > static_cast<std::size_t>(width->second))
      throw std::runtime_error("bad value " + value);
    file_.changes[id].push_back({time_, value});
  }

  void skip_to_end() {
    std::string word;
    while (in_ >> word && word != "$end") {
    }
  }

  std::istringstream in_;
  VcdFile file_;
  std::vector<std::string> scopes_;
  std::map<std::string, int> widths_;
  int depth_ = 0;
  std::uint64_t time_ = 0;
};

}  // namespace

const std::vector<VcdChange>& VcdFile::of(const std::string& name) const {
  const auto variable = variables.find(name);
  if (variable == variables.end()) throw std::runtime_error("no signal " + name);
  return changes.at(variable->second.id);
}

std::string VcdFile::at(const std::string& name, std::uint64_t time) const {
  std::string value = "none";
  for (const VcdChange& c : of(name)) {
    if (c.time > time) break;
    value = c.value;
  }
  return value;
}

std::uint64_t VcdFile::number_at(const std::string& name, std::uint64_t time) const {
  return std::stoull(at(name, time), nullptr, 2);
}

VcdFile read_vcd(const std::filesystem::path& path) {
  return Parser(base::read_text_file(path)).run();
}

}  // namespace dlasim::sim::trace
