//===- Options.cpp - what ignis-run was asked to do -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Options.h.

#include "Options.h"

#include "../Common/OptionTable.h"
#include "ignis/Pipelines/Phase.h"

#include <cstdio>

using namespace ignis;
using namespace ignis::tools;

static ParseOutcome complain(const std::string &text) {
  std::fprintf(stderr, "ignis-run: %s\n", text.c_str());
  return ParseOutcome::Usage;
}

static std::string hasNoEffect(const char *option, bool compiled, llvm::StringRef module) {
  return (llvm::Twine(option) + " has no effect on a " + (compiled ? "compiled " : "") +
          "module (--module=" + module + ")")
      .str();
}

/// What is wrong with this combination of options; empty if nothing.
static std::string conflict(const OptionTable &table, const RunOptions &options) {
  const char *mode = nullptr; // What is to be done; generation where nothing else is.
  for (const char *name :
       {"--emit", "--tokenize", "--inspect", "--print-kernels", "--ids", "--perplexity"}) {
    if (!table.given(name))
      continue;
    if (mode)
      return std::string(mode) + " and " + name + " exclude each other";
    mode = name;
  }
  llvm::StringRef does = mode ? mode : "";
  bool prompt = options.prompt || !options.promptFile.empty();
  if (options.prompt && !options.promptFile.empty())
    return "-p and -f exclude each other";
  if (prompt && (does == "--ids" || does == "--perplexity"))
    return does.str() + " and a prompt (-p, -f) exclude each other";
  if (does == "--tokenize" && !prompt)
    return "--tokenize wants a prompt (-p, -f)";
  if (table.given("--logits") && does != "--ids")
    return "--logits wants --ids";
  if (options.logits == "-")
    return "--logits: expected the name of a file, got '-'";
  if (table.given("-o") && does != "--emit")
    return "-o wants --emit";
  if (table.given("--batch") && does != "--emit")
    return "--batch wants --emit";
  if ((options.profile || table.given("--trace")) && !prompt && does != "--emit")
    return "--profile wants a prompt (-p, -f)";
  if (options.json && (does == "--emit" || does == "--print-kernels"))
    return does.str() + " and --json exclude each other";
  if (!mode && !prompt && !options.chat)
    return "nothing to do: expected -p, -f, --chat, --ids, --emit, --perplexity, --tokenize or "
           "--inspect";
  // A module has these settings built in, and more once it is compiled.
  llvm::StringRef module = options.model.compile.modulePath;
  bool compiled = module.ends_with(".so");
  if (!module.empty())
    for (const char *name : {"--kv", "--ctx", "--batch"})
      if (table.given(name))
        return hasNoEffect(name, compiled, module);
  if (compiled)
    for (const char *name :
         {"--emit", "--pass-pipeline", "--load-pass-plugin", "--lowering", "--cpu", "--dump-ir"})
      if (table.given(name))
        return hasNoEffect(name, compiled, module);
  return "";
}

/// "ID=X"; false if it is something else.
static bool parseBias(llvm::StringRef text, generate::SamplerOptions &sampler) {
  auto [id, bias] = text.split('=');
  int32_t token;
  double value;
  if (id.getAsInteger(10, token) || token < 0)
    return false;
  if (bias == "-inf")
    value = -std::numeric_limits<double>::infinity();
  else if (bias.getAsDouble(value) || !(value >= -1e6 && value <= 1e6))
    return false;
  sampler.bias.emplace_back(token, static_cast<float>(value));
  return true;
}

