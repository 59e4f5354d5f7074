#pragma once
/// A queue that keeps its memory.

#include <cstddef>
#include <utility>
#include <vector>

namespace dlasim::sim::fast {

template <class T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  const T& front() const { return slots_[first_]; }
  void push(const T& value) {
    if (size_ > mask_) grow();
    slots_[(first_ + size_++) & mask_] = value;
  }
  void pop() {
    first_ = (first_ + 1) & mask_;
    --size_;
  }
  void clear() { first_ = size_ = 0; }

 private:
  void grow() {
    std::vector<T> larger(2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = slots_[(first_ + i) & mask_];
    slots_ = std::move(larger);
    mask_ = slots_.size() - 1;
    first_ = 0;
  }

  std::vector<T> slots_ = std::vector<T>(64);  // a power of two
  std::size_t mask_ = 63, first_ = 0, size_ = 0;
};

}  // namespace dlasim::sim::fast
