//===- Session.cpp - running models from Python -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ids to logits, text and times. One call at a time: a session's methods exclude each other.

#include "Compiled.h"

#include "ignis/Generate/Generate.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <mutex>
#include <thread>

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

using namespace ignis;
using namespace ignis::python;

namespace {
using Floats = py::array_t<float>;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Whose turn it is: methods of one session exclude each other, whatever thread they come from.
class Turn {
public:
  Turn(std::mutex &mutex, std::atomic<std::thread::id> &owner) : owner(owner) {
    if (owner == std::this_thread::get_id())
      throw InputError("the session is at work: a callback may not call it");
    py::gil_scoped_release release; // whoever has the turn may want the interpreter's lock
    lock = std::unique_lock<std::mutex>(mutex);
    owner = std::this_thread::get_id();
  }
  ~Turn() { owner = std::thread::id(); }
  Turn(const Turn &) = delete;
  Turn &operator=(const Turn &) = delete;

private:
  std::atomic<std::thread::id> &owner;
  std::unique_lock<std::mutex> lock;
};

/// Ids from anything that NumPy makes an array of integers of one dimension of.
std::vector<int64_t> idsOf(const py::object &given) {
  py::array array = py::array::ensure(given);
  if (!array) {
    PyErr_Clear();
    throw InputError("ids: expected integers of one dimension");
  }
  if (array.ndim() != 1)
    throw InputError("ids have " + std::to_string(array.ndim()) + " dimensions, expected 1");
  char kind = array.dtype().kind();
  if (array.size() && kind != 'i' && kind != 'u')
    throw InputError("ids are of type " + py::str(array.dtype()).cast<std::string>() +
                     ", expected integers");
  auto wide = py::array_t<int64_t, py::array::c_style | py::array::forcecast>::ensure(array);
  return std::vector<int64_t>(wide.data(), wide.data() + wide.size());
}

class PySession {
public:
  PySession(std::shared_ptr<Compiled> compiled, int threads) : compiled(std::move(compiled)) {
    if (threads < 0)
      throw InputError("threads: expected 0 or more, but got " + std::to_string(threads));
    py::gil_scoped_release release;
    runtime::SessionOptions options;
    options.threads = threads;
    options.kernels = this->compiled->variant;
    auto made =
        runtime::Session::create(this->compiled->model->file, this->compiled->code, options);
    if (!made)
      throw InputError(llvm::toString(made.takeError()));
    session = std::move(*made);
  }

  /// Appends ids and returns the logits of the last, (vocabulary,).
  Floats feed(const py::object &given, int64_t chunk) {
    Turn turn(mutex, owner);
    std::vector<int32_t> ids = checked(given, /*some=*/true);
    run(ids, chunk, [&](llvm::ArrayRef<int32_t> part) { return session->feed(part); });
    return copyLogits();
  }

  /// Appends ids and returns the logits of each, (ids, vocabulary).
  Floats score(const py::object &given, int64_t chunk) {
    Turn turn(mutex, owner);
    std::vector<int32_t> ids = checked(given, /*some=*/true);
    Floats out({static_cast<py::ssize_t>(ids.size()), py::ssize_t(session->vocabulary())});
    float *data = out.mutable_data();
    size_t done = 0;
    run(ids, chunk, [&](llvm::ArrayRef<int32_t> part) {
      llvm::Error error = session->score(part, [&](int64_t index, llvm::ArrayRef<float> row) {
        std::copy(row.begin(), row.end(), data + (done + static_cast<size_t>(index)) * row.size());
      });
      done += part.size();
      return error;
    });
    return out;
  }

  Floats lastLogits() {
    Turn turn(mutex, owner);
    return copyLogits();
  }

  void rewind(int64_t position) {
    Turn turn(mutex, owner);
    if (position < 0 || position > session->position())
      throw InputError("position " + std::to_string(position) + ": expected 0 to " +
                       std::to_string(session->position()));
    session->rewind(position);
  }

