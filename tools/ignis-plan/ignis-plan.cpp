//===- ignis-plan.cpp - memory planning without a compiler ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads a problem as CSV, runs a planner or all of them, prints the plan. Exit status: 0 for an
// answer (also for one that says "infeasible"), 1 for a file that cannot be used, 2 for bad usage,
// 130 after Ctrl-C (the best plan found until then is printed before).

#include "Report.h"

#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/MemoryPlan/ProblemCSV.h"
#include "ignis/MemoryPlan/Render.h"
#include "ignis/MemoryPlan/Verifier.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <atomic>
#include <cmath>
#include <csignal>
#include <unistd.h>

using namespace ignis::memplan;
using namespace ignis::plantool;
namespace cl = llvm::cl;

static cl::OptionCategory category("ignis-plan options");

static cl::opt<std::string> inputFile(cl::Positional, cl::desc("FILE.csv (- for stdin)"),
                                      cl::value_desc("FILE.csv"), cl::cat(category));
static cl::opt<std::string> plannerName(
    "planner",
    cl::desc("Planner (--list names them), 'all' to compare them, or 'file' to verify the offsets "
             "that the file holds (default: exact)"),
    cl::value_desc("NAME"), cl::init("exact"), cl::cat(category));
static cl::opt<std::string>
    capacityText("capacity",
                 cl::desc("Bytes the plan must fit in; searches stop at the first plan that does"),
                 cl::value_desc("N"), cl::cat(category));
static cl::opt<std::string> budgetText("budget",
                                       cl::desc("Seconds a search may take (default: 10)"),
                                       cl::value_desc("S"), cl::init("10"), cl::cat(category));
static cl::opt<std::string> seedText("seed", cl::desc("Seed of the local search (default: 1)"),
                                     cl::value_desc("N"), cl::init("1"), cl::cat(category));
static cl::opt<bool> asJSON("json", cl::desc("Print JSON"), cl::cat(category));
static cl::opt<bool> asText("text", cl::desc("Draw the plan with characters"), cl::cat(category));
static cl::opt<std::string> svgFile("svg", cl::desc("Write a picture of the plan (- for stdout)"),
                                    cl::value_desc("FILE"), cl::cat(category));
static cl::opt<std::string>
    csvFile("csv", cl::desc("Write the problem with the plan's offsets as CSV (- for stdout)"),
            cl::value_desc("FILE"), cl::cat(category));
static cl::opt<bool> evenSteps("even-steps",
                               cl::desc("In the picture, one step per distinct begin or end"),
                               cl::cat(category));
static cl::opt<bool> listPlanners("list", cl::desc("List the planners"), cl::cat(category));
static cl::alias listPlannersToo("list-planners", cl::desc("The same as --list"),
                                 cl::aliasopt(listPlanners), cl::cat(category));

namespace {
enum ExitCode { Success = 0, BadInput = 1, BadUsage = 2, Interrupted = 130 };
} // namespace

static std::atomic<bool> interrupted{false};
static volatile sig_atomic_t planning = 0;

/// The first Ctrl-C while planning ends the search; any other ends the process.
extern "C" void onInterrupt(int) {
  if (!planning || interrupted.exchange(true))
    _exit(Interrupted);
}

/// A message is one line on stderr, whatever the error held.
static int fail(ExitCode code, llvm::StringRef message) {
  std::string line = message.str();
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  llvm::errs() << "ignis-plan: " << line << '\n';
  return code;
}

