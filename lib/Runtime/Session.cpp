//===- Session.cpp - conversations ------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Session.h. An entry is called with a list of words in the manifest's order; buffers that
// several entries name by the same role are shared.

#include "ignis/Runtime/Session.h"

#include "ignis/GGUF/File.h"
#include "ignis/Runtime/Manifest.h"
#include "ignis/Runtime/Profile.h"
#include "ignis/Runtime/RopeTable.h"
#include "ignis/Runtime/ThreadTeam.h"
#include "ignis/Runtime/WeightStore.h"

#include <map>

using namespace ignis;
using namespace ignis::runtime;

namespace {
/// Rows from which on the arithmetic, not the weights' way from memory, takes the time.
constexpr int64_t kLongRows = 32;

class SessionImpl final : public Session {
public:
  llvm::Error initialise(const gguf::File &file, std::shared_ptr<CompiledModel> compiled,
                         const SessionOptions &options) {
    model = std::move(compiled);
    hugePages = options.hugePages;
    llvm::Expected<Manifest> parsed = parseManifest(model->manifest());
    if (!parsed)
      return parsed.takeError();
    manifest = std::move(*parsed);
    embed = manifest.find("embed");
    decode = manifest.find("decode");
    prefill = manifest.find("prefill");
    scoring = manifest.find("score");
    batch = manifest.find("batch");
    if (!embed || (!decode && !prefill && !scoring && !batch))
      return llvm::createStringError(
          "the module lacks entry points: expected embed and one of decode, prefill, score, batch");
    if (llvm::Error error = checkEntries())
      return error;
    for (const Entry &entry : manifest.entries)
      if (!model->entry(entry.name))
        return llvm::createStringError("the module lacks the code of entry '" + entry.name + "'");
    int threads = options.threads > 0 ? options.threads : defaultThreadCount();
    llvm::Expected<WeightStore> store =
        WeightStore::create(file, manifest, options.kernels, threads, options.hugePages);
    if (!store)
      return store.takeError();
    weights = std::make_unique<WeightStore>(std::move(*store));
    int64_t slots = 0;
    for (const Entry &entry : manifest.entries)
      slots = std::max(slots, entry.slots);
    team = ThreadTeam::create(threads, slots, manifest.scratchBytes);
    if (!team)
      return llvm::createStringError("cannot get memory for " +
                                     std::to_string(manifest.scratchBytes) +
                                     " bytes of scratch a thread");
    llvm::Expected<Mapping> mapping = Mapping::create(std::max<int64_t>(manifest.arenaBytes, 64),
                                                      Mapping::HugePages::Now, "the arena");
    if (!mapping)
      return mapping.takeError();
    arena = std::move(*mapping);
    for (const Entry &entry : manifest.entries)
      for (const Argument &argument : entry.arguments)
        if (argument.bytes && argument.arenaOffset < 0 && !isOwn(argument.role))
          if (llvm::Error error = provide(argument, options.hugePages ? Mapping::HugePages::Later
                                                                      : Mapping::HugePages::None))
            return error;
    tokens.resize(static_cast<size_t>(std::max(chunk(), embed->maxRows)));
    if (batch) {
      rowPositions.resize(static_cast<size_t>(batch->maxRows));
      rowSequences.resize(static_cast<size_t>(batch->maxRows));
    }
    filled.resize(static_cast<size_t>(sequenceCount));
    for (const Entry &entry : manifest.entries)
      if (!entry.profile.empty()) // Times are to be those of packed weights.
        prepare();
    return llvm::Error::success();
  }

  void prepare() override {
    if (prepared)
      return;
    prepared = true;
    weights->pack(team->threads());
    if (hugePages)
      for (auto &[role, buffer] : buffers)
        buffer.useHugePages();
  }

  int64_t context() const override { return positions; }
  int64_t chunk() const override {
    int64_t most = 1;
    for (const Entry *entry : {prefill, scoring})
      if (entry)
        most = std::max(most, entry->maxRows);
    return std::min(most, embed->maxRows);
  }
  int64_t vocabulary() const override { return vocabularySize; }
  int64_t sequences() const override { return sequenceCount; }
  int64_t position() const override { return filled[current]; }
  int threads() const override { return team->threads(); }
  void rewind(int64_t p) override {
    filled[current] = std::min(std::max<int64_t>(p, 0), filled[current]);
  }
  llvm::Error select(int64_t sequence) override {
    if (sequence < 0 || sequence >= sequenceCount)
      return llvm::createStringError("sequence is " + std::to_string(sequence) +
                                     ", expected 0 to " + std::to_string(sequenceCount - 1));
    current = static_cast<size_t>(sequence);
    return llvm::Error::success();
  }
  llvm::ArrayRef<float> lastLogits() const override { return last; }

