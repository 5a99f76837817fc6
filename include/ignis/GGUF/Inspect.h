//===- Inspect.h - listing of a GGUF file for people and machines -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shows any well-formed GGUF file, of whatever architecture and tensor types, and says whether
// ignis can run it and if not why. Names and strings from the file are escaped.

#ifndef IGNIS_GGUF_INSPECT_H
#define IGNIS_GGUF_INSPECT_H

#include "ignis/GGUF/File.h"

#include <string>

namespace ignis::gguf {

/// A listing to read: header, metadata (long strings and arrays shortened), tensors, totals.
std::string inspectText(const File &file);

/// One JSON object, valid UTF-8, ending in a newline:
///   {"file", "bytes", "version", "alignment", "data_offset", "has_data",
///    "supported": true|false, "reason": null|string,
///    "metadata": {KEY: {"type": "u32", "value": V} |
///                      {"type": "array", "element_type": "str", "length": N, "value": [..]}},
///    "tensors": [{"name", "type", "shape", "elements", "bytes", "offset"}]}
/// Arrays show at most 16 elements beside their length; shape has the contiguous dimension first;
/// NaN and infinities are strings.
std::string inspectJSON(const File &file);

} // namespace ignis::gguf

#endif // IGNIS_GGUF_INSPECT_H
