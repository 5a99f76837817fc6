//===- StreamDecoder.cpp - text of tokens as they are generated -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Cuts the byte stream into characters.

#include "ignis/Tokenizer/StreamDecoder.h"

#include "UTF8.h"

using namespace ignis::tokenizer;
using llvm::StringRef;

std::string StreamDecoder::push(int32_t id) {
  if (options.skipControl && tokenizer.isControl(id))
    return {};
  StringRef bytes = tokenizer.decode(id);
  held.append(bytes.data(), bytes.size());
  return drain(/*final=*/false);
}

std::string StreamDecoder::flush() { return drain(/*final=*/true); }

std::string StreamDecoder::drain(bool final) {
  std::string out;
  StringRef rest = held;
  while (!rest.empty()) {
    Character character = firstCharacter(rest);
    if (character.status == Character::Incomplete && !final)
      break;
    if (character.status == Character::Valid || !options.replaceInvalid)
      out.append(rest.data(), character.length);
    else
      out += "\xef\xbf\xbd";
    rest = rest.drop_front(character.length);
  }
  held.erase(0, held.size() - rest.size());
  return out;
}
