#pragma once
/// WaveNetVA JSON, the simpler file of gated models: spec/nam_wavenet.md section 12.

#include <string>

#include "json_fields.h"
#include "network/importers/nam.h"

namespace dlasim::network::nam {

/// True if the object is of this kind.
bool is_wavenet_va(const JsonObject& root);

AudioNetwork build_wavenet_va(const JsonObject& root, const std::string& name, const AudioOptions& options);

}  // namespace dlasim::network::nam
