#pragma once
/// One int8 convolution of oneDNN with requantisation to int8, on one thread: the yardstick. Its results are
/// not looked at; on processors without VNNI some of its kernels saturate inside the sum.

#include <omp.h>

#include <dnnl.hpp>
#include <vector>

#include "network_builder.h"

namespace dlasim::benchmarks {

class DnnlConvolution {
 public:
  explicit DnnlConvolution(const ConvolutionShape& s) {
    omp_set_num_threads(1);
    using dnnl::memory;
    using Tag = memory::format_tag;
    using Type = memory::data_type;
    const auto any = [](const memory::dims& dims, Type type) { return memory::desc(dims, type, Tag::any); };
    const memory::dims input{1, s.inputs, s.height, s.width};
    const memory::dims output{1, s.outputs, s.output_height(), s.output_width()};
    const memory::dims weights = s.depthwise
                                     ? memory::dims{s.outputs, 1, 1, s.kernel_height, s.kernel_width}
                                     : memory::dims{s.outputs, s.inputs, s.kernel_height, s.kernel_width};
    const std::int64_t reach_y = (s.kernel_height - 1) * s.dilation;
    const std::int64_t reach_x = (s.kernel_width - 1) * s.dilation;
    const dnnl::convolution_forward::desc desc(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, any(input, Type::u8),
        any(weights, Type::s8), memory::desc({s.outputs}, Type::s32, Tag::x), any(output, Type::s8),
        {s.stride, s.stride}, {s.dilation - 1, s.dilation - 1}, {reach_y / 2, reach_x / 2},
        {reach_y - reach_y / 2, reach_x - reach_x / 2});
    dnnl::primitive_attr attributes;
    attributes.set_output_scales(2, std::vector<float>(static_cast<std::size_t>(s.outputs), 1.0F / 512));
    const dnnl::convolution_forward::primitive_desc chosen(desc, attributes, engine_);
    const auto make = [&](const memory::desc& d) { return memory(d, engine_); };
    arguments_ = {{DNNL_ARG_SRC, make(chosen.src_desc())},
                  {DNNL_ARG_WEIGHTS, make(chosen.weights_desc())},
                  {DNNL_ARG_BIAS, make(chosen.bias_desc())},
                  {DNNL_ARG_DST, make(chosen.dst_desc())}};
    convolution_ = dnnl::convolution_forward(chosen);
  }

  void run() {
    convolution_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::convolution_forward convolution_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace dlasim::benchmarks