  llvm::Error feed(llvm::ArrayRef<int32_t> ids, int64_t chunkRows) override {
    if (llvm::Error error = check(ids, chunkRows))
      return error;
    while (!ids.empty()) {
      const Entry *entry = ids.size() == 1 && decode ? decode
                           : prefill                 ? prefill
                           : decode                  ? decode
                           : scoring                 ? scoring
                                                     : batch;
      int64_t rows = std::min<int64_t>(static_cast<int64_t>(ids.size()), rowsOf(*entry, chunkRows));
      if (rows == 1 && decode)
        entry = decode;
      // Packing pays from the second call on: the first one's token comes sooner without.
      if (called || rows < static_cast<int64_t>(ids.size()) || rows > kRowsBeforePacking)
        prepare();
      last = call(*entry, ids.take_front(static_cast<size_t>(rows)));
      if (entry == scoring || entry == batch) // Of all rows: the last one in use.
        last = last.slice(static_cast<size_t>((rows - 1) * vocabularySize),
                          static_cast<size_t>(vocabularySize));
      ids = ids.drop_front(static_cast<size_t>(rows));
    }
    return llvm::Error::success();
  }

  llvm::Error score(llvm::ArrayRef<int32_t> ids,
                    const std::function<void(int64_t, llvm::ArrayRef<float>)> &row,
                    int64_t chunkRows) override {
    if (llvm::Error error = check(ids, chunkRows))
      return error;
    prepare();
    for (int64_t done = 0, total = static_cast<int64_t>(ids.size()); done < total;) {
      const Entry *entry = scoring ? scoring : decode ? decode : batch;
      if (!entry)
        return llvm::createStringError("the module has no entry point for logits of all rows: "
                                       "expected score, decode or batch");
      int64_t rows = std::min(total - done, rowsOf(*entry, chunkRows));
      llvm::ArrayRef<float> logits =
          call(*entry, ids.slice(static_cast<size_t>(done), static_cast<size_t>(rows)));
      for (int64_t i = 0; i < rows; ++i)
        row(done + i, logits.slice(static_cast<size_t>(i * vocabularySize),
                                   static_cast<size_t>(vocabularySize)));
      last = logits.slice(static_cast<size_t>((rows - 1) * vocabularySize),
                          static_cast<size_t>(vocabularySize));
      done += rows;
    }
    return llvm::Error::success();
  }

  llvm::Error step(llvm::ArrayRef<int64_t> which, llvm::ArrayRef<int32_t> ids) override {
    if (!batch)
      return llvm::createStringError("the module has no entry point 'batch'");
    int64_t most = std::min(batch->maxRows, embed->maxRows);
    if (which.size() != ids.size() || static_cast<int64_t>(ids.size()) > most)
      return llvm::createStringError(
          "a step of " + std::to_string(ids.size()) + " ids for " + std::to_string(which.size()) +
          " sequences, expected as many of each and at most " + std::to_string(most));
    if (ids.empty())
      return llvm::Error::success();
    // Checked as a whole before anything moves.
    std::vector<int64_t> positionsAfter = filled;
    for (auto [i, sequence] : llvm::enumerate(which)) {
      if (sequence < 0 || sequence >= sequenceCount)
        return llvm::createStringError("sequence is " + std::to_string(sequence) +
                                       ", expected 0 to " + std::to_string(sequenceCount - 1));
      int64_t &position = positionsAfter[static_cast<size_t>(sequence)];
      if (position == positions)
        return llvm::createStringError("context of " + std::to_string(positions) +
                                       " positions of sequence " + std::to_string(sequence) +
                                       " is full");
      rowSequences[i] = static_cast<int32_t>(sequence);
      rowPositions[i] = static_cast<int32_t>(position++);
    }
    if (llvm::Error error = checkIds(ids))
      return error;
    prepare();
    callBatch(ids);
    filled = std::move(positionsAfter);
    return llvm::Error::success();
  }

  llvm::ArrayRef<float> stepLogits(int64_t i) const override {
    return stepped.slice(static_cast<size_t>(i * vocabularySize),
                         static_cast<size_t>(vocabularySize));
  }

  Memory memory() const override {
    Memory memory{weights->packedBytes(), 0, manifest.arenaBytes, manifest.scratchBytes * threads(),
                  0};
    for (auto &[role, buffer] : buffers)
      (role == Role::KeyCache || role == Role::ValueCache ? memory.cache : memory.other) +=
          buffer.size();
    return memory;
  }

  std::unique_ptr<Profile> profile() const override {
    for (const Entry &entry : manifest.entries)
      if (!entry.profile.empty())
        return std::make_unique<Profile>(manifest, threads());
    return nullptr;
  }

private:
  /// Buffers of a call that are not the session's but the call's.
  static bool isOwn(Role role) {
    return role == Role::Tokens || role == Role::Embedded || role == Role::Positions ||
           role == Role::Sequences;
  }