/// Options that hold numbers. Returns a message for a bad one.
static std::string parseOptions(PlanOptions &options) {
  if (!capacityText.empty() || capacityText.getNumOccurrences()) {
    int64_t capacity;
    if (llvm::StringRef(capacityText).getAsInteger(10, capacity) || capacity < 0)
      return "--capacity: expected a number of bytes of at least 0, but got '" + capacityText + "'";
    options.capacity = capacity;
  }
  if (llvm::StringRef(budgetText).getAsDouble(options.budgetSeconds) ||
      !std::isfinite(options.budgetSeconds) || options.budgetSeconds < 0)
    return "--budget: expected a number of seconds of at least 0, but got '" + budgetText + "'";
  if (llvm::StringRef(seedText).getAsInteger(10, options.seed))
    return "--seed: expected an integer of at least 0, but got '" + seedText + "'";
  if (plannerName == "all" && (asText || !svgFile.empty() || !csvFile.empty()))
    return "--planner=all compares and has no plan of its own: --text, --svg and --csv need one "
           "planner";
  if ((svgFile == "-") + (csvFile == "-") + (asJSON ? 1 : 0) > 1)
    return "only one of --json, --svg=- and --csv=- can go to stdout";
  options.stop = &interrupted;
  return "";
}

/// Writes a file with `write`, or stdout for "-". Returns false after a message.
static bool writeFile(const std::string &path,
                      llvm::function_ref<void(llvm::raw_ostream &)> write) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    write(os);
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (error)
    fail(BadInput, path + ": cannot write: " + error.message());
  return !error;
}

/// The answer that the file itself holds, verified like any other.
static llvm::Expected<Answer> answerOfFile(const ProblemFile &file, const PlanOptions &options) {
  if (!file.plan)
    return llvm::createStringError("--planner=file: the file has no column 'offset'");
  Answer answer{"file", {}};
  PlanResult &result = answer.result;
  result.plan = *file.plan;
  result.bound = result.proven = lowerBound(file.problem);
  if (Verdict verdict = verify(file.problem, result.plan); !verdict.ok())
    return llvm::createStringError("the plan in the file is wrong: " + verdict.message);
  if (options.capacity && result.plan.height > *options.capacity)
    result.status = PlanStatus::Infeasible;
  else if (result.plan.height == result.proven)
    result.status = PlanStatus::Optimal;
  return answer;
}

static llvm::Expected<Answer> answerOf(llvm::StringRef planner, const ProblemFile &file,
                                       const PlanOptions &options) {
  if (planner == "file")
    return answerOfFile(file, options);
  llvm::Expected<std::unique_ptr<Planner>> chosen = createPlanner(planner);
  if (!chosen)
    return chosen.takeError();
  planning = 1;
  llvm::Expected<PlanResult> result = (*chosen)->solve(file.problem, options);
  planning = 0;
  if (!result)
    return result.takeError();
  return Answer{planner.str(), std::move(*result)};
}

/// Prints one answer in the forms that were asked for. Returns false after a message.
static bool present(const ProblemFile &file, const PlanOptions &options, const Answer &answer) {
  const Problem &problem = file.problem;
  const Plan &plan = answer.result.plan;
  if (!svgFile.empty()) {
    RenderOptions picture;
    picture.title = (inputFile == "-" ? "stdin" : llvm::sys::path::filename(inputFile).str()) +
                    ", " + answer.planner;
    picture.bound = answer.result.bound;
    picture.capacity = options.capacity;
    picture.evenSteps = evenSteps;
    if (!writeFile(svgFile, [&](llvm::raw_ostream &os) { renderSVG(os, problem, plan, picture); }))
      return false;
  }
  if (!csvFile.empty() &&
      !writeFile(csvFile, [&](llvm::raw_ostream &os) { writeCSV(os, problem, &plan); }))
    return false;
  if (svgFile == "-" || csvFile == "-")
    return true;
  return writeFile("-", [&](llvm::raw_ostream &os) {
    if (asJSON) {
      os << llvm::json::Value(toJSON(problem, options, answer)) << '\n';
      return;
    }
    printSummary(os, problem, options, answer);
    if (asText) {
      os << '\n';
      renderText(os, problem, plan);
    }
  });
}

