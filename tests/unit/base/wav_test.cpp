#include "base/wav.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace dlasim::base {
namespace {

/// The header that another program would write, byte by byte.
std::vector<std::byte> bytes_of(const std::vector<int>& values) {
  std::vector<std::byte> bytes;
  for (const int v : values) bytes.push_back(static_cast<std::byte>(v));
  return bytes;
}

const std::vector<int> kStereoPcm = {'R',  'I',  'F',  'F',  0,    0,    0,    0,   'W', 'A', 'V', 'E', 'L',
                                     'I',  'S',  'T',  3,    0,    0,    0,  // skipped
                                     1,    2,    3,    0,    'f',  'm',  't',  ' ', 16,  0,   0,   0,   1,
                                     0,    2,    0,    0x80, 0xbb, 0,    0,    0,   0,   0,   0,   4,   0,
                                     16,   0,    'd',  'a',  't',  'a',  8,    0,   0,   0,  // two frames
                                     0x00, 0x80, 0xff, 0x7f, 0x01, 0x00, 0x00, 0xc0};

TEST(Wav, ReadsPcmWithAChunkToSkip) {
  const Wav wav = parse_wav(bytes_of(kStereoPcm), "x.wav");
  EXPECT_EQ(wav.sample_rate, 48000);
  EXPECT_EQ(wav.channels, 2);
  EXPECT_EQ(wav.samples, (std::vector<float>{-1.0F, 32767.0F / 32768.0F, 1.0F / 32768.0F, -0.5F}));
}

TEST(Wav, FloatsComeBackEqual) {
  const Wav wav{44100, 1, {0.0F, 1.5F, -2e-20F, 0.1F}};
  const Wav back = parse_wav(format_wav(wav, WavFormat::kFloat32), "x.wav");
  EXPECT_EQ(back.samples, wav.samples);
  EXPECT_EQ(back.sample_rate, 44100);
}

TEST(Wav, PcmIsRoundedAndClipped) {
  const Wav wav{8000, 1, {0.6F / 32768.0F, -1.5F, 1.5F, -0.25F}};
  const Wav back = parse_wav(format_wav(wav, WavFormat::kPcm16), "x.wav");
  EXPECT_EQ(back.samples, (std::vector<float>{1.0F / 32768.0F, -1.0F, 32767.0F / 32768.0F, -0.25F}));
}

TEST(Wav, EveryTruncationIsRefusedOrHasAllSamples) {
  const auto whole = bytes_of(kStereoPcm);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_wav(std::span(whole).first(size), "x.wav"), InputError) << size;
  }
}

TEST(Wav, NamesTheFormatItDoesNotRead) {
  std::vector<int> pcm24 = kStereoPcm;
  pcm24[46] = 24;
  try {
    parse_wav(bytes_of(pcm24), "x.wav");
    FAIL() << "accepted";
  } catch (const UnsupportedError& e) {
    EXPECT_STREQ(e.what(), "x.wav: samples of format 1 with 24 bits; 16-bit PCM and 32-bit float are read");
  }
}

TEST(Wav, RefusesNotANumber) {
  Wav wav{8000, 1, {0.0F, std::numeric_limits<float>::quiet_NaN()}};
  EXPECT_THROW(parse_wav(format_wav(wav, WavFormat::kFloat32), "x.wav"), InputError);
}

}  // namespace
}  // namespace dlasim::base
