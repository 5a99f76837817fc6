//===- Planners.h - create functions of all planners --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declared from the table, so that a new planner needs no header of its own.

#ifndef IGNIS_LIB_MEMORYPLAN_PLANNERS_H
#define IGNIS_LIB_MEMORYPLAN_PLANNERS_H

#include "ignis/MemoryPlan/Planner.h"

namespace ignis::memplan {

#define IGNIS_PLANNER(NAME, CREATE, DESCRIPTION) std::unique_ptr<Planner> CREATE();
#include "ignis/MemoryPlan/Planners.def"

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_PLANNERS_H
