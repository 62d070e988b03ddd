#pragma once
// Spells replies in RESP2 or RESP3 into an OutputBuffer: the only place in Cairn that knows how
// protocol bytes look on the way out. Handlers call it; it knows nothing of commands.
//
// A reply that is nested (array, map, set) is a header and then its elements; nobody counts them
// here, the caller writes as many as the header says. Counting top-level replies is the caller's
// business, too.
//
// Thread safety: none; it belongs to whoever owns the buffer. It holds no state but the protocol.
// Lifetime: the buffer outlives the writer; arguments are copied and must not lie in the buffer.
// Source: RESP specification; spellings as Redis 7.0 writes them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "resp/output_buffer.h"
#include "util/check.h"

namespace cairn::resp {

class Writer {
 public:
  // protocol: 2 or 3.
  Writer(OutputBuffer& out, int protocol) : out_(out), protocol_(protocol) {
    DCHECK(protocol == 2 || protocol == 3);
  }

  int protocol() const { return protocol_; }
  bool resp3() const { return protocol_ == 3; }
  // For HELLO, whose own reply is written in the protocol that it chose.
  void set_protocol(int protocol) {
    DCHECK(protocol == 2 || protocol == 3);
    protocol_ = protocol;
  }
  OutputBuffer& buffer() { return out_; }

  void Ok() { out_.Append("+OK\r\n"); }
  void Queued() { out_.Append("+QUEUED\r\n"); }
  void Pong() { out_.Append("+PONG\r\n"); }
  // Requires: text has no CR or LF (it is ours).
  void SimpleString(std::string_view text);
  // `text` begins with the code ("ERR unknown command", "WRONGTYPE …"). It may quote what a client
  // sent: CR and LF are cut off at both ends and are spaces in between.
  void Error(std::string_view text);
  void Integer(int64_t value);
  // Redis's 0 or 1, an integer in both protocols (EXISTS, EXPIRE, …); see Boolean.
  void IntegerBool(bool value) { out_.Append(value ? ":1\r\n" : ":0\r\n"); }

  void Bulk(std::string_view bytes);
  // The decimal digits of `value` as a bulk string.
  void BulkInteger(int64_t value);
  // A missing value: `$-1`, in RESP3 `_`.
  void Null() { out_.Append(resp3() ? "_\r\n" : "$-1\r\n"); }
  // A missing array: `*-1`, in RESP3 `_`.
  void NullArray() { out_.Append(resp3() ? "_\r\n" : "*-1\r\n"); }

  void ArrayHeader(size_t count);
  // `pairs` keys, each followed by its value. RESP2: an array of both.
  void MapHeader(size_t pairs);
  // RESP2: an array.
  void SetHeader(size_t count);
  // A message out of turn. RESP2: an array.
  void PushHeader(size_t count);
  // Attributes of the reply that follows. Requires: resp3() (RESP2 has none).
  void AttributeHeader(size_t pairs);

  // %.17g. RESP2: a bulk string.
  void Double(double value);
  // A number that the caller spelled (a long double, a score). RESP2: a bulk string.
  void DoubleText(std::string_view digits);
  // `#t`/`#f`. RESP2: `:1`/`:0`.
  void Boolean(bool value);
  // RESP2: a bulk string.
  void BigNumber(std::string_view digits);
  // Text that says how it wants to be shown: format is three characters, "txt" or "mkd". RESP2: a
  // bulk string.
  void Verbatim(std::string_view format, std::string_view text);

  // Bytes that are protocol already (a reply that was kept).
  void Raw(std::string_view protocol_bytes) { out_.Append(protocol_bytes); }

 private:
  void Header(char type, uint64_t count);
  // type, bytes, CR LF.
  void Line(char type, std::string_view bytes);

  OutputBuffer& out_;
  int protocol_;
};

// An array whose length is known only after its elements were written (KEYS). The header is put
// before them at the end, which moves them once: a copy of the reply in memory. (Rejected: leaving
// room for the longest header and padding the count with zeros, which some clients refuse.)
//
//   DeferredArray array(writer);
//   for (…) { writer.Bulk(key); array.Add(); }
//   array.Close();
//
// One may stand inside another. An abandoned one is forgotten with OutputBuffer::Truncate; without
// Close its elements stand there without a header.
class DeferredArray {
 public:
  explicit DeferredArray(Writer& writer) : writer_(writer), mark_(writer.buffer().size()) {}

  void Add(size_t elements = 1) { count_ += elements; }
  size_t count() const { return count_; }
  void Close();
  // The same as a set; RESP2: an array.
  void CloseAsSet();

 private:
  Writer& writer_;
  size_t mark_;
  size_t count_ = 0;
};

}  // namespace cairn::resp
