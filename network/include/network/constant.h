#pragma once
/// Elements that are part of a network: weights, biases, tables.

#include <memory>
#include <optional>
#include <utility>

#include "network/tensor.h"

namespace dlasim::network {

/// A tensor's fixed elements, or none. Copies share them: the graphs of one network (as read, rewritten,
/// quantised, lowered) hold what they have in common once, however many weights that is.
class Constant {
 public:
  Constant() = default;
  Constant(Tensor elements)  // NOLINT(google-explicit-constructor): a Constant is a Tensor that is kept
      : elements_(std::make_shared<Tensor>(std::move(elements))) {}
  Constant(std::optional<Tensor> elements) {  // NOLINT(google-explicit-constructor)
    if (elements) *this = Constant(std::move(*elements));
  }

  bool has_value() const { return elements_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  /// The elements; only where there are any.
  const Tensor& operator*() const { return *elements_; }
  const Tensor* operator->() const { return elements_.get(); }
  /// The elements for writing: of this object alone, so that a shared tensor is copied first.
  Tensor& edit() {
    if (elements_.use_count() > 1) elements_ = std::make_shared<Tensor>(*elements_);
    return *elements_;
  }
  void reset() { elements_.reset(); }

  /// Whether both have none, or equal elements.
  friend bool operator==(const Constant& a, const Constant& b) {
    return a.elements_ == b.elements_ || (a && b && *a == *b);
  }

 private:
  std::shared_ptr<Tensor> elements_;
};

}  // namespace dlasim::network