ParseOutcome ignis::tools::parseOptions(int argc, char **argv, RunOptions &options) {
  OptionTable table;
  bool help = false, version = false, noCache = false;
  std::string prompt;
  std::vector<std::string> biases;
  int64_t seed = 0, threads = 0;
  CompileOptions &compile = options.model.compile;
  compile.context = compile.chunk = 0;
  table.text("-p --prompt", prompt, "TEXT", "the prompt", /*mayBeEmpty=*/true);
  table.text("-f --file", options.promptFile, "FILE",
             "the prompt from a file, verbatim (-: standard input)");
  table.integer("-n --tokens", options.tokens, "N", "most new tokens (until the text ends)", -1);
  table.flag("--chat", options.chat,
             "the prompt is a user's message; without -p or -f: a conversation");
  table.list("--stop", options.stop, "TEXT", "end before this text (may be repeated)");
  table.flag("--ignore-eos", options.ignoreEndOfText, "go on after the end of the text");
  table.number("--temp", options.sampler.temperature, "T", "temperature; 0 (default) is greedy", 0,
               1e6);
  table.integer("--top-k", options.sampler.topK, "K", "sample from the K best (0: all)", 0);
  table.number("--top-p", options.sampler.topP, "P",
               "sample from the best whose share reaches P (1: all)", 1e-9, 1);
  table.number("--min-p", options.sampler.minP, "P",
               "sample from those with P times the best one's probability (0: all)", 0, 1);
  table.number("--repeat-penalty", options.sampler.repetitionPenalty, "R",
               "weakens tokens that occurred (1: not)", 1e-3, 1e3);
  table.number("--frequency-penalty", options.sampler.frequencyPenalty, "X",
               "taken off a token's logit for each occurrence (0)", -1e3, 1e3);
  table.number("--presence-penalty", options.sampler.presencePenalty, "X",
               "taken off the logit of a token that occurred (0)", -1e3, 1e3);
  table.integer("--repeat-last-n", options.sampler.penaltyWindow, "N",
                "tokens back that penalties look (64; -1: all)", -1);
  table.list("--logit-bias", biases, "ID=X",
             "added to a token's logit, -inf bans it (may be repeated)");
  table.integer("--seed", seed, "N", "of the sampler (0)", 0);
  table.integer("-t --threads", threads, "N", "threads (physical cores allowed)", 1, 256);
  table.integer("--ctx", compile.context, "N",
                "positions of the context (the model's, at most 4096; a multiple of 16)", 1,
                1 << 24);
  table.integer("--batch", compile.sequences, "N",
                "with --emit: the entry batch too, for N sequences (none)", 0, 4096);
  table.choice("--kv", compile.kvType, {"f16", "f32"}, "type of the key/value cache (f16)");
  table.integer("--chunk", options.chunk, "N", "prompt tokens of one call (512)", 1, 1 << 20);
  table.text("--cpu", compile.cpu, "NAME",
             "host, generic, x86-64-v2, -v3, -v4 or an LLVM CPU (host)");
  table.text("--kernels", options.model.kernelsName, "NAME", "kernel variant (the best one)");
  table.choice("--lowering", compile.lowering, {"kernels", "reference"},
               "reference is the oracle (kernels)");
  table.choice("--emit", options.emit, {std::begin(kPhaseNames), std::end(kPhaseNames)},
               "print what this phase made");
  table.text("-o --output", options.output, "FILE", "where --emit writes (-: standard output)");
  table.text("--pass-pipeline", compile.pipeline, "TEXT",
             "replaces the default passes from import to plan");
  table.list("--load-pass-plugin", compile.plugins, "FILE.so",
             "passes for --pass-pipeline (may be repeated)");
  table.text("--module", compile.modulePath, "FILE", "run this .mlir or .so instead of the import");
  table.text("--dump-ir", compile.dumpDir, "DIR", "one numbered file per pass");
  table.flag("--tokenize", options.tokenize, "print the ids of -p or -f as JSON");
  table.text("--ids", options.ids, "LIST", "token ids, separated by commas, or @FILE");
  table.text("--logits", options.logits, "FILE", "write the logits of --ids as a NumPy file");
  table.text("--perplexity", options.perplexityFile, "FILE", "print the perplexity of a text");
  table.flag("--inspect", options.inspect, "print metadata and tensors");
  table.flag("--print-kernels", options.printKernels,
             "print the kernel variants and which one is used");
  table.flag("--json", options.json, "results as JSON");
  table.flag("--profile", options.profile, "say where the time goes, and write a trace");
  table.text("--trace", options.trace, "FILE",
             "where --profile writes its trace, for Perfetto (ignis-trace.json)");
  table.flag("--memory", options.memory, "say what memory was used");
  table.flag("-q --quiet", options.quiet, "no statistics");
  table.flag("--no-mmap", options.copyFile, "read the model into memory instead of mapping it");
  table.text("--cache-dir", options.model.cacheDirectory, "DIR",
             "of compiled modules (~/.cache/ignis)");
  table.flag("--no-cache", noCache, "compile anew");
  table.flag("-h --help", help, "this text");
  table.flag("--version", version, "version");
  std::vector<std::string> rest;
  std::string error;
  if (!table.parse(argc, argv, rest, error))
    return complain(error);
  if (help)
    options.say = "usage: ignis-run MODEL.gguf [options]\n" + table.help();
  else if (version)
    options.say = "ignis " IGNIS_VERSION "\n";
  if (!options.say.empty())
    return ParseOutcome::Run;
  if (rest.size() > 1)
    return complain("one model wanted, got also '" + rest[1] + "'");
  if (rest.empty() && !options.printKernels)
    return complain("no model given (see --help)");
  if (!rest.empty())
    options.modelFile = rest[0];
  if (table.given("-p"))
    options.prompt = prompt;
  if (std::string mistake = conflict(table, options); !mistake.empty())
    return complain(mistake);
  for (const std::string &stop : options.stop)
    if (stop.empty())
      return complain("--stop: expected a text that is not empty");
  for (const std::string &bias : biases)
    if (!parseBias(bias, options.sampler))
      return complain("--logit-bias: expected ID=X, X a number from -1e6 to 1e6 or -inf, got '" +
                      gguf::escape(bias, 40) + "'");
  if (options.sampler.temperature == 0)
    for (const char *name : {"--top-k", "--top-p", "--min-p", "--seed"})
      if (table.given(name))
        options.idle += (options.idle.empty() ? "" : ", ") + std::string(name);
  if (options.output == "-")
    options.output.clear();
  compile.modelPath = options.modelFile;
  options.model.threads = static_cast<int>(threads);
  options.sampler.seed = static_cast<uint64_t>(seed);
  if (options.chunk > 512)
    compile.chunk = options.chunk;
  options.profile |= table.given("--trace");
  compile.profile = options.profile;
  if (noCache)
    options.model.cacheDirectory = "off";
  return ParseOutcome::Run;
}
