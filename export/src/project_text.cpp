#include "project_text.h"

#include <fmt/format.h>

#include "c_text.h"

namespace dlasim::exporter {
namespace {

using network::QuantizedGraph;
using network::QuantizedTensor;

std::string about(const QuantizedTensor& tensor) {
  std::string text = fmt::format("{}, {}", plain(tensor.name), network::to_string(tensor.shape));
  if (tensor.affine && tensor.affine->scale.size() == 1) {
    text +=
        fmt::format(", real = {:.9g} * (code - {})", tensor.affine->scale[0], tensor.affine->zero_point[0]);
  }
  return text;
}

/// Compares one output; floats by their bits, since golden's are exact.
std::string compare_text(const QuantizedTensor& tensor, std::size_t number) {
  const bool real = tensor.dtype == network::DType::kFloat32;
  const auto value = [&](const char* array) {
    return real ? fmt::format("(double){}{}[i]", array, number)
                : fmt::format("(long long){}{}[i]", array, number);
  };
  return fmt::format(
      "  for (long i = 0; i < {1}; ++i) {{\n"
      "    if (memcmp(&output{0}[i], &expected_output{0}[i], sizeof output{0}[i]) == 0) continue;\n"
      "    printf(\"FAIL: output {0}, element %ld of {2} is {3}, {3} is expected\\n\", i, {4}, {5});\n"
      "    return 1;\n"
      "  }}\n",
      number, network::element_count(tensor.shape), network::to_string(tensor.shape), real ? "%.9g" : "%lld",
      value("output"), value("expected_output"));
}

constexpr const char* kMainHead =
    R"(/* Runs the network on the compiled-in input and compares every integer: PASS, or where it differs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "test_data.h"

static uint32_t crc32(const void *data, int32_t bytes) {
  const uint8_t *byte = (const uint8_t *)data;
  uint32_t crc = 0xFFFFFFFFU;
  for (int32_t i = 0; i < bytes; ++i) {
    crc ^= byte[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

/* The whole network, layer by layer; tells the first one whose output is another than expected. */
static int run_layers(const network_buffers *buffers) {
  int different = 0;
  for (int32_t layer = 0; layer < NETWORK_LAYERS; ++layer) {
    const arm_cmsis_nn_status status = network_run_layer(layer, buffers);
    if (status != ARM_CMSIS_NN_SUCCESS) {
      printf("FAIL: layer %d, %s: CMSIS-NN returned %d\n", (int)layer, network_layer_name(layer), (int)status);
      return 1;
    }
    int32_t bytes = 0;
    const void *output = network_layer_output(layer, buffers, &bytes);
    if (!different && crc32(output, bytes) != expected_crc32[layer]) {
      printf("FAIL: layer %d, %s, is the first whose output differs\n", (int)layer, network_layer_name(layer));
      different = 1;
    }
  }
  return different;
}
)";

constexpr const char* kMakefile = R"(# make CMSIS_NN=path/to/CMSIS-NN test
#
# CMSIS_NN      checkout of https://github.com/ARM-software/CMSIS-NN; its integer sources are compiled here
# CMSIS_NN_LIB  a library that is built already, in their place; the headers still come from CMSIS_NN

CMSIS_NN ?= CMSIS-NN
CC ?= cc
CFLAGS ?= -O2
LDLIBS += -lm

ifeq ($(wildcard $(CMSIS_NN)/Include/arm_nnfunctions.h),)
$(error CMSIS_NN=$(CMSIS_NN) has no Include/arm_nnfunctions.h: give the path of a CMSIS-NN checkout)
endif

INCLUDES = -I$(CMSIS_NN)/Include
DEFINES =@DEFINES@

ifeq ($(CMSIS_NN_LIB),)
CMSIS_NN_LIB = build/libcmsis-nn.a
LIB_SOURCES = $(filter-out %_f16.c %_f32.c %_flt.c,$(wildcard $(CMSIS_NN)/Source/*/*.c))
LIB_OBJECTS = $(patsubst %.c,build/%.o,$(notdir $(LIB_SOURCES)))
vpath %.c $(sort $(dir $(LIB_SOURCES)))
endif

.PHONY: all test clean
all: network_test

test: network_test
	./network_test

network_test: build/main.o build/network.o $(CMSIS_NN_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

build/main.o: main.c network.h test_data.h | build
	$(CC) -std=c99 -Wall -Wextra $(CFLAGS) $(INCLUDES) $(DEFINES) -c -o $@ $<

build/network.o: network.c network.h weights.h helpers.h | build
	$(CC) -std=c99 -Wall -Wextra $(CFLAGS) $(INCLUDES) $(DEFINES) -c -o $@ $<

build/libcmsis-nn.a: $(LIB_OBJECTS)
	$(AR) rcs $@ $^

build/arm_%.o: arm_%.c | build
	$(CC) -std=gnu99 -fno-strict-aliasing $(CFLAGS) $(INCLUDES) $(DEFINES) -c -o $@ $<

build:
	mkdir -p $@

clean:
	rm -rf build network_test
)";

std::string table_text(const ProjectText& project) {
  std::string text = "static const char *const layer_names[NETWORK_LAYERS] = {\n";
  for (const LayerText& layer : project.layers) text += fmt::format("    \"{}\",\n", layer.name);
  text +=
      "};\n\nstatic arm_cmsis_nn_status (*const layer_functions[NETWORK_LAYERS])(const network_buffers *) = "
      "{\n";
  for (std::size_t i = 0; i < project.layers.size(); ++i) text += fmt::format("    layer{}_run,\n", i);
  return text + "};\n";
}

std::string layer_text(const LayerText& layer, std::size_t number) {
  std::string text =
      fmt::format("\n/* {}: {}: {} */\n{}", number, layer.name, layer.comment, layer.definitions);
  if (!layer.scratch.empty()) {
    text +=
        fmt::format("\nstatic int32_t layer{}_scratch(void) {{\n  return {};\n}}\n", number, layer.scratch);
  }
  text += fmt::format("\nstatic arm_cmsis_nn_status layer{}_run(const network_buffers *buffers) {{\n{}}}\n",
                      number, layer.body);
  return text;
}

std::string scratch_text(const ProjectText& project) {
  std::string calls;
  for (std::size_t i = 0; i < project.layers.size(); ++i) {
    if (project.layers[i].scratch.empty()) continue;
    calls += fmt::format("  bytes = layer{0}_scratch() > bytes ? layer{0}_scratch() : bytes;\n", i);
  }
  return fmt::format("int32_t network_scratch_bytes(void) {{\n  int32_t bytes = 0;\n{}  return bytes;\n}}\n",
                     calls);
}

std::string output_text(const ProjectText& project) {
  std::string cases;
  for (std::size_t i = 0; i < project.layers.size(); ++i) {
    cases += fmt::format("    case {}:\n      *bytes = {};\n      return {};\n", i,
                         project.layers[i].output_bytes, project.layers[i].output);
  }
  return fmt::format(
      "const void *network_layer_output(int32_t layer, const network_buffers *buffers, int32_t *bytes) {{\n"
      "  switch (layer) {{\n{}    default:\n      *bytes = 0;\n      return NULL;\n  }}\n}}\n",
      cases);
}

}  // namespace

std::string network_header_text(const ProjectText& project) {
  const QuantizedGraph& graph = *project.graph;
  std::string text = fmt::format(
      "/* {}: {} layers for CMSIS-NN, made by dlasim export.\n"
      " *\n"
      " * activations  {} bytes; most are alive at layer {}, {}: {} bytes\n"
      " * constants    {} bytes\n"
      " * rounding     {} */\n"
      "#ifndef NETWORK_H\n#define NETWORK_H\n\n#include <stdint.h>\n\n#include \"arm_nn_types.h\"\n\n"
      "#define NETWORK_LAYERS {}\n#define NETWORK_ARENA_BYTES {}\n\n",
      plain(graph.name), project.layers.size(), project.arena_bytes, project.peak_layer,
      project.layers.at(project.peak_layer).name, project.peak_bytes, project.constant_bytes,
      project.single_rounding ? "single: CMSIS_NN_USE_SINGLE_ROUNDING must be defined for the library"
                              : "double: the library's default",
      project.layers.size(), project.arena_bytes);
  text +=
      "typedef struct {\n  void *arena;   /* NETWORK_ARENA_BYTES, aligned to 16 bytes */\n"
      "  void *scratch; /* network_scratch_bytes(), aligned to 16 bytes */\n";
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const QuantizedTensor& tensor = graph.tensor(graph.inputs[i]);
    text += fmt::format("  const {} *input{}; /* {} */\n", c_type(tensor.dtype), i, about(tensor));
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const QuantizedTensor& tensor = graph.tensor(graph.outputs[i]);
    text += fmt::format("  {} *output{}; /* {} */\n", c_type(tensor.dtype), i, about(tensor));
  }
  text +=
      "} network_buffers;\n\n"
      "/* What the library's kernels need beside the arena on this processor. */\n"
      "int32_t network_scratch_bytes(void);\n\n"
      "/* Computes the outputs. Stops at the first call that does not return ARM_CMSIS_NN_SUCCESS. */\n"
      "arm_cmsis_nn_status network_run(const network_buffers *buffers);\n\n"
      "/* The same layer by layer, in order, and where a layer's output lies until it is overwritten. */\n"
      "arm_cmsis_nn_status network_run_layer(int32_t layer, const network_buffers *buffers);\n"
      "const char *network_layer_name(int32_t layer);\n"
      "const void *network_layer_output(int32_t layer, const network_buffers *buffers, int32_t *bytes);\n\n"
      "#endif /* NETWORK_H */\n";
  return text;
}

std::string network_source_text(const ProjectText& project) {
  std::string text = fmt::format(
      "/* {}: the layers in order of execution. */\n#include \"network.h\"\n\n#include <stddef.h>\n"
      "#include <string.h>\n\n#include \"arm_nnfunctions.h\"\n#include \"helpers.h\"\n#include "
      "\"weights.h\"\n",
      plain(project.graph->name));
  for (std::size_t i = 0; i < project.layers.size(); ++i) text += layer_text(project.layers[i], i);
  text += "\n" + table_text(project) + "\n" + scratch_text(project);
  text +=
      "\narm_cmsis_nn_status network_run_layer(int32_t layer, const network_buffers *buffers) {\n"
      "  return layer_functions[layer](buffers);\n}\n\n"
      "arm_cmsis_nn_status network_run(const network_buffers *buffers) {\n"
      "  for (int32_t layer = 0; layer < NETWORK_LAYERS; ++layer) {\n"
      "    const arm_cmsis_nn_status status = network_run_layer(layer, buffers);\n"
      "    if (status != ARM_CMSIS_NN_SUCCESS) return status;\n"
      "  }\n  return ARM_CMSIS_NN_SUCCESS;\n}\n\n"
      "const char *network_layer_name(int32_t layer) { return layer_names[layer]; }\n\n";
  return text + output_text(project);
}

std::string weights_text(const std::string& arrays) {
  return "/* Weights, biases, multipliers and shifts, tables. Only network.c includes them. */\n"
         "#ifndef WEIGHTS_H\n#define WEIGHTS_H\n\n#include <stdint.h>\n\n" +
         arrays + "\n#endif /* WEIGHTS_H */\n";
}

std::string main_text(const ProjectText& project) {
  const QuantizedGraph& graph = *project.graph;
  std::string text = kMainHead;
  std::string members, compares;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const QuantizedTensor& tensor = graph.tensor(graph.outputs[i]);
    text += fmt::format("\nstatic {} output{}[{}];\n", c_type(tensor.dtype), i,
                        network::element_count(tensor.shape));
    compares += compare_text(tensor, i);
    total += network::element_count(tensor.shape);
  }
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) members += fmt::format(", test_input{}", i);
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) members += fmt::format(", output{}", i);
  text += fmt::format(
      "\nstatic int compare_outputs(void) {{\n{}  return 0;\n}}\n\n"
      "int main(void) {{\n"
      "  /* A byte more, since malloc(0) may give none. */\n"
      "  void *const arena = malloc(NETWORK_ARENA_BYTES + 1);\n"
      "  void *const scratch = malloc((size_t)network_scratch_bytes() + 1);\n"
      "  if (arena == NULL || scratch == NULL) {{\n"
      "    printf(\"FAIL: no memory\\n\");\n    return 1;\n  }}\n"
      "  const network_buffers buffers = {{arena, scratch{}}};\n"
      "  const int layers_differ = run_layers(&buffers);\n"
      "  const int outputs_differ = compare_outputs();\n"
      "  free(arena);\n  free(scratch);\n"
      "  if (layers_differ || outputs_differ) return 1;\n"
      "  printf(\"PASS: {} layers, {} output values\\n\");\n  return 0;\n}}\n",
      compares, members, project.layers.size(), total);
  return text;
}

std::string makefile_text(const ProjectText& project) {
  return replaced(kMakefile, "@DEFINES@", project.single_rounding ? " -DCMSIS_NN_USE_SINGLE_ROUNDING" : "");
}

}  // namespace dlasim::exporter
