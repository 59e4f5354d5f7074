// The DRAM: when a transfer is done, and how the TLM-2.0 target answers.

#include "sim/memory/dram.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "base/error.h"
#include "sim/engine/simulation_context.h"

namespace dlasim::sim::memory {
namespace {

arch::Dram timing() {
  arch::Dram d;
  d.bus_bytes = 16;
  d.burst_bytes = 64;
  d.latency = 30;
  d.row_bytes = 2048;
  d.banks = 2;
  d.row_miss = 12;
  return d;
}

TEST(DramTiming, CountsBusCyclesRowMissAndLatency) {
  DramTiming t(timing());
  EXPECT_EQ(t.complete(100, 0, 64), 100U + 12 + 4 + 30);  // opens row 0
  EXPECT_EQ(t.complete(200, 64, 64), 200U + 4 + 30);      // hit
  EXPECT_EQ(t.complete(300, 128, 1), 300U + 1 + 30);      // a byte takes a bus cycle
  EXPECT_EQ(t.complete(400, 128, 17), 400U + 2 + 30);
  EXPECT_EQ(t.complete(500, 2048, 16), 500U + 12 + 1 + 30);  // row 1 lies in bank 1: row 0 stays open
  EXPECT_EQ(t.complete(600, 0, 16), 600U + 1 + 30);
  EXPECT_EQ(t.complete(700, 4096, 16), 700U + 12 + 1 + 30);  // row 2 in bank 0 closes row 0
  EXPECT_EQ(t.complete(800, 0, 16), 800U + 12 + 1 + 30);
  EXPECT_EQ(t.counters().row_hits, 4U);
  EXPECT_EQ(t.counters().row_misses, 4U);
  EXPECT_EQ(t.counters().requests, 8U);
  EXPECT_EQ(t.counters().bytes, 64U + 64 + 1 + 17 + 16 * 4);
  EXPECT_EQ(t.counters().busy_cycles, 16U + 4 + 1 + 2 + 13 + 1 + 13 + 13);
}

TEST(DramTiming, RequestsShareTheBus) {
  DramTiming t(timing());
  const std::uint64_t first = t.complete(0, 0, 64);
  for (std::uint64_t i = 1; i <= 20; ++i)
    EXPECT_EQ(t.complete(0, 64 * (i % 8), 64), first + 4 * i);  // full bandwidth
}

/// An initiator that hands payloads on.
struct Initiator : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
  explicit Initiator(const sc_core::sc_module_name& name) : sc_module(name) {}

  tlm::tlm_response_status send(tlm::tlm_command command, std::uint64_t address,
                                std::span<unsigned char> data, sc_core::sc_time& delay,
                                unsigned char* enable = nullptr) {
    tlm::tlm_generic_payload p;
    p.set_command(command);
    p.set_address(address);
    p.set_data_ptr(data.data());
    p.set_data_length(static_cast<unsigned>(data.size()));
    p.set_streaming_width(static_cast<unsigned>(data.size()));
    p.set_byte_enable_ptr(enable);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    socket->b_transport(p, delay);
    return p.get_response_status();
  }
};

class DramTarget : public testing::Test {
 protected:
  DramTarget() {
    hardware_.dram = timing();
    dram_ = std::make_unique<Dram>("dram", hardware_, DramContents(image_), kPeriod);
    initiator_ = std::make_unique<Initiator>("initiator");
    initiator_->socket.bind(dram_->socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  std::byte byte_at(std::uint64_t address) { return *dram_->contents().readable(address, address + 1); }
  tlm::tlm_response_status send(tlm::tlm_command command, std::uint64_t address,
                                std::span<unsigned char> data, unsigned char* enable = nullptr) {
    delay_ = sc_core::SC_ZERO_TIME;
    return initiator_->send(command, address, data, delay_, enable);
  }

  const engine::SimulationContext context_;
  const sc_core::sc_time kPeriod{5, sc_core::SC_NS};
  const std::vector<std::byte> image_{std::vector<std::byte>(1000)};
  arch::Hardware hardware_;
  std::unique_ptr<Dram> dram_;
  std::unique_ptr<Initiator> initiator_;
  sc_core::sc_time delay_;
};

TEST_F(DramTarget, ReadsWhatWasWrittenAndAddsTheTime) {
  std::vector<unsigned char> out(64), in(64);
  std::iota(out.begin(), out.end(), static_cast<unsigned char>(1));
  EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, 936, out), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(delay_, kPeriod * (12 + 4 + 30));
  EXPECT_EQ(send(tlm::TLM_READ_COMMAND, 936, in), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(in, out);
  EXPECT_EQ(delay_, kPeriod * (12 + 4 + 4 + 30)) << "behind the write on the bus";
  EXPECT_EQ(byte_at(935), std::byte{0});
  EXPECT_EQ(byte_at(999), std::byte{64});
}

TEST_F(DramTarget, AnswersErrorsAndTakesNoTime) {
  std::vector<unsigned char> data(64, 0xAA);
  for (const std::uint64_t address : {937ULL, 1000ULL, 1ULL << 40, ~0ULL, ~0ULL - 63}) {
    EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, address, data), tlm::TLM_ADDRESS_ERROR_RESPONSE) << address;
    EXPECT_EQ(delay_, sc_core::SC_ZERO_TIME);
  }
  std::vector<unsigned char> enable(64, 0xFF);
  EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, 0, data, enable.data()), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_EQ(byte_at(i), std::byte{0}) << i;
  EXPECT_EQ(dram_->timing().counters().requests, 0U);
}

