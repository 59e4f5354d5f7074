#pragma once
/// RIFF WAVE files with samples of 16-bit PCM or 32-bit float.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace dlasim::base {

/// How the samples lie in the file.
enum class WavFormat {
  kPcm16,    ///< code / 32768
  kFloat32,  ///< as they are
};

/// Audio with one or more channels.
struct Wav {
  int sample_rate = 48000;     ///< Hz, 1 .. 2^31 - 1
  int channels = 1;            ///< 1 .. 65535
  std::vector<float> samples;  ///< channels interleaved; full scale is [-1, 1)
};

/// Reads the bytes of a file; chunks other than "fmt " and "data" are skipped, as is an odd byte at the end
/// that some programs add. Throws InputError, beginning with `where`, for a damaged file, for samples that
/// are inf or nan, and UnsupportedError for another sample format (which it names).
Wav parse_wav(std::span<const std::byte> bytes, std::string_view where);
/// The bytes of a file. PCM: rounded to the nearest code, clipped. Throws InputError for more than 4 GiB,
/// std::invalid_argument where the number of samples is no multiple of the channels.
std::vector<std::byte> format_wav(const Wav& wav, WavFormat format);

Wav read_wav(const std::filesystem::path& file);
/// Appears whole or not at all.
void write_wav(const std::filesystem::path& file, const Wav& wav, WavFormat format = WavFormat::kFloat32);

}  // namespace dlasim::base
