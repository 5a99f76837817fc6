# Thin wrappers around add_library and add_executable: the only place that knows how the two halves of
# ignis are linked.
#
#   leaf libraries      MLIR-free (GGUF, Tokenizer, Kernels, MemoryPlan, Runtime, ...). Static, PIC, hidden. They
#                       may use LLVM's Support headers; a tool that never loads the compiler resolves these
#                       from the static LLVMSupport, libIgnisCompiler.so from libLLVM.so.
#   compiler libraries  MLIR code. Object libraries collected into the one shared libIgnisCompiler.so, so that
#                       tools, plugins and the Python module share one copy of every TypeID.

# Found, not just named: Homebrew's are where the linker does not look.
find_library(IGNIS_ZLIB z REQUIRED)
find_library(IGNIS_ZSTD zstd REQUIRED)

add_library(IgnisLLVMSupport INTERFACE)
target_link_libraries(IgnisLLVMSupport INTERFACE
  $<TARGET_FILE:LLVMSupport> $<TARGET_FILE:LLVMDemangle> ${IGNIS_ZLIB} ${IGNIS_ZSTD} pthread ${CMAKE_DL_LIBS})
if(NOT APPLE)
  # Hidden, a sanitizer's malloc would not be libstdc++'s too.
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    target_link_options(IgnisLLVMSupport INTERFACE -Wl,--exclude-libs,ALL)
  endif()
  target_link_options(IgnisLLVMSupport INTERFACE -Wl,--gc-sections -Wl,--as-needed)
endif()

# add_ignis_leaf(NAME sources... [LINK libs...])
function(add_ignis_leaf name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  ignis_compile_options(${name})
endfunction()

# add_ignis_compiler_library(NAME sources... [DEPENDS tablegen-targets...] [LINK leaf-libs...])
function(add_ignis_compiler_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} OBJECT ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  set_property(GLOBAL APPEND PROPERTY IGNIS_COMPILER_LIBRARIES ${name})
  if(ARG_LINK)
    set_property(GLOBAL APPEND PROPERTY IGNIS_COMPILER_LEAVES ${ARG_LINK})
  endif()
  ignis_compile_options(${name})
endfunction()

# add_ignis_tool(NAME sources... [LINK libs...] [COMPILER]): COMPILER links libIgnisCompiler.so at start, otherwise
# the tool is MLIR-free.
function(add_ignis_tool name)
  cmake_parse_arguments(ARG "COMPILER" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  if(ARG_COMPILER)
    target_link_libraries(${name} PRIVATE ${ARG_LINK} IgnisCompiler)
  else()
    target_link_libraries(${name} PRIVATE ${ARG_LINK} IgnisLLVMSupport)
  endif()
  ignis_compile_options(${name})
  install(TARGETS ${name} EXPORT IgnisTargets RUNTIME DESTINATION bin)
endfunction()

# add_ignis_unittest(NAME sources... [LINK libs...] [COMPILER]): one gtest program, every TEST a ctest entry.
function(add_ignis_unittest name)
  cmake_parse_arguments(ARG "COMPILER" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_COMPILER)
    target_link_libraries(${name} PRIVATE ${ARG_LINK} IgnisCompiler GTest::gtest_main)
  else()
    target_link_libraries(${name} PRIVATE ${ARG_LINK} IgnisLLVMSupport GTest::gtest_main)
  endif()
  target_compile_definitions(${name} PRIVATE IGNIS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  ignis_compile_options(${name})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
endfunction()

function(ignis_compile_options name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter -fno-exceptions -ffp-contract=off
    -fno-strict-aliasing -ffunction-sections -fdata-sections)
  if(IGNIS_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
endfunction()
