//===- ThreadCount.cpp - how many threads are worth starting ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Hyper-threads share the units that matmuls keep busy, so one thread per physical core; never more
// than affinity and the cgroup's quota allow.

#include "ignis/Runtime/ThreadTeam.h"

#include <cstdio>
#include <set>
#include <string>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

using namespace ignis::runtime;

#ifdef __linux__
static std::string readLine(const std::string &path) {
  std::string text;
  if (FILE *file = std::fopen(path.c_str(), "r")) {
    char buffer[256];
    if (std::fgets(buffer, sizeof(buffer), file))
      text = buffer;
    std::fclose(file);
  }
  return text;
}

/// CPUs worth of time per period, or a large number.
static int quota() {
  long long limit, period;
  std::string v2 = readLine("/sys/fs/cgroup/cpu.max");
  if (std::sscanf(v2.c_str(), "%lld %lld", &limit, &period) == 2 && period > 0 && limit > 0)
    return static_cast<int>((limit + period - 1) / period);
  std::string v1 = readLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
              v1Period = readLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (std::sscanf(v1.c_str(), "%lld", &limit) == 1 &&
      std::sscanf(v1Period.c_str(), "%lld", &period) == 1 && limit > 0 && period > 0)
    return static_cast<int>((limit + period - 1) / period);
  return 1 << 20;
}
#endif

int ignis::runtime::defaultThreadCount() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    std::set<std::string> cores; // by the list of CPUs that share each
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set)) {
        std::string siblings = readLine("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                                        "/topology/thread_siblings_list");
        cores.insert(siblings.empty() ? std::to_string(cpu) : siblings);
      }
    int count = static_cast<int>(cores.size()), most = quota();
    count = count < most ? count : most;
    return count < 1 ? 1 : count > ThreadTeam::kMostThreads ? ThreadTeam::kMostThreads : count;
  }
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1                          ? 1
         : count > ThreadTeam::kMostThreads ? ThreadTeam::kMostThreads
                                            : static_cast<int>(count);
}
