//===- Escape.cpp - untrusted text made safe to print -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names in a file can hold terminal escape sequences, line breaks or direction overrides. All that
// is said about a file goes through here first.

#include "ignis/GGUF/File.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"

static bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Bytes of the printable character that `text` begins with; 0 if its first byte must be escaped.
static size_t printablePrefix(llvm::StringRef text) {
  if (llvm::isPrint(text.front())) // ASCII
    return text.front() == '\\' ? 0 : 1;
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  auto *at = begin;
  llvm::UTF32 code = 0;
  if (llvm::convertUTF8Sequence(&at, begin + text.size(), &code, llvm::strictConversion) !=
      llvm::conversionOK)
    return 0;
  return llvm::sys::unicode::isPrintable(static_cast<int>(code)) ? at - begin : 0;
}

std::string ignis::gguf::escape(llvm::StringRef text, size_t limit) {
  bool cut = limit && text.size() > limit;
  if (cut) {
    // Not through the middle of a character, which has at most three continuation bytes.
    size_t keep = limit;
    while (keep > 0 && limit - keep < 3 && isContinuation(text[keep]))
      --keep;
    text = text.take_front(isContinuation(text[keep]) ? limit : keep);
  }
  std::string out;
  out.reserve(text.size() + 4);
  while (!text.empty()) {
    if (size_t n = printablePrefix(text)) {
      out.append(text.data(), n);
      text = text.drop_front(n);
      continue;
    }
    unsigned char c = text.front();
    if (c == '\\') {
      out += "\\\\";
    } else {
      out += "\\x";
      out += llvm::hexdigit(c >> 4, /*LowerCase=*/true);
      out += llvm::hexdigit(c & 15, /*LowerCase=*/true);
    }
    text = text.drop_front();
  }
  if (cut)
    out += "...";
  return out;
}
