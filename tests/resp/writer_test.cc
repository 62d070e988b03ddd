// The writer spells every reply as Redis 7.0 does, in RESP2 and RESP3, and the buffer under it
// keeps bytes, marks and memory right.
#include "resp/writer.h"

#include <fmt/format.h>
#include <chrono>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "resp/output_buffer.h"
#include "support/seed.h"
#include "util/random.h"

namespace cairn::resp {
namespace {

// What `write` spells in the given protocol.
template <typename Write>
std::string Spell(int protocol, Write write) {
  OutputBuffer out;
  Writer writer(out, protocol);
  write(writer);
  return std::string(out.view());
}

#define SPELLS(resp2, resp3, expression)                                        \
  do {                                                                          \
    CHECK_THAT(Spell(2, [&](Writer& w) { expression; }), Catch::Equals(resp2)); \
    CHECK_THAT(Spell(3, [&](Writer& w) { expression; }), Catch::Equals(resp3)); \
  } while (false)

#define SPELLS_BOTH(expected, expression) SPELLS(expected, expected, expression)

}  // namespace

TEST_CASE("scalars are spelled alike in both protocols", "[writer]") {
  SPELLS_BOTH("+OK\r\n", w.Ok());
  SPELLS_BOTH("+QUEUED\r\n", w.Queued());
  SPELLS_BOTH("+PONG\r\n", w.Pong());
  SPELLS_BOTH("+string\r\n", w.SimpleString("string"));
  SPELLS_BOTH("+\r\n", w.SimpleString(""));
  SPELLS_BOTH(":0\r\n", w.Integer(0));
  SPELLS_BOTH(":-1\r\n", w.Integer(-1));
  SPELLS_BOTH(":9223372036854775807\r\n", w.Integer(std::numeric_limits<int64_t>::max()));
  SPELLS_BOTH(":-9223372036854775808\r\n", w.Integer(std::numeric_limits<int64_t>::min()));
  SPELLS_BOTH(":1\r\n", w.IntegerBool(true));
  SPELLS_BOTH(":0\r\n", w.IntegerBool(false));
  SPELLS_BOTH("$0\r\n\r\n", w.Bulk(""));
  SPELLS_BOTH("$5\r\na\r\nbc\r\n", w.Bulk("a\r\nbc"));
  SPELLS_BOTH(std::string("$3\r\n\0\xff\0\r\n", 9), w.Bulk(std::string_view("\0\xff\0", 3)));
  SPELLS_BOTH("$20\r\n-9223372036854775808\r\n",
              w.BulkInteger(std::numeric_limits<int64_t>::min()));
  SPELLS_BOTH("$1\r\n7\r\n", w.BulkInteger(7));
  SPELLS_BOTH(":1\r\n$1\r\n2\r\n", w.Raw(":1\r\n$1\r\n2\r\n"));
}

TEST_CASE("an error never breaks its line", "[writer]") {
  SPELLS_BOTH("-ERR syntax error\r\n", w.Error("ERR syntax error"));
  SPELLS_BOTH("-ERR unknown command 'a  b'\r\n", w.Error("ERR unknown command 'a\r\nb'"));
  SPELLS_BOTH("-ERR trimmed\r\n", w.Error("\nERR trimmed\r\n\r\n"));
  SPELLS_BOTH("-\r\n", w.Error("\r\n"));
  SPELLS_BOTH("-\r\n", w.Error(""));
}

TEST_CASE("RESP3 types fall back to RESP2 ones", "[writer]") {
  SPELLS("$-1\r\n", "_\r\n", w.Null());
  SPELLS("*-1\r\n", "_\r\n", w.NullArray());
  SPELLS_BOTH("*0\r\n", w.ArrayHeader(0));
  SPELLS_BOTH("*1048576\r\n", w.ArrayHeader(1048576));
  SPELLS("*14\r\n", "%7\r\n", w.MapHeader(7));
  SPELLS("*3\r\n", "~3\r\n", w.SetHeader(3));
  SPELLS("*2\r\n", ">2\r\n", w.PushHeader(2));
  SPELLS(":1\r\n", "#t\r\n", w.Boolean(true));
  SPELLS(":0\r\n", "#f\r\n", w.Boolean(false));
  SPELLS("$3\r\n123\r\n", "(123\r\n", w.BigNumber("123"));
  SPELLS("$4\r\ntext\r\n", "=8\r\ntxt:text\r\n", w.Verbatim("txt", "text"));
  SPELLS("$4\r\n10.5\r\n", ",10.5\r\n", w.DoubleText("10.5"));
  CHECK(Spell(3, [](Writer& w) { w.AttributeHeader(2); }) == "|2\r\n");
}

TEST_CASE("doubles are printed as %.17g", "[writer]") {
  SPELLS("$1\r\n0\r\n", ",0\r\n", w.Double(0));
  SPELLS("$2\r\n-0\r\n", ",-0\r\n", w.Double(-0.0));
  SPELLS("$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n", w.Double(0.1));
  SPELLS("$4\r\n3.25\r\n", ",3.25\r\n", w.Double(3.25));
  SPELLS("$5\r\n1e+20\r\n", ",1e+20\r\n", w.Double(1e20));
  SPELLS("$3\r\ninf\r\n", ",inf\r\n", w.Double(std::numeric_limits<double>::infinity()));
  SPELLS("$4\r\n-inf\r\n", ",-inf\r\n", w.Double(-std::numeric_limits<double>::infinity()));
  // The longest there is fits.
  SPELLS("$24\r\n-2.2250738585072014e-308\r\n", ",-2.2250738585072014e-308\r\n",
         w.Double(-std::numeric_limits<double>::min()));
}

TEST_CASE("HELLO's reply is in the protocol that it chose", "[writer]") {
  OutputBuffer out;
  Writer writer(out, 2);
  writer.set_protocol(3);
  writer.MapHeader(1);
  CHECK(writer.resp3());
  CHECK(out.view() == "%1\r\n");
}

TEST_CASE("a deferred array gets its header at the end", "[writer]") {
  OutputBuffer out;
  Writer writer(out, 3);
  writer.Ok();
  DeferredArray outer(writer);
  writer.Bulk("first");
  outer.Add();
  DeferredArray inner(writer);
  for (int i = 0; i < 12; ++i) {
    writer.Integer(i);
    inner.Add();
  }
  CHECK(inner.count() == 12);
  inner.CloseAsSet();
  outer.Add();
  outer.Close();
  writer.Null();
  CHECK(out.view() ==
        "+OK\r\n*2\r\n$5\r\nfirst\r\n~12\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n"
        ":9\r\n:10\r\n:11\r\n_\r\n");

  CHECK(Spell(2, [](Writer& w) { DeferredArray(w).Close(); }) == "*0\r\n");
  CHECK(Spell(2, [](Writer& w) { DeferredArray(w).CloseAsSet(); }) == "*0\r\n");
}

TEST_CASE("an abandoned attempt leaves nothing in the buffer", "[output_buffer]") {
  OutputBuffer out;
  Writer writer(out, 2);
  writer.Integer(1);
  const size_t mark = out.size();
  writer.Bulk(std::string(5000, 'x'));
  out.Truncate(mark);
  writer.Integer(2);
  CHECK(out.view() == ":1\r\n:2\r\n");
  out.Consume(4);
  CHECK(out.view() == ":2\r\n");
  out.Consume(4);
  CHECK(out.empty());
}

TEST_CASE("the buffer is a queue of bytes", "[output_buffer]") {
  Random random(test::Seed());
  OutputBuffer out;
  std::string model;
  for (int step = 0; step < 20000; ++step) {
    const std::string bytes(random.Uniform(random.OneIn(50) ? 9000 : 60),
                            static_cast<char>('a' + random.Uniform(26)));
    const size_t offset = random.Uniform(model.size() + 1);
    switch (random.Uniform(6)) {
      case 0:
        out.Insert(offset, bytes), model.insert(offset, bytes);
        break;
      case 1:
        out.Truncate(offset), model.resize(offset);
        break;
      case 2:
        out.Consume(offset), model.erase(0, offset);
        break;
      case 3:
        out.ShrinkWhenIdle();
        break;
      default:
        out.Append(bytes), model += bytes;
        break;
    }
    REQUIRE(out.size() == model.size());
    if (step % 16 == 0) REQUIRE(out.view() == model);
  }
  OutputBuffer moved(std::move(out));
  CHECK(moved.view() == model);
}

TEST_CASE("memory of a burst comes back when it is over", "[output_buffer]") {
  OutputBuffer out;
  CHECK(out.capacity() == 0);
  out.Append(std::string(1 << 20, 'x'));
  out.ShrinkWhenIdle();
  CHECK(out.capacity() >= 1 << 20);
  out.Consume((1 << 20) - 100);
  out.ShrinkWhenIdle();
  CHECK(out.capacity() <= OutputBuffer::kIdleCapacityBytes);
  CHECK(out.view() == std::string(100, 'x'));
}

TEST_CASE("a buffer that is drained as it fills does not grow", "[output_buffer]") {
  OutputBuffer out;
  out.Append(std::string(600, 'x'));
  for (int i = 0; i < 100000; ++i) {
    out.Append(std::string(100, 'x'));
    out.Consume(100);
  }
  CHECK(out.size() == 600);
  CHECK(out.capacity() <= 4096);
}

TEST_CASE("cost of a reply", "[.bench]") {
  using Clock = std::chrono::steady_clock;
  constexpr int kRounds = 20'000'000;
  const std::string value(100, 'v');
  OutputBuffer out;
  Writer writer(out, 2);
  const auto measure = [&](const char* name, auto write) {
    const auto start = Clock::now();
    for (int i = 0; i < kRounds; ++i) {
      write();
      if (out.size() > 16 * 1024) out.Consume(out.size());
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    WARN(fmt::format("{}: {:.1f} ns", name, took.count() / kRounds));
  };
  measure("+OK", [&] { writer.Ok(); });
  measure("$-1", [&] { writer.Null(); });
  measure("integer", [&] { writer.Integer(1234567); });
  measure("bulk of 100 bytes", [&] { writer.Bulk(value); });
}

}  // namespace cairn::resp
