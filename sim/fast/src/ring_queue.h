#pragma once
/// A queue that keeps its memory.

#include <cstddef>
#include <vector>

namespace dlasim::sim::fast {

template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  const T& front() const { return slots_[first_]; }
  void push(const T& value) {
    if (size_ == slots_.size()) grow();
    slots_[(first_ + size_++) & (slots_.size() - 1)] = value;
  }
  void pop() {
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
  }
  void clear() { first_ = size_ = 0; }

 private:
  void grow() {
    std::vector<T> larger(2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = slots_[(first_ + i) & (slots_.size() - 1)];
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_ = std::vector<T>(64);  // a power of two
  std::size_t first_ = 0, size_ = 0;
};

}  // namespace dlasim::sim::fast