  /// Seconds of `calls` calls of `rows` ids each, from position `depth` on; the context is filled
  /// up to there first and left at `depth`.
  std::vector<double> time(int64_t calls, int64_t rows, int64_t depth) {
    Turn turn(mutex, owner);
    int64_t context = session->context();
    if (calls < 1 || rows < 1 || depth < 0 || depth > context || rows > context - depth)
      throw InputError("time: expected calls and rows of 1 or more within the context of " +
                       std::to_string(context) + " positions");
    std::vector<int32_t> ids(static_cast<size_t>(std::max(rows, depth)), 0);
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] = static_cast<int32_t>((i * 7919) % static_cast<size_t>(session->vocabulary()));
    llvm::ArrayRef<int32_t> all(ids);
    if (session->position() != depth) {
      session->rewind(0);
      if (depth)
        run(
            ids, 0, [&](llvm::ArrayRef<int32_t> part) { return session->feed(part); },
            static_cast<size_t>(depth));
    }
    std::vector<double> seconds;
    Interrupt interrupt;
    std::string message;
    {
      py::gil_scoped_release release;
      session->prepare();
      while (static_cast<int64_t>(seconds.size()) < calls && !interrupt.pending()) {
        double begin = now();
        if (llvm::Error error = session->feed(all.take_front(static_cast<size_t>(rows)))) {
          message = llvm::toString(std::move(error));
          break;
        }
        seconds.push_back(now() - begin);
        session->rewind(depth);
      }
    }
    interrupt.rethrow();
    if (!message.empty())
      throw InputError(message);
    return seconds;
  }

  py::dict generate(py::object prompt, int64_t tokens, double temperature, int64_t topK,
                    double topP, uint64_t seed, std::vector<std::string> stop, bool ignoreEnd,
                    py::object progress) {
    Turn turn(mutex, owner);
    const tokenizer::Tokenizer &tokenizer = compiled->model->getTokenizer();
    std::vector<int32_t> ids;
    if (py::isinstance<py::str>(prompt))
      ids = tokenizer.encode(prompt.cast<std::string>());
    else
      ids = checked(prompt, /*some=*/false);
    if (ids.empty())
      throw InputError("the prompt is empty");
    if (!(temperature >= 0 && std::isfinite(temperature)))
      throw InputError("temperature is " + std::to_string(temperature) + ", expected 0 or more");
    if (topK < 0)
      throw InputError("top_k is " + std::to_string(topK) + ", expected 0 or more");
    if (!(topP >= 0 && topP <= 1))
      throw InputError("top_p is " + std::to_string(topP) + ", expected 0 to 1");
    generate::GenerateOptions options;
    options.tokens = tokens;
    options.sampler.temperature = temperature;
    options.sampler.topK = topK;
    options.sampler.topP = topP;
    options.sampler.seed = seed;
    options.stop = std::move(stop);
    options.ignoreEndOfText = ignoreEnd;
    Interrupt interrupt;
    std::unique_ptr<py::error_already_set> raised;
    options.interrupted = [&] { return raised || interrupt.pending(); };
    if (!progress.is_none())
      options.text = [&](llvm::StringRef piece) {
        py::gil_scoped_acquire acquire;
        try {
          progress(py::str(piece.data(), piece.size()));
        } catch (py::error_already_set &error) {
          raised = std::make_unique<py::error_already_set>(std::move(error));
        }
        return !raised;
      };
    std::string message;
    generate::GenerateResult result;
    {
      py::gil_scoped_release release;
      auto made = generate::generate(*session, tokenizer, ids, options);
      if (made)
        result = std::move(*made);
      else
        message = llvm::toString(made.takeError());
    }
    if (raised)
      throw py::error_already_set(std::move(*raised));
    interrupt.rethrow();
    if (!message.empty())
      throw InputError(message);
    py::dict out;
    out["ids"] = result.ids;
    out["text"] = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
        result.text.data(), static_cast<py::ssize_t>(result.text.size()), "replace"));
    out["stop"] = generate::toString(result.reason);
    out["prompt_tokens"] = result.promptTokens;
    out["prompt_seconds"] = result.promptSeconds;
    out["decoded_tokens"] = result.decodedTokens;
    out["decode_seconds"] = result.decodeSeconds;
    return out;
  }

  double perplexity(const py::object &given) {
    Turn turn(mutex, owner);
    std::vector<int32_t> ids = checked(given, true, /*fits=*/false);
    Interrupt interrupt;
    std::string message;
    double value = 0;
    {
      py::gil_scoped_release release;
      auto result = generate::perplexity(*session, ids,
                                         [&](int64_t, int64_t) { return !interrupt.pending(); });
      if (result)
        value = result->perplexity;
      else
        message = llvm::toString(result.takeError());
    }
    interrupt.rethrow();
    if (!message.empty())
      throw InputError(message);
    return value;
  }

  py::dict memory() const {
    runtime::Session::Memory memory = session->memory();
    py::dict out;
    out["weights_packed"] = memory.weightsPacked;
    out["cache"] = memory.cache;
    out["arena"] = memory.arena;
    out["scratch"] = memory.scratch;
    out["other"] = memory.other;
    return out;
  }

  std::shared_ptr<Compiled> compiled;
  std::unique_ptr<runtime::Session> session;

