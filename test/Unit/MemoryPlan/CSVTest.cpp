//===- CSVTest.cpp - problems as text -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is refused, with which message, and that what is written reads back.

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

ProblemFile parsed(llvm::StringRef text) {
  llvm::Expected<ProblemFile> file = parseCSV(text, "p.csv");
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    return {};
  }
  return std::move(*file);
}

std::string refusal(llvm::StringRef text) {
  llvm::Expected<ProblemFile> file = parseCSV(text, "p.csv");
  if (file)
    return "";
  std::string message = llvm::toString(file.takeError());
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  return message;
}

TEST(CSV, Reads) {
  ProblemFile file = parsed("id,lower,upper,size\nb1,0,3,4\nb2,-3,9,0\n");
  ASSERT_EQ(file.problem.buffers.size(), 2u);
  EXPECT_EQ(file.problem.buffers[0].id, "b1");
  EXPECT_EQ(file.problem.buffers[1].begin, -3);
  EXPECT_EQ(file.problem.buffers[1].end, 9);
  EXPECT_EQ(file.problem.buffers[0].size, 4);
  EXPECT_EQ(file.problem.buffers[0].align, 1);
  EXPECT_FALSE(file.plan);
  EXPECT_EQ(file.lines, (std::vector<size_t>{2, 3}));
}

TEST(CSV, ReadsColumnsInAnyOrderWithCRLFAndQuotes) {
  ProblemFile file = parsed("\xEF\xBB\xBFoffset,size,alignment,upper,lower,id\r\n\r\n"
                            "8,4,2,3,0,\"a, \"\"b\"\"\"\r\n0,6,1,4,1, x y \r\n");
  ASSERT_EQ(file.problem.buffers.size(), 2u);
  EXPECT_EQ(file.problem.buffers[0].id, "a, \"b\"");
  EXPECT_EQ(file.problem.buffers[0].align, 2);
  EXPECT_EQ(file.problem.buffers[1].id, "x y");
  ASSERT_TRUE(file.plan);
  EXPECT_EQ(file.plan->offsets, (std::vector<int64_t>{8, 0}));
  EXPECT_EQ(file.plan->height, 12);
  EXPECT_EQ(file.lines, (std::vector<size_t>{3, 4}));
}

TEST(CSV, HeaderAloneIsAnEmptyProblem) {
  EXPECT_TRUE(parsed("id,lower,upper,size").problem.buffers.empty());
}

TEST(CSV, Refuses) {
  const char *header = "id,lower,upper,size\n";
  struct Case {
    std::string text, message;
  } cases[] = {
      {"", "p.csv:1:1: the file is empty, expected a header such as id,lower,upper,size"},
      {"\n\r\n", "p.csv:1:1: the file is empty, expected a header such as id,lower,upper,size"},
      {"id,lower,upper\n", "p.csv:1:1: column 'size' is missing in the header"},
      {"id,lower,upper,size,size\n", "p.csv:1:21: column 'size' stands twice in the header"},
      {"b1,0,3,4\n", "p.csv:1:1: unknown column 'b1' in the header, expected id, lower, upper, "
                     "size, alignment or offset"},
      {"a,3,3,4\n", "p.csv:2:5: expected lower < upper, but got 3 and 3"},
      {"a,4,3,4\n", "p.csv:2:5: expected lower < upper, but got 4 and 3"},
      {"a,0,3,-4\n", "p.csv:2:7: size: expected at least 0, but got -4"},
      {"a,0,3\n", "p.csv:2:6: expected 4 fields as in the header, but got 3"},
      {"a,0,3,4,5\n", "p.csv:2:9: expected 4 fields as in the header, but got 5"},
      {"a,0,3,x\n", "p.csv:2:7: size: expected an integer, but got 'x'"},
      {"a,0,3,\n", "p.csv:2:7: size: expected an integer, but got ''"},
      {"a,0,3,4.5\n", "p.csv:2:7: size: expected an integer, but got '4.5'"},
      {"a,0,3,0x10\n", "p.csv:2:7: size: expected an integer, but got '0x10'"},
      {"a,0,3,99999999999999999999\n",
       "p.csv:2:7: size: 99999999999999999999 is out of the range of 64-bit integers"},
      {"a,-99999999999999999999,3,1\n",
       "p.csv:2:3: lower: -99999999999999999999 is out of the range of 64-bit integers"},
      {"a,0,3,4\na,0,3,4\n", "p.csv:3:1: id 'a' was used before, in line 2"},
      {",0,3,4\n", "p.csv:2:1: id: expected a name, but got nothing"},
      {"a\x1b[31m,0,3,4\n", "p.csv:2:1: id: 'a\\1B[31m' contains a control character"},
      {"a\xff,0,3,4\n", "p.csv:2:1: id: 'a\\FF' is not UTF-8"},
      {"\"a,0,3,4\n", "p.csv:2:1: expected a closing quote"},
      {"\"a\"b,0,3,4\n", "p.csv:2:4: expected a comma after the closing quote"},
      {"a,0,3,9223372036854775807\n",
       "p.csv:2:7: the sizes up to this line, padding included, pass the limit of 2^61 bytes"},
      {"a,0,3,2305843009213693952\nb,0,3,1\n",
       "p.csv:3:7: the sizes up to this line, padding included, pass the limit of 2^61 bytes"},
  };
  for (const Case &c : cases) {
    bool whole = c.message.rfind("p.csv:1:", 0) == 0;
    EXPECT_EQ(refusal(whole ? c.text : header + c.text), c.message) << c.text;
  }
  EXPECT_EQ(refusal("id,lower,upper,size,alignment\na,0,3,4,0\n"),
            "p.csv:2:9: alignment: expected at least 1, but got 0");
  EXPECT_EQ(refusal("id,lower,upper,size,offset\na,0,3,4,9223372036854775807\n"),
            "p.csv:2:9: offset + size is out of the range of 64-bit integers");
}

TEST(CSV, RoundTrip) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    Problem problem = randomProblem(random, random.in(0, 20));
    if (!problem.buffers.empty())
      problem.buffers[0].id = " odd, \"id\" \xC3\xA9";
    PlanResult result = planned("greedy-start", problem);
    std::string text = csvOf(problem, &result.plan);
    ProblemFile file = parsed(text);
    EXPECT_EQ(csvOf(file.problem, &*file.plan), text);
    ASSERT_EQ(file.problem.buffers.size(), problem.buffers.size());
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      EXPECT_EQ(file.problem.buffers[i].id, problem.buffers[i].id);
  }
}

TEST(CSV, DamagedFilesNeverCrash) {
  Random random(5);
  std::string good = "id,lower,upper,size,alignment\na,0,3,4,8\n\"b,\"\"\",2,5,77,1\nc,1,2,3,4\n";
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (int64_t i = random.in(1, 4); i > 0 && !text.empty(); --i) {
      size_t at = random.next() % text.size();
      switch (random.in(0, 3)) {
      case 0:
        text[at] = static_cast<char>(random.next());
        break;
      case 1:
        text.erase(at, 1);
        break;
      case 2:
        text.insert(at, 1, "0,-\"\n\r9"[random.in(0, 6)]);
        break;
      default:
        text.resize(at);
      }
    }
    llvm::Expected<ProblemFile> file = parseCSV(text, "p.csv");
    if (!file) {
      std::string message = llvm::toString(file.takeError());
      ASSERT_EQ(message.find('\n'), std::string::npos);
      continue;
    }
    ASSERT_FALSE(check(file->problem));
  }
}

} // namespace