/// Runs every planner; a table, or a JSON array of their answers.
static bool compare(const ProblemFile &file, const PlanOptions &options) {
  std::vector<Answer> answers;
  for (const PlannerInfo &info : planners()) {
    llvm::Expected<Answer> answer = answerOf(info.name, file, options);
    if (!answer) {
      fail(BadInput, llvm::toString(answer.takeError()));
      return false;
    }
    answers.push_back(std::move(*answer));
    if (interrupted)
      break;
  }
  return writeFile("-", [&](llvm::raw_ostream &os) {
    if (!asJSON) {
      printTable(os, file.problem, options, answers);
      return;
    }
    llvm::json::Array array;
    for (const Answer &answer : answers)
      array.push_back(toJSON(file.problem, options, answer));
    os << llvm::json::Value(std::move(array)) << '\n';
  });
}

/// A buffer that alone passes the capacity is an error in the file rather than a result: it is
/// named with its line. The answer is printed all the same.
static int checkSizes(const ProblemFile &file, const PlanOptions &options) {
  if (!options.capacity)
    return Success;
  for (size_t i = 0; i < file.problem.buffers.size(); ++i) {
    const Buffer &buffer = file.problem.buffers[i];
    if (buffer.size > *options.capacity)
      return fail(BadInput, inputFile + ":" + std::to_string(file.lines[i]) + ": buffer '" +
                                buffer.id + "' of size " + std::to_string(buffer.size) +
                                " is larger than the capacity " +
                                std::to_string(*options.capacity));
  }
  return Success;
}

static int list() {
  bool written = writeFile("-", [](llvm::raw_ostream &os) {
    for (const PlannerInfo &info : planners())
      os << llvm::left_justify(info.name, 18) << info.description << '\n';
  });
  return written ? Success : BadInput;
}

/// LLVM's message about the command line in one line, without the program's name, which fail() puts
/// in front.
static std::string usageMessage(llvm::StringRef message) {
  llvm::SmallVector<llvm::StringRef, 4> lines;
  message.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::string out;
  for (llvm::StringRef line : lines) {
    line.consume_front("ignis-plan: ");
    out += (out.empty() ? "" : " ") + line.str();
  }
  return out;
}

int main(int argc, char **argv) {
  std::signal(SIGINT, onInterrupt);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) { os << "ignis " IGNIS_VERSION "\n"; });
  std::string messages;
  llvm::raw_string_ostream messageStream(messages);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "plans memory: offsets for buffers with lifetimes, from CSV\n",
                                   &messageStream))
    return fail(BadUsage, usageMessage(messages));
  if (listPlanners)
    return list();
  if (inputFile.empty())
    return fail(BadUsage, "expected a CSV file (or - for stdin), see --help");
  PlanOptions options;
  if (std::string message = parseOptions(options); !message.empty())
    return fail(BadUsage, message);
  if (plannerName != "all" && plannerName != "file")
    if (llvm::Error error = createPlanner(plannerName).takeError())
      return fail(BadUsage,
                  "--planner: " + llvm::toString(std::move(error)) + " (--list names all)");

  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> text =
      llvm::MemoryBuffer::getFileOrSTDIN(inputFile, /*IsText=*/false,
                                         /*RequiresNullTerminator=*/false);
  if (!text)
    return fail(BadInput, inputFile + ": cannot read: " + text.getError().message());
  llvm::Expected<ProblemFile> file =
      parseCSV((*text)->getBuffer(), inputFile == "-" ? "stdin" : llvm::StringRef(inputFile));
  if (!file)
    return fail(BadInput, llvm::toString(file.takeError()));

  bool done;
  if (plannerName == "all") {
    done = compare(*file, options);
  } else {
    llvm::Expected<Answer> answer = answerOf(plannerName, *file, options);
    if (!answer)
      return fail(BadInput, inputFile + ": " + llvm::toString(answer.takeError()));
    done = present(*file, options, *answer);
  }
  if (!done)
    return BadInput;
  if (interrupted)
    return Interrupted;
  return checkSizes(*file, options);
}