  int64_t rowsOf(const Entry &entry, int64_t chunkRows) const {
    int64_t most = std::min(entry.maxRows, embed->maxRows);
    return chunkRows > 0 ? std::min(most, chunkRows) : most;
  }

  /// What calls rely on: sizes that agree between entries.
  llvm::Error checkEntries() {
    for (const Entry *entry : {batch, decode, prefill, scoring}) {
      if (!entry)
        continue;
      const Argument *logits = entry->find(Role::Logits), *values = entry->find(Role::ValueCache),
                     *input = entry->find(Role::Input);
      const Argument *embedded = embed->find(Role::Embedded);
      // Caches of several sequences have a dimension for them.
      size_t rank = entry == batch ? 5 : 4;
      if (!logits || logits->shape.size() != 2 || !values || values->shape.size() != rank ||
          !input || !embedded || input->shape.size() != 2 || embedded->shape.size() != 2 ||
          input->shape[1] != embedded->shape[1] || !embed->find(Role::Tokens) ||
          input->shape[0] != entry->maxRows || entry->arguments.size() > ThreadTeam::kMostArguments)
        return llvm::createStringError("module manifest: entry '" + entry->name +
                                       "' lacks logits, caches or input of the expected shape");
      if ((vocabularySize && vocabularySize != logits->shape[1]) ||
          (positions && positions != values->shape[rank - 2]))
        return llvm::createStringError(
            "module manifest: entries disagree on vocabulary or context");
      vocabularySize = logits->shape[1];
      positions = values->shape[rank - 2];
      if (logits->bytes < logits->shape[0] * vocabularySize * 4)
        return llvm::createStringError("module manifest: logits of entry '" + entry->name +
                                       "' are too small");
      if (entry == batch) {
        sequenceCount = values->shape[0];
        for (Role role : {Role::Positions, Role::Sequences})
          if (const Argument *rows = entry->find(role); !rows || rows->shape.size() != 1 ||
                                                        rows->shape[0] != entry->maxRows ||
                                                        logits->shape[0] != entry->maxRows)
            return llvm::createStringError(
                "module manifest: entry 'batch' lacks positions, sequences or logits of its rows");
      }
    }
    return checkCaches();
  }

  /// All entries see the cache of one sequence alike; `batch` has one after the other.
  llvm::Error checkCaches() const {
    for (Role role : {Role::KeyCache, Role::ValueCache}) {
      int64_t bytes = 0;
      for (const Entry *entry : {batch, decode, prefill, scoring}) {
        const Argument *cache = entry ? entry->find(role) : nullptr;
        int64_t own = !cache ? 0 : entry == batch ? cache->bytes / sequenceCount : cache->bytes;
        if (entry && (own <= 0 || (bytes && own != bytes)))
          return llvm::createStringError("module manifest: caches of entry '" + entry->name +
                                         "' differ from those of others");
        if (entry)
          bytes = own;
      }
    }
    return llvm::Error::success();
  }

  llvm::Error provide(const Argument &argument, Mapping::HugePages huge) {
    Mapping &buffer = buffers[argument.role];
    if (buffer.size() >= argument.bytes)
      return llvm::Error::success();
    llvm::Expected<Mapping> mapping = Mapping::create(argument.bytes, huge, "caches and tables");
    if (!mapping)
      return mapping.takeError();
    buffer = std::move(*mapping);
    return llvm::Error::success();
  }

  llvm::Error check(llvm::ArrayRef<int32_t> ids, int64_t chunkRows) const {
    if (chunkRows < 0)
      return llvm::createStringError("chunk is " + std::to_string(chunkRows) +
                                     ", expected 0 or more");
    if (static_cast<int64_t>(ids.size()) > positions - position())
      return llvm::createStringError("context of " + std::to_string(positions) +
                                     " positions is full: " + std::to_string(position()) +
                                     " in use, " + std::to_string(ids.size()) + " more wanted");
    return checkIds(ids);
  }

  llvm::Error checkIds(llvm::ArrayRef<int32_t> ids) const {
    for (int32_t id : ids)
      if (id < 0 || id >= vocabularySize)
        return llvm::createStringError("token id " + std::to_string(id) +
                                       " is outside the vocabulary, expected 0 to " +
                                       std::to_string(vocabularySize - 1));
    return llvm::Error::success();
  }

