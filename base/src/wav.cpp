#include "base/wav.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "base/file.h"

namespace dlasim::base {
namespace {

constexpr unsigned kTagPcm = 1, kTagFloat = 3, kTagExtensible = 0xfffe;

/// Little-endian fields, every access checked.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", where_, what));
  }
  std::span<const std::byte> take(std::size_t count, std::string_view what) {
    if (count > bytes_.size() - position_) {
      fail(fmt::format("the file ends within {} ({} bytes wanted at {}, {} left)", what, count, position_,
                       bytes_.size() - position_));
    }
    const auto result = bytes_.subspan(position_, count);
    position_ += count;
    return result;
  }
  std::uint32_t number(std::size_t bytes, std::string_view what) {
    std::uint32_t value = 0;
    const auto field = take(bytes, what);
    for (std::size_t i = 0; i < bytes; ++i) value |= std::to_integer<std::uint32_t>(field[i]) << (8 * i);
    return value;
  }
  std::string tag(std::string_view what) {
    const auto field = take(4, what);
    return {reinterpret_cast<const char*>(field.data()), 4};
  }
  std::size_t left() const { return bytes_.size() - position_; }

 private:
  std::span<const std::byte> bytes_;
  std::string_view where_;
  std::size_t position_ = 0;
};

struct Layout {
  WavFormat format = WavFormat::kPcm16;
  int sample_rate = 0;
  int channels = 0;
};

std::size_t sample_bytes(WavFormat format) {
  return format == WavFormat::kPcm16 ? 2 : 4;
}

Layout read_layout(Reader chunk, std::string_view where) {
  unsigned tag = chunk.number(2, "the format");
  const std::uint32_t channels = chunk.number(2, "the format");
  const std::uint32_t rate = chunk.number(4, "the format");
  chunk.take(4, "the format");  // bytes a second
  const std::uint32_t frame = chunk.number(2, "the format");
  const std::uint32_t bits = chunk.number(2, "the format");
  if (tag == kTagExtensible) {
    chunk.take(8, "the extended format");     // its size, valid bits, loudspeakers
    tag = chunk.number(2, "the sub-format");  // the first two bytes of the GUID are the old tag
  }
  if (!(tag == kTagPcm && bits == 16) && !(tag == kTagFloat && bits == 32)) {
    throw UnsupportedError(fmt::format(
        "{}: samples of format {} with {} bits; 16-bit PCM and 32-bit float are read", where, tag, bits));
  }
  const Layout layout{tag == kTagPcm ? WavFormat::kPcm16 : WavFormat::kFloat32, static_cast<int>(rate),
                      static_cast<int>(channels)};
  if (layout.sample_rate < 1) chunk.fail(fmt::format("a sample rate of {}", rate));
  if (channels == 0 || frame != channels * sample_bytes(layout.format)) {
    chunk.fail(fmt::format("{} channels of {} bits in frames of {} bytes", channels, bits, frame));
  }
  return layout;
}

std::vector<float> read_samples(std::span<const std::byte> data, WavFormat format, const Reader& reader) {
  const std::size_t bytes = sample_bytes(format);
  std::vector<float> samples(data.size() / bytes);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (format == WavFormat::kPcm16) {
      std::int16_t code = 0;
      std::memcpy(&code, &data[i * bytes], bytes);
      samples[i] = static_cast<float>(code) / 32768.0F;
    } else {
      std::memcpy(&samples[i], &data[i * bytes], bytes);
      if (!std::isfinite(samples[i])) reader.fail(fmt::format("sample {} is inf or nan", i));
    }
  }
  return samples;
}

class Writer {
 public:
  void text(std::string_view tag) {
    for (const char c : tag) bytes.push_back(static_cast<std::byte>(c));
  }
  void number(std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
  std::vector<std::byte> bytes;
};

std::uint32_t sample_code(float sample, WavFormat format) {
  if (format == WavFormat::kPcm16) {
    const double code = std::clamp(std::nearbyint(static_cast<double>(sample) * 32768.0), -32768.0, 32767.0);
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(code)) & 0xffffU;
  }
  std::uint32_t bits = 0;
  std::memcpy(&bits, &sample, sizeof bits);
  return bits;
}

}  // namespace

Wav parse_wav(std::span<const std::byte> bytes, std::string_view where) {
  Reader reader(bytes, where);
  if (reader.tag("the header") != "RIFF") reader.fail("no RIFF file");
  reader.take(4, "the header");  // the size: programs that stream leave it wrong
  if (reader.tag("the header") != "WAVE") reader.fail("no WAVE file");
  std::optional<Layout> layout;
  while (reader.left() >= 8) {
    const std::string tag = reader.tag("a chunk");
    const std::uint32_t size = reader.number(4, "a chunk");
    const auto chunk = reader.take(size, fmt::format("chunk '{}'", tag));
    if (size % 2 == 1 && reader.left() > 0) reader.take(1, "padding");
    if (tag == "fmt ") layout = read_layout(Reader(chunk, where), where);
    if (tag != "data") continue;
    if (!layout) reader.fail("chunk 'data' comes before 'fmt '");
    const std::size_t frame = sample_bytes(layout->format) * static_cast<std::size_t>(layout->channels);
    if (chunk.size() % frame != 0)
      reader.fail(fmt::format("{} bytes of samples in frames of {}", size, frame));
    return {layout->sample_rate, layout->channels, read_samples(chunk, layout->format, reader)};
  }
  reader.fail("no chunk 'data'");
}

std::vector<std::byte> format_wav(const Wav& wav, WavFormat format) {
  if (wav.channels < 1 || wav.channels > 65535 || wav.sample_rate < 1 ||
      wav.samples.size() % static_cast<std::size_t>(wav.channels) != 0) {
    throw std::invalid_argument("format_wav: channels, sample rate or number of samples");
  }
  const std::size_t size = wav.samples.size() * sample_bytes(format);
  if (size > std::numeric_limits<std::uint32_t>::max() - 64) throw InputError("more than 4 GiB of samples");
  const auto frame =
      static_cast<std::uint32_t>(sample_bytes(format) * static_cast<std::size_t>(wav.channels));
  const auto rate = static_cast<std::uint32_t>(wav.sample_rate);
  Writer writer;
  writer.text("RIFF");
  writer.number(static_cast<std::uint32_t>(36 + size), 4);
  writer.text("WAVEfmt ");
  writer.number(16, 4);
  writer.number(format == WavFormat::kPcm16 ? kTagPcm : kTagFloat, 2);
  writer.number(static_cast<std::uint32_t>(wav.channels), 2);
  writer.number(rate, 4);
  writer.number(rate * frame, 4);
  writer.number(frame, 2);
  writer.number(static_cast<std::uint32_t>(8 * sample_bytes(format)), 2);
  writer.text("data");
  writer.number(static_cast<std::uint32_t>(size), 4);
  for (const float sample : wav.samples) {
    writer.number(sample_code(sample, format), static_cast<int>(sample_bytes(format)));
  }
  return std::move(writer.bytes);
}

Wav read_wav(const std::filesystem::path& file) {
  return parse_wav(read_file(file), file.string());
}

void write_wav(const std::filesystem::path& file, const Wav& wav, WavFormat format) {
  write_file_atomically(file, std::span<const std::byte>(format_wav(wav, format)));
}

}  // namespace dlasim::base
