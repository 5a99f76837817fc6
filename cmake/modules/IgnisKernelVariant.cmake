# The only place that sets -march flags.
#
# add_ignis_kernel_variant(TARGET NAME sources... FLAGS flags... [DEFINITION name]): adds the sources to TARGET, each
# compiled with FLAGS on top of the baseline, optimised in every build type, as freestanding code (kernels call
# nothing). If the compiler does not know the flags, the variant is left out. Where it is in, the definition
# IGNIS_KERNELS_HAVE_<NAME> is 1 for TARGET.

include(CheckCXXCompilerFlag)

set(IGNIS_KERNEL_OPTIONS -O3 -ffreestanding -fno-stack-protector -fno-threadsafe-statics -fno-rtti
  -fno-exceptions -ffp-contract=off -fno-math-errno
  # kMostStackBytes (KernelABI.h), less what the functions beside the largest need.
  -Wframe-larger-than=245760)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Loops that fill or copy stay loops. g++-12 takes the undefined operand inside its own AVX-512 intrinsics for a
  # variable that is used uninitialised (GCC bug 105593).
  list(APPEND IGNIS_KERNEL_OPTIONS -fno-tree-loop-distribute-patterns -Wno-maybe-uninitialized -Wno-uninitialized)
endif()

function(add_ignis_kernel_variant target name)
  cmake_parse_arguments(ARG "" "" "FLAGS" ${ARGN})
  string(TOUPPER ${name} upper)
  set(known TRUE)
  foreach(flag ${ARG_FLAGS})
    string(MAKE_C_IDENTIFIER "IGNIS_CXX${flag}" result)
    check_cxx_compiler_flag(${flag} ${result})
    if(NOT ${result})
      set(known FALSE)
      message(STATUS "kernels: ${name} left out, the compiler does not know ${flag}")
    endif()
  endforeach()
  if(NOT known)
    return()
  endif()
  set_source_files_properties(${ARG_UNPARSED_ARGUMENTS} PROPERTIES
    COMPILE_OPTIONS "${IGNIS_KERNEL_OPTIONS};${ARG_FLAGS}")
  target_sources(${target} PRIVATE ${ARG_UNPARSED_ARGUMENTS})
  target_compile_definitions(${target} PRIVATE IGNIS_KERNELS_HAVE_${upper}=1)
  set_property(TARGET ${target} APPEND PROPERTY IGNIS_KERNEL_VARIANTS ${name})
endfunction()