private:
  std::mutex mutex;
  std::atomic<std::thread::id> owner{std::thread::id()};

  Floats copyLogits() const {
    llvm::ArrayRef<float> row = session->lastLogits();
    Floats out(static_cast<py::ssize_t>(row.size()));
    std::copy(row.begin(), row.end(), out.mutable_data());
    return out;
  }

  /// Ids in range, and as many as fit.
  std::vector<int32_t> checked(const py::object &given, bool some, bool fits = true) const {
    std::vector<int64_t> wide = idsOf(given);
    if (some && wide.empty())
      throw InputError("no ids");
    for (size_t i = 0; i < wide.size(); ++i)
      if (wide[i] < 0 || wide[i] >= session->vocabulary())
        throw InputError("id " + std::to_string(wide[i]) + " at index " + std::to_string(i) +
                         ": expected 0 to " + std::to_string(session->vocabulary() - 1));
    std::vector<int32_t> ids(wide.begin(), wide.end());
    if (fits && session->position() + static_cast<int64_t>(ids.size()) > session->context())
      throw InputError(std::to_string(ids.size()) + " ids do not fit: " +
                       std::to_string(session->context() - session->position()) +
                       " positions of the context are left");
    return ids;
  }

  /// Chunk by chunk, so that Ctrl-C is noticed in between.
  void run(llvm::ArrayRef<int32_t> ids, int64_t chunk,
           const std::function<llvm::Error(llvm::ArrayRef<int32_t>)> &work, size_t count = 0) {
    if (count)
      ids = ids.take_front(count);
    size_t most =
        static_cast<size_t>(chunk > 0 ? std::min(chunk, session->chunk()) : session->chunk());
    Interrupt interrupt;
    std::string message;
    {
      py::gil_scoped_release release;
      if (ids.size() > most)
        session->prepare();
      for (size_t at = 0; at < ids.size() && message.empty() && !interrupt.pending(); at += most)
        if (llvm::Error error = work(ids.slice(at, std::min(most, ids.size() - at))))
          message = llvm::toString(std::move(error));
    }
    interrupt.rethrow();
    if (!message.empty())
      throw InputError(message);
  }
};
} // namespace

void ignis::python::bindSession(py::module_ &module) {
  py::class_<PySession, std::shared_ptr<PySession>>(
      module, "Session", "One conversation: caches, arena, packed weights and threads.")
      .def(py::init<std::shared_ptr<Compiled>, int>(), py::arg("compiled"), py::arg("threads") = 0)
      .def("feed", &PySession::feed, py::arg("ids"), py::arg("chunk") = 0,
           "Appends ids; float32 logits (vocabulary,) of the last.")
      .def("score", &PySession::score, py::arg("ids"), py::arg("chunk") = 0,
           "Appends ids; float32 logits (ids, vocabulary) of each.")
      .def("last_logits", &PySession::lastLogits,
           "float32 logits (vocabulary,) of the id that was fed last; empty before the first.")
      .def("generate", &PySession::generate, py::arg("prompt"), py::arg("tokens") = -1,
           py::kw_only(), py::arg("temperature") = 0.0, py::arg("top_k") = 0,
           py::arg("top_p") = 1.0, py::arg("seed") = 0,
           py::arg("stop") = std::vector<std::string>(), py::arg("ignore_end") = false,
           py::arg("progress") = py::none(),
           "Feeds a prompt (text or ids) and generates. `progress` gets each piece of text. The "
           "result has ids, text, stop, and counts and seconds of prompt and decoding.")
      .def(
          "time", &PySession::time, py::arg("calls"), py::arg("rows") = 1, py::arg("depth") = 0,
          "Seconds of each of `calls` calls of `rows` ids at position `depth`: rows=1 is decoding.")
      .def("perplexity", &PySession::perplexity, py::arg("ids"),
           "Over windows of 512 ids, the last 255 of each scored.")
      .def("rewind", &PySession::rewind, py::arg("position") = 0,
           "Forgets everything from this position on.")
      .def("memory", &PySession::memory, "Bytes held, by purpose.")
      .def_property_readonly("context", [](PySession &self) { return self.session->context(); })
      .def_property_readonly("chunk", [](PySession &self) { return self.session->chunk(); })
      .def_property_readonly("vocabulary",
                             [](PySession &self) { return self.session->vocabulary(); })
      .def_property_readonly("position", [](PySession &self) { return self.session->position(); })
      .def_property_readonly("threads", [](PySession &self) { return self.session->threads(); });
}
