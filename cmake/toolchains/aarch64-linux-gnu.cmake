# AArch64 Linux from an x86-64 machine: clang, lld and a sysroot that utils/arm-sysroot.sh unpacks from the distribution's
# arm64 packages. Tests run under qemu's user-mode emulation, as the processor named in the environment by QEMU_CPU.
#
#   cmake -DCMAKE_TOOLCHAIN_FILE=cmake/toolchains/aarch64-linux-gnu.cmake -DIGNIS_SYSROOT=DIR ...

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(IGNIS_SYSROOT "" CACHE PATH "Unpacked arm64 packages: libc, libstdc++, LLVM, MLIR, PCRE2, utf8proc")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES IGNIS_SYSROOT)

set(CMAKE_SYSROOT ${IGNIS_SYSROOT})
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER clang-22)
set(CMAKE_CXX_COMPILER clang++-22)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(directories ${IGNIS_SYSROOT}/usr/lib/aarch64-linux-gnu ${IGNIS_SYSROOT}/lib/aarch64-linux-gnu)
foreach(kind EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "-fuse-ld=lld")
  foreach(directory ${directories})
    string(APPEND CMAKE_${kind}_LINKER_FLAGS_INIT " -Wl,-rpath-link,${directory}")
  endforeach()
endforeach()
set(CMAKE_FIND_ROOT_PATH ${IGNIS_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-aarch64-static;-L;${IGNIS_SYSROOT}")