  /// Embeds and runs rows of the selected sequence; the logits that the entry wrote.
  llvm::ArrayRef<float> call(const Entry &entry, llvm::ArrayRef<int32_t> ids) {
    int64_t rows = static_cast<int64_t>(ids.size());
    if (&entry == batch) {
      for (int64_t i = 0; i < rows; ++i) {
        rowSequences[static_cast<size_t>(i)] = static_cast<int32_t>(current);
        rowPositions[static_cast<size_t>(i)] = static_cast<int32_t>(position() + i);
      }
      callBatch(ids);
      filled[current] += rows;
      return stepped;
    }
    extendRopeTable(entry, position() + rows);
    embedAndRun(entry, ids);
    filled[current] += rows;
    return logitsOf(entry);
  }

  /// Runs rows whose positions and sequences are set.
  void callBatch(llvm::ArrayRef<int32_t> ids) {
    auto end = rowPositions.begin() + static_cast<ptrdiff_t>(ids.size());
    extendRopeTable(*batch, *std::max_element(rowPositions.begin(), end) + 1);
    embedAndRun(*batch, ids);
    stepped = logitsOf(*batch);
  }

  void embedAndRun(const Entry &entry, llvm::ArrayRef<int32_t> ids) {
    std::copy(ids.begin(), ids.end(), tokens.begin());
    int64_t rows = static_cast<int64_t>(ids.size());
    called = true;
    using Call = ThreadTeam::Call;
    run(*embed, entry, rows, Call::Alone);
    run(entry, entry, rows, rows < kLongRows ? Call::Short : Call::Long);
  }

  llvm::ArrayRef<float> logitsOf(const Entry &entry) {
    const Argument *logits = entry.find(Role::Logits);
    return {reinterpret_cast<const float *>(address(*logits)),
            static_cast<size_t>(logits->shape[0] * logits->shape[1])};
  }

  uint8_t *address(const Argument &argument) {
    return argument.arenaOffset >= 0 ? arena.data() + argument.arenaOffset
                                     : buffers[argument.role].data();
  }

  void run(const Entry &entry, const Entry &next, int64_t rows, ThreadTeam::Call call) {
    uint64_t arguments[ThreadTeam::kMostArguments];
    size_t count = 0;
    auto word = [](const void *pointer) { return reinterpret_cast<uint64_t>(pointer); };
    for (const Argument &argument : entry.arguments) {
      uint64_t &value = arguments[count++];
      switch (argument.role) {
      case Role::Tokens:
        value = word(tokens.data());
        break;
      case Role::Embedded: // Right where the next call reads it.
        value = word(address(*next.find(Role::Input)));
        break;
      case Role::Position:
        value = static_cast<uint64_t>(position());
        break;
      case Role::Positions:
        value = word(rowPositions.data());
        break;
      case Role::Sequences:
        value = word(rowSequences.data());
        break;
      case Role::Rows:
        value = static_cast<uint64_t>(rows);
        break;
      case Role::KeyCache:
      case Role::ValueCache: // Other entries see one sequence's.
        value = word(address(argument) +
                     (&entry == batch ? 0 : static_cast<int64_t>(current) * argument.bytes));
        break;
      default:
        value = word(address(argument));
      }
    }
    IgnisEntry &function = functions[entry.name];
    if (!function)
      function = model->entry(entry.name);
    team->run(function, weights->pointers(), arena.data(), {arguments, count}, call);
  }

  /// Rows of the table are made when their positions are reached.
  void extendRopeTable(const Entry &entry, int64_t wanted) {
    const Argument *table = entry.find(Role::RopeTable);
    if (!table || wanted <= ropeRows)
      return;
    int64_t end = std::min(table->shape[0], std::max(wanted, ropeRows + 256));
    fillRopeTable(reinterpret_cast<float *>(address(*table)), ropeRows, end, table->shape[1],
                  table->ropeBase);
    ropeRows = end;
  }

  std::shared_ptr<CompiledModel> model;
  Manifest manifest;
  const Entry *embed = nullptr, *decode = nullptr, *prefill = nullptr, *scoring = nullptr,
              *batch = nullptr;
  std::map<std::string, IgnisEntry> functions;
  std::unique_ptr<WeightStore> weights;
  bool hugePages = true, called = false, prepared = false; ///< called: some entry has run
  Mapping arena;
  std::map<Role, Mapping> buffers;
  std::vector<int32_t> tokens, rowPositions, rowSequences;
  int64_t positions = 0, vocabularySize = 0, sequenceCount = 1, ropeRows = 0;
  std::vector<int64_t> filled; ///< positions of each sequence
  size_t current = 0;          ///< the selected sequence
  llvm::ArrayRef<float> last, stepped;
  std::unique_ptr<ThreadTeam> team; // Last: workers end before what they read goes away.
};
} // namespace

llvm::Expected<std::unique_ptr<Session>> Session::create(const gguf::File &file,
                                                         std::shared_ptr<CompiledModel> model,
                                                         const SessionOptions &options) {
  auto session = std::make_unique<SessionImpl>();
  if (llvm::Error error = session->initialise(file, std::move(model), options))
    return error;
  return session;
}
