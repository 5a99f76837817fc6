//===- Planner.cpp - memory planning for Python -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Any planner on any problem; a problem is a list of buffers.

#include "Native.h"

#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/MemoryPlan/Planner.h"
#include "ignis/MemoryPlan/ProblemCSV.h"
#include "ignis/MemoryPlan/Render.h"
#include "ignis/MemoryPlan/Verifier.h"

#include <functional>
#include <optional>

#include <pybind11/stl.h>

using namespace ignis;
using namespace ignis::python;

using BufferTuple = std::tuple<std::string, int64_t, int64_t, int64_t, int64_t>;

static memplan::Problem problemOf(const std::vector<BufferTuple> &buffers) {
  memplan::Problem problem;
  for (auto &[id, begin, end, size, align] : buffers)
    problem.buffers.push_back({id, begin, end, size, align});
  return problem;
}

static memplan::Plan planOf(const memplan::Problem &problem, const std::vector<int64_t> &offsets) {
  check(memplan::check(problem));
  memplan::Plan plan;
  plan.offsets = offsets;
  if (offsets.size() == problem.buffers.size())
    plan.height = memplan::heightOf(problem, offsets);
  memplan::Verdict verdict = memplan::verify(problem, plan);
  if (!verdict.ok())
    throw InputError("not a plan: " + verdict.message);
  return plan;
}

static py::dict solve(const std::vector<BufferTuple> &buffers, const std::string &name,
                      std::optional<int64_t> capacity, double budget, uint64_t seed) {
  memplan::Problem problem = problemOf(buffers);
  auto planner = check(memplan::createPlanner(name));
  Interrupt interrupt;
  memplan::PlanOptions options;
  options.budgetSeconds = budget;
  options.capacity = capacity;
  options.seed = seed;
  options.stop = &interrupt.stop();
  std::optional<llvm::Expected<memplan::PlanResult>> result;
  {
    py::gil_scoped_release release;
    interrupt.runAside([&] { result.emplace(planner->solve(problem, options)); });
  }
  if (interrupt.stop() && *result)
    interrupt.rethrow();
  memplan::PlanResult solved = check(std::move(*result));
  interrupt.rethrow();
  py::dict out;
  out["planner"] = name;
  out["offsets"] = solved.plan.offsets;
  out["height"] = solved.plan.height;
  out["status"] = memplan::statusName(solved.status).str();
  out["bound"] = solved.bound;
  out["proven"] = solved.proven;
  out["seconds"] = solved.seconds;
  out["nodes"] = solved.nodes;
  out["budget_hit"] = solved.budgetHit;
  out["slots"] = solved.slotSizes;
  return out;
}

static py::list parse(const std::string &text, const std::string &name) {
  memplan::ProblemFile file = check(memplan::parseCSV(text, name));
  py::list out;
  for (const memplan::Buffer &buffer : file.problem.buffers)
    out.append(py::make_tuple(buffer.id, buffer.begin, buffer.end, buffer.size, buffer.align));
  return out;
}

void ignis::python::bindPlanner(py::module_ &module) {
  module.def(
      "planners",
      [] {
        std::vector<std::pair<std::string, std::string>> out;
        for (const memplan::PlannerInfo &info : memplan::planners())
          out.emplace_back(info.name, info.description);
        return out;
      },
      "Names and descriptions of all planners, simple ones first.");
  module.def(
      "plan_memory", &solve, py::arg("buffers"), py::arg("planner") = "exact",
      py::arg("capacity") = py::none(), py::arg("budget") = 10.0, py::arg("seed") = 1,
      "Plans buffers (id, begin, end, bytes, alignment), live in [begin, end). The result has "
      "offsets (bytes, one per buffer), height, bound, proven, status and seconds. Every plan "
      "has passed the independent verifier.");
  module.def(
      "plan_bound",
      [](const std::vector<BufferTuple> &buffers) {
        memplan::Problem problem = problemOf(buffers);
        check(memplan::check(problem));
        return memplan::lowerBound(problem);
      },
      py::arg("buffers"), "Bytes that no plan goes below: the most that is live at one time.");
  module.def(
      "plan_verify",
      [](const std::vector<BufferTuple> &buffers, const std::vector<int64_t> &offsets) {
        memplan::Problem problem = problemOf(buffers);
        return planOf(problem, offsets).height;
      },
      py::arg("buffers"), py::arg("offsets"),
      "The height in bytes of a plan; InputError with the rule it breaks if it is none.");
  module.def(
      "plan_svg",
      [](const std::vector<BufferTuple> &buffers, const std::vector<int64_t> &offsets,
         const std::string &title, std::optional<int64_t> bound) {
        memplan::Problem problem = problemOf(buffers);
        memplan::Plan plan = planOf(problem, offsets);
        std::string text;
        llvm::raw_string_ostream stream(text);
        memplan::RenderOptions options;
        options.title = title;
        options.bound = bound;
        memplan::renderSVG(stream, problem, plan, options);
        return text;
      },
      py::arg("buffers"), py::arg("offsets"), py::arg("title") = "", py::arg("bound") = py::none(),
      "A picture of a plan: time to the right, addresses upwards.");
  module.def("plan_parse", &parse, py::arg("text"), py::arg("name") = "<string>",
             "Buffers of a CSV text (id,lower,upper,size[,alignment]).");
}