TEST_F(DramTarget, DebugAccessMovesBytesWithoutTime) {
  std::vector<unsigned char> data{1, 2, 3};
  tlm::tlm_generic_payload p;
  p.set_command(tlm::TLM_WRITE_COMMAND);
  p.set_address(10);
  p.set_data_ptr(data.data());
  p.set_data_length(3);
  EXPECT_EQ(initiator_->socket->transport_dbg(p), 3U);
  EXPECT_EQ(byte_at(12), std::byte{3});
  EXPECT_EQ(dram_->timing().counters().requests, 0U);
  p.set_address(999);
  EXPECT_EQ(initiator_->socket->transport_dbg(p), 0U);
}

/// Ten bytes 0 to 9, fixed from 6 on.
class FixedContents : public testing::Test {
 protected:
  static std::vector<std::byte> ten_bytes() {
    std::vector<std::byte> bytes;
    for (unsigned char i = 0; i < 10; ++i) bytes.push_back(std::byte{i});
    return bytes;
  }
  std::vector<std::byte> bytes(std::uint64_t address, std::size_t count) const {
    std::vector<std::byte> read(count);
    contents_.read(address, read);
    return read;
  }

  const std::vector<std::byte> image_ = ten_bytes();
  DramContents contents_{image_, 6};
};

TEST_F(FixedContents, FixedBytesAreThoseOfTheImageItself) {
  EXPECT_EQ(contents_.readable(6, 10), image_.data() + 6);
  EXPECT_NE(contents_.readable(0, 6), image_.data());
  EXPECT_TRUE(std::ranges::equal(bytes(3, 6), std::span(image_).subspan(3, 6))) << "across the border";
  EXPECT_THROW(contents_.readable(5, 7), base::SimulationError);
  EXPECT_THROW(contents_.writable(5, 7), base::SimulationError);
}

TEST_F(FixedContents, WhatIsWrittenNeverReachesTheImage) {
  contents_.write(2, std::vector{std::byte{70}, std::byte{71}});
  *contents_.writable(0, 1) = std::byte{72};
  EXPECT_EQ(bytes(0, 4), (std::vector{std::byte{72}, std::byte{1}, std::byte{70}, std::byte{71}}));
  contents_.write(5, std::vector{std::byte{73}, std::byte{74}});  // as a fault in a store's address does
  EXPECT_EQ(bytes(4, 4), (std::vector{std::byte{4}, std::byte{73}, std::byte{74}, std::byte{7}}));
  EXPECT_EQ(image_, ten_bytes());
}

}  // namespace
}  // namespace dlasim::sim::memory
