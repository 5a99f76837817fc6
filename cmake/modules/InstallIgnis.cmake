# The package that find_package(Ignis) finds: what passes outside this tree are built against
# (examples/out-of-tree-pass). Programs and libIgnisCompiler.so are installed where they are made.
include(CMakePackageConfigHelpers)

# Headers of the compiler library and of what they include. The other leaves are parts of the programs.
foreach(part ${PROJECT_SOURCE_DIR}/include/ignis ${PROJECT_BINARY_DIR}/include/ignis)
  install(DIRECTORY ${part} DESTINATION include
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*.td" PATTERN "*.inc"
    PATTERN Generate EXCLUDE PATTERN Probe EXCLUDE PATTERN Runtime EXCLUDE PATTERN Tokenizer EXCLUDE
    PATTERN CMakeFiles EXCLUDE)
endforeach()

set(package lib/cmake/Ignis)
install(EXPORT IgnisTargets NAMESPACE Ignis:: DESTINATION ${package})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/IgnisConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/IgnisConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/IgnisConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/IgnisConfig.cmake ${PROJECT_BINARY_DIR}/cmake/IgnisConfigVersion.cmake
  DESTINATION ${package})
