#pragma once
/// Values to JSON and back by one list of fields a type (see quantized_fields.h): what is written is what is
/// read.

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace dlasim::quantize {

using Json = nlohmann::ordered_json;

/// The names of an enumeration's values, in the order of the values.
template <class E>
struct EnumNames;  // specialised in quantized_fields.h

/// The name by which an alternative of a variant is known in the file.
template <class T>
constexpr std::string_view kAlternative = "";  // specialised in quantized_fields.h

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsArray : std::false_type {};
template <class T, std::size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};

template <class T>
Json to_json(const T& value);
template <class T>
void from_json(const Json& json, T& value, const std::string& where);

/// Collects the fields of a struct.
class FieldWriter {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    json_[key] = to_json(value);
  }
  Json take() { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

/// Takes the fields of a struct out of an object and notices what is missing or left.
class FieldReader {
 public:
  FieldReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) throw base::InputError(where_ + ": an object is expected");
  }
  template <class T>
  void operator()(const char* key, T& value) {
    const auto found = json_.find(key);
    if (found == json_.end()) throw base::InputError(where_ + ": '" + key + "' is missing");
    known_.emplace_back(key);
    from_json(*found, value, where_ + "." + key);
  }
  /// Throws for keys that no field has asked for; `tag` is the one that names a variant's alternative.
  void finish(std::string_view tag = {}) const {
    for (const auto& item : json_.items()) {
      bool known = item.key() == tag;
      for (const std::string& key : known_) known = known || key == item.key();
      if (!known) throw base::InputError(where_ + ": unknown key '" + item.key() + "'");
    }
  }

 private:
  const Json& json_;
  std::string where_;
  std::vector<std::string> known_;
};

template <class E>
E enum_from_json(const Json& json, const std::string& where) {
  const auto& names = EnumNames<E>::kNames;
  std::string allowed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (json.is_string() && json.get_ref<const std::string&>() == names[i]) return static_cast<E>(i);
    allowed += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw base::InputError(where + ": found " + json.dump() + "; " + allowed + " are allowed");
}

template <class V, std::size_t I = 0>
void variant_from_json(const std::string& kind, const Json& json, V& value, const std::string& where) {
  if constexpr (I == std::variant_size_v<V>) {
    throw base::InputError(where + ": unknown kind '" + kind + "'");
  } else {
    using T = std::variant_alternative_t<I, V>;
    static_assert(!kAlternative<T>.empty(), "give the alternative a name in quantized_fields.h");
    if (kAlternative<T> != kind) return variant_from_json<V, I + 1>(kind, json, value, where);
    T alternative;
    FieldReader reader(json, where);
    fields(reader, alternative);
    reader.finish("kind");
    value = std::move(alternative);
  }
}

template <class T>
Json to_json(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(EnumNames<T>::kNames.at(static_cast<std::size_t>(value)));
  } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (IsOptional<T>::value) {
    return value ? to_json(*value) : Json(nullptr);
  } else if constexpr (IsVector<T>::value || IsArray<T>::value) {
    Json list = Json::array();
    for (const auto& element : value) list.push_back(to_json(element));
    return list;
  } else if constexpr (requires { typename T::Alternatives; }) {
    return to_json<typename T::Alternatives>(value);
  } else if constexpr (IsVariant<T>::value) {
    return std::visit(
        [](const auto& alternative) {
          Json json = Json::object();
          json["kind"] = std::string(kAlternative<std::decay_t<decltype(alternative)>>);
          json.update(to_json(alternative));
          return json;
        },
        value);
  } else {
    FieldWriter writer;
    // A list of fields serves both directions, so it takes a mutable object; the writer changes nothing.
    fields(writer, const_cast<T&>(value));
    return writer.take();
  }
}

template <class T>
void from_json(const Json& json, T& value, const std::string& where) {
  if constexpr (std::is_enum_v<T>) {
    value = enum_from_json<T>(json, where);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) throw base::InputError(where + ": true or false is expected");
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!json.is_number_integer()) throw base::InputError(where + ": an integer is expected");
    const bool huge =
        json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    if (huge || !std::in_range<T>(json.get<std::int64_t>())) {
      throw base::InputError(where + ": " + json.dump() + " is out of range");
    }
    value = static_cast<T>(json.get<std::int64_t>());
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) throw base::InputError(where + ": a number is expected");
    value = static_cast<T>(json.get<double>());
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) throw base::InputError(where + ": a string is expected");
    value = json.get<std::string>();
  } else if constexpr (IsOptional<T>::value) {
    value.reset();
    if (!json.is_null()) from_json(json, value.emplace(), where);
  } else if constexpr (IsVector<T>::value || IsArray<T>::value) {
    if (!json.is_array()) throw base::InputError(where + ": a list is expected");
    if constexpr (IsArray<T>::value) {
      if (json.size() != value.size())
        throw base::InputError(where + ": " + std::to_string(value.size()) + " entries are expected");
    } else {
      value.resize(json.size());
    }
    for (std::size_t i = 0; i < json.size(); ++i)
      from_json(json[i], value[i], where + "[" + std::to_string(i) + "]");
  } else if constexpr (requires { typename T::Alternatives; }) {
    from_json<typename T::Alternatives>(json, value, where);
  } else if constexpr (IsVariant<T>::value) {
    if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string()) {
      throw base::InputError(where + ": an object with a 'kind' is expected");
    }
    variant_from_json(json["kind"].get<std::string>(), json, value, where);
  } else {
    FieldReader reader(json, where);
    fields(reader, value);
    reader.finish();
  }
}

}  // namespace dlasim::quantize
