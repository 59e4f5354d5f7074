#pragma once
/// Audio as a WaveNet reads it: spec/wavenet.md section 1 (mu = classes - 1).

#include <cstdint>
#include <span>
#include <vector>

#include "network/tensor.h"

namespace dlasim::network {

/// The class 0..classes-1 of a sample: floor((f + 1)/2 * mu + 0.5) with
/// f = sign(x) ln(1 + mu |x|) / ln(1 + mu). Samples beyond [-1, 1] count as its ends. Throws
/// base::InputError for a sample that is not a number, std::invalid_argument for fewer than 2 classes.
int mu_law_encode(double sample, int classes = 256);
/// The sample of a class: sign(f) ((1 + mu)^|f| - 1) / mu with f = 2 code / mu - 1. Throws base::InputError
/// for a code that is no class.
double mu_law_decode(int code, int classes = 256);

std::vector<int> mu_law_encode(std::span<const float> samples, int classes = 256);
std::vector<float> mu_law_decode(std::span<const int> codes, int classes = 256);

/// Network input [1, 1, T, classes], float32: 1 at each sample's class, else 0.
Tensor one_hot_input(std::span<const int> codes, int classes = 256);
/// Network input [1, 1, T, 1], float32: 2 code / (classes - 1) - 1.
Tensor scalar_input(std::span<const int> codes, int classes = 256);

}  // namespace dlasim::network
