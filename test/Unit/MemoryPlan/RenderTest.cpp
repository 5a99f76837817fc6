//===- RenderTest.cpp - pictures as text --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// That every buffer is there, with its label, and that no id breaks the document.

#include "ignis/MemoryPlan/Render.h"

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

size_t count(const std::string &text, const std::string &part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

std::string svgOf(const Problem &problem, const Plan &plan, const RenderOptions &options = {}) {
  std::string text;
  llvm::raw_string_ostream os(text);
  renderSVG(os, problem, plan, options);
  return text;
}

TEST(RenderSVG, OneLabelledRectanglePerBuffer) {
  Random random(1);
  for (int64_t buffers : {1, 5, 450}) {
    Problem problem = randomProblem(random, buffers);
    PlanResult result = planned("greedy-size", problem);
    std::string svg = svgOf(problem, result.plan);
    EXPECT_EQ(count(svg, "<rect class=\"b\""), static_cast<size_t>(buffers));
    EXPECT_EQ(count(svg, "<text class=\"l\""), static_cast<size_t>(buffers));
    EXPECT_EQ(count(svg, ">b0</text>"), 1u);
    EXPECT_EQ(svg, svgOf(problem, result.plan)) << "the same bytes each time";
  }
}

TEST(RenderSVG, BoundAndCapacityAreLines) {
  Problem problem = problemOf({{0, 2, 4}, {1, 3, 4}});
  Plan plan{{0, 4}, 8};
  EXPECT_EQ(count(svgOf(problem, plan), ">bound "), 0u);
  RenderOptions options;
  options.bound = 8;
  options.capacity = 16;
  std::string svg = svgOf(problem, plan, options);
  EXPECT_EQ(count(svg, ">bound 8<"), 2u) << "at both ends";
  EXPECT_EQ(count(svg, ">capacity 16<"), 2u);
}

TEST(RenderSVG, EscapesIdsAndTitles) {
  Problem problem = problemOf({{0, 2, 4}});
  problem.buffers[0].id = "<script>alert('1')</script>&\"\xff\x1b";
  RenderOptions options;
  options.title = "</svg>";
  std::string svg = svgOf(problem, {{0}, 4}, options);
  EXPECT_EQ(count(svg, "<script"), 0u);
  EXPECT_EQ(count(svg, "</svg>"), 1u);
  EXPECT_EQ(count(svg, "\x1b"), 0u);
  EXPECT_EQ(count(svg, "\xff"), 0u);
  EXPECT_GE(count(svg, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;"), 2u);
}

TEST(RenderSVG, ExtremesHaveFiniteCoordinates) {
  Problem problem = problemOf({{INT64_MIN, INT64_MAX, maxTotalBytes - 10}, {0, 1, 1}, {5, 6, 0}});
  PlanResult result = planned("greedy-size", problem);
  RenderOptions options;
  options.capacity = INT64_MAX;
  for (bool even : {false, true}) {
    options.evenSteps = even;
    std::string svg = svgOf(problem, result.plan, options);
    EXPECT_EQ(count(svg, "\"nan") + count(svg, "\"-nan"), 0u);
    EXPECT_EQ(count(svg, "\"inf") + count(svg, "\"-inf"), 0u);
  }
  EXPECT_EQ(count(svgOf({}, {}), "</svg>"), 1u);
}

TEST(RenderText, DrawsTheArena) {
  Problem problem = problemOf({{0, 2, 4}, {1, 4, 4}, {2, 4, 2}});
  std::string text;
  llvm::raw_string_ostream os(text);
  renderText(os, problem, Plan{{0, 4, 0}, 8}, /*columns=*/8, /*rows=*/4);
  EXPECT_EQ(text, "                   6 |..BBBBBB\n"
                  "                   4 |..BBBBBB\n"
                  "                   2 |AAAA....\n"
                  "                   0 |AAAACCCC\n"
                  "                     +--------\n"
                  "                      0      4\n");
}

TEST(RenderText, TakesTheEdges) {
  std::string text;
  llvm::raw_string_ostream os(text);
  renderText(os, {}, {});
  EXPECT_EQ(text, "(no bytes)\n");
  renderText(os, problemOf({{INT64_MIN, INT64_MAX, maxTotalBytes}}), Plan{{0}, maxTotalBytes}, 0,
             0);
}

} // namespace
