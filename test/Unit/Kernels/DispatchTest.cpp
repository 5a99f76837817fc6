//===- DispatchTest.cpp - features and the choice of kernels ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "ignis/Kernels/Dispatch.h"

#include "gtest/gtest.h"

#include <set>

using namespace ignis::kernels;

TEST(Dispatch, ScalarIsLastAndNeedsNothing) {
  ASSERT_FALSE(variants().empty());
  EXPECT_STREQ(variants().back().name, "scalar");
  EXPECT_EQ(toString(variants().back().needs), "none");
  std::set<std::string> names;
  for (const Variant &v : variants()) {
    EXPECT_TRUE(names.insert(v.name).second) << v.name;
    EXPECT_NE(v.table.round_q8_0, nullptr);
    EXPECT_NE(v.table.matvec_q8_0, nullptr);
    EXPECT_NE(v.table.matmul_q8_0, nullptr);
    EXPECT_NE(v.pack, nullptr);
  }
}

TEST(Dispatch, NoFeaturesMeansScalar) {
  Selection s = selectKernels(CPUFeatures());
  ASSERT_NE(s.variant, nullptr);
  EXPECT_STREQ(s.variant->name, "scalar");
}

TEST(Dispatch, EachVariantIsChosenByItsOwnNeeds) {
  for (const Variant &v : variants()) {
    std::string name = v.name;
    const Variant *chosen = selectKernels(v.needs).variant;
    ASSERT_NE(chosen, nullptr) << name;
    // amx is chosen by name alone: measured no faster (docs/Kernels.md).
    EXPECT_EQ(std::string(chosen->name), name == "amx" ? "avx512vnni" : name);
    EXPECT_EQ(selectKernels(v.needs, v.name).variant, &v);
  }
}

TEST(Dispatch, NamedButMissing) {
  for (const Variant &v : variants()) {
    if (toString(v.needs) == "none")
      continue;
    Selection s = selectKernels(CPUFeatures(), v.name);
    EXPECT_EQ(s.variant, nullptr);
    EXPECT_EQ(s.error, "kernels '" + std::string(v.name) +
                           "' need processor features that are missing: " + toString(v.needs));
  }
}

TEST(Dispatch, UnknownNameListsTheUsable) {
  Selection s = selectKernels(CPUFeatures(), "turbo");
  EXPECT_EQ(s.variant, nullptr);
  EXPECT_EQ(s.error, "unknown kernels 'turbo': expected one of scalar");
}

TEST(Dispatch, DescriptionMarksTheChosen) {
  Selection s = selectKernels(CPUFeatures());
  std::string text = describeVariants(CPUFeatures(), s.variant);
  EXPECT_NE(text.find("cpu features: none\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n* scalar      the definition"), std::string::npos) << text;
  for (const Variant &v : variants())
    EXPECT_NE(text.find(v.name), std::string::npos);
}

TEST(CPUFeatures, Names) {
  EXPECT_EQ(toString(*featuresOfCPU("generic")).find("avx"), std::string::npos);
  EXPECT_FALSE(featuresOfCPU("x86-64-v9"));
  EXPECT_FALSE(featuresOfCPU(""));
  EXPECT_EQ(toString(*featuresOfCPU("host")), toString(detectCPUFeatures()));
#if defined(__x86_64__)
  EXPECT_EQ(toString(*featuresOfCPU("x86-64")), "none");
  EXPECT_EQ(toString(*featuresOfCPU("x86-64-v2")), "none");
  EXPECT_EQ(toString(*featuresOfCPU("x86-64-v3")), "avx2,fma,f16c");
  EXPECT_EQ(toString(*featuresOfCPU("x86-64-v4")),
            "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq");
#else
  EXPECT_FALSE(featuresOfCPU("x86-64-v3"));
#endif
}

TEST(CPUFeatures, SetArithmetic) {
  CPUFeatures a, b;
  a.avx2 = a.fma = true;
  b.fma = b.dotprod = true;
  EXPECT_EQ(toString(intersect(a, b)), "fma");
  EXPECT_EQ(missingFeatures(a, b), "avx2");
  EXPECT_EQ(missingFeatures(a, a), "");
}
