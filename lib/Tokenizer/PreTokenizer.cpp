//===- PreTokenizer.cpp - cuts text into the words that merges stay within --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Wraps PCRE2. The pattern matches at every position of a text, and each of its loops runs over one
// class of characters, so matching takes time linear in the text and no stack.

#include "PreTokenizer.h"

#include "UTF8.h"
#include "Unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <string>

using namespace ignis::tokenizer;
using llvm::StringRef;

static const char pattern[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct PreTokenizer::Code {
  pcre2_code *code = nullptr;
  pcre2_match_context *context = nullptr;
  bool jit = false;

  Code() = default;
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;
  ~Code() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }

  /// Bytes of the word at `offset`.
  size_t match(StringRef text, size_t offset, pcre2_match_data *data) const {
    auto *subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    int found = jit ? pcre2_jit_match(code, subject, text.size(), offset, 0, data, context)
                    : PCRE2_ERROR_JIT_BADOPTION;
    if (found < 0) // no JIT on this system, or its stack was too small
      found = pcre2_match(code, subject, text.size(), offset, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                          data, context);
    if (found > 0) {
      const PCRE2_SIZE *span = pcre2_get_ovector_pointer(data);
      if (span[0] == offset && span[1] > offset)
        return span[1] - offset;
    }
    // Out of memory: the pattern itself matches any text. Go on, rather than lose text.
    return firstCharacter(text.drop_front(offset)).length;
  }
};

llvm::Expected<PreTokenizer> PreTokenizer::create() {
  auto code = std::make_shared<Code>();
  int error = 0;
  PCRE2_SIZE errorOffset = 0;
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern), sizeof(pattern) - 1,
                             PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK, &error,
                             &errorOffset, nullptr);
  if (code->code)
    code->context = pcre2_match_context_create(nullptr);
  if (!code->context) {
    PCRE2_UCHAR message[128] = "out of memory";
    if (!code->code)
      pcre2_get_error_message(error, message, sizeof(message));
    return llvm::createStringError("cannot compile the pre-tokenizer's pattern: %s",
                                   reinterpret_cast<const char *>(message));
  }
  // A run of spaces is given back one by one: no limit that a long one could reach.
  pcre2_set_match_limit(code->context, UINT32_MAX);
  pcre2_set_depth_limit(code->context, UINT32_MAX);
  code->jit = pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE) == 0;
  return PreTokenizer(std::move(code));
}

/// The same text, same offsets, with representatives for characters that PCRE2 may misjudge.
static std::string shadow(StringRef text) {
  // A letter, a digit and a symbol of 2, 3 and 4 bytes; as old as Unicode's first versions.
  static const char *const representatives[3][3] = {{"\u00e9", "\u00b2", "\u00a1"},
                                                    {"\u3042", "\u2070", "\u2010"},
                                                    {"\U00020000", "\U00010107", "\U0001d100"}};
  std::string out = text.str();
  for (size_t at = 0; at < text.size();) {
    Character character = firstCharacter(text.drop_front(at));
    if (auto replaced = reclassified(character.codePoint); replaced && character.length > 1)
      out.replace(at, character.length,
                  representatives[character.length - 2][static_cast<unsigned>(*replaced)]);
    at += character.length;
  }
  return out;
}

void PreTokenizer::split(StringRef text, bool ambiguous,
                         llvm::function_ref<void(StringRef)> word) const {
  if (text.empty())
    return;
  std::string copy;
  StringRef subject = text;
  if (ambiguous)
    subject = copy = shadow(text);
  pcre2_match_data *data = pcre2_match_data_create(1, nullptr);
  for (size_t at = 0; at < text.size();) {
    size_t length =
        data ? code->match(subject, at, data) : size_t(firstCharacter(text.drop_front(at)).length);
    word(text.substr(at, length));
    at += length;
  }
  pcre2_match_data_free(data);
}
