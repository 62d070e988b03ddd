#include "resp/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace cairn::resp {
namespace {

// Type byte, sign, 20 digits, CR LF.
constexpr size_t kMaxHeaderBytes = 1 + 1 + 20 + 2;
// %.17g: sign, digit, point, 16 digits, e+308.
constexpr size_t kMaxDoubleBytes = 32;

char* PutCrlf(char* to) {
  to[0] = '\r';
  to[1] = '\n';
  return to + 2;
}

// `to` has room for kMaxHeaderBytes.
template <typename Int>
char* PutHeader(char* to, char type, Int value) {
  *to = type;
  return PutCrlf(std::to_chars(to + 1, to + kMaxHeaderBytes, value).ptr);
}

char* PutBytes(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

std::string_view TrimLineEnds(std::string_view text) {
  const size_t first = text.find_first_not_of("\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of("\r\n") - first + 1);
}

std::string_view FormatDouble(double value, char (&buffer)[kMaxDoubleBytes]) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const auto end =
      std::to_chars(buffer, buffer + kMaxDoubleBytes, value, std::chars_format::general, 17);
  return {buffer, static_cast<size_t>(end.ptr - buffer)};
}

}  // namespace

void Writer::Line(char type, std::string_view bytes) {
  char* to = out_.Ensure(1 + bytes.size() + 2);
  *to = type;
  out_.Commit(PutCrlf(PutBytes(to + 1, bytes)));
}

void Writer::Header(char type, uint64_t count) {
  out_.Commit(PutHeader(out_.Ensure(kMaxHeaderBytes), type, count));
}

void Writer::SimpleString(std::string_view text) {
  DCHECK(text.find_first_of("\r\n") == std::string_view::npos);
  Line('+', text);
}

void Writer::Error(std::string_view text) {
  const std::string_view trimmed = TrimLineEnds(text);
  char* to = out_.Ensure(1 + trimmed.size() + 2);
  *to = '-';
  char* end = std::transform(trimmed.begin(), trimmed.end(), to + 1,
                             [](char c) { return c == '\r' || c == '\n' ? ' ' : c; });
  out_.Commit(PutCrlf(end));
}

void Writer::Integer(int64_t value) {
  out_.Commit(PutHeader(out_.Ensure(kMaxHeaderBytes), ':', value));
}

void Writer::Bulk(std::string_view bytes) {
  char* to = out_.Ensure(kMaxHeaderBytes + bytes.size() + 2);
  to = PutHeader(to, '$', bytes.size());
  out_.Commit(PutCrlf(PutBytes(to, bytes)));
}

void Writer::BulkInteger(int64_t value) {
  char digits[kMaxHeaderBytes];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value);
  Bulk({digits, static_cast<size_t>(end.ptr - digits)});
}

void Writer::ArrayHeader(size_t count) {
  Header('*', count);
}

void Writer::MapHeader(size_t pairs) {
  resp3() ? Header('%', pairs) : Header('*', 2 * pairs);
}

void Writer::SetHeader(size_t count) {
  Header(resp3() ? '~' : '*', count);
}

void Writer::PushHeader(size_t count) {
  Header(resp3() ? '>' : '*', count);
}

void Writer::AttributeHeader(size_t pairs) {
  CHECK(resp3());
  Header('|', pairs);
}

void Writer::Double(double value) {
  char buffer[kMaxDoubleBytes];
  DoubleText(FormatDouble(value, buffer));
}

void Writer::DoubleText(std::string_view digits) {
  resp3() ? Line(',', digits) : Bulk(digits);
}

void Writer::Boolean(bool value) {
  if (!resp3()) return IntegerBool(value);
  out_.Append(value ? "#t\r\n" : "#f\r\n");
}

void Writer::BigNumber(std::string_view digits) {
  resp3() ? Line('(', digits) : Bulk(digits);
}

void Writer::Verbatim(std::string_view format, std::string_view text) {
  if (!resp3()) return Bulk(text);
  CHECK(format.size() == 3);
  char* to = out_.Ensure(kMaxHeaderBytes + 4 + text.size() + 2);
  to = PutHeader(to, '=', text.size() + 4);
  to = PutBytes(to, format);
  *to++ = ':';
  out_.Commit(PutCrlf(PutBytes(to, text)));
}

void DeferredArray::Close() {
  char header[kMaxHeaderBytes];
  const char* end = PutHeader(header, '*', count_);
  writer_.buffer().Insert(mark_, {header, static_cast<size_t>(end - header)});
}

void DeferredArray::CloseAsSet() {
  char header[kMaxHeaderBytes];
  const char* end = PutHeader(header, writer_.resp3() ? '~' : '*', count_);
  writer_.buffer().Insert(mark_, {header, static_cast<size_t>(end - header)});
}

}  // namespace cairn::resp
