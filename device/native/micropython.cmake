# _countersign for ports that are built by CMake (rp2, esp32): -DUSER_C_MODULES=<this repository>/device/native/micropython.cmake
get_filename_component(COUNTERSIGN ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
file(GLOB COUNTERSIGN_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp ${COUNTERSIGN}/core/mqtt/*.cpp)

add_library(usermod_countersign INTERFACE)
target_sources(usermod_countersign INTERFACE ${CMAKE_CURRENT_LIST_DIR}/module.c ${COUNTERSIGN_SOURCES})
target_include_directories(usermod_countersign INTERFACE ${CMAKE_CURRENT_LIST_DIR} ${COUNTERSIGN})
# ESP-IDF configures its own mbedTLS; everywhere else MicroPython's configuration needs ours on top.
if(NOT ESP_PLATFORM)
  target_compile_definitions(usermod_countersign INTERFACE
    MBEDTLS_USER_CONFIG_FILE="${CMAKE_CURRENT_LIST_DIR}/mbedtls_config.h")
endif()
set_source_files_properties(${COUNTERSIGN_SOURCES} PROPERTIES COMPILE_OPTIONS
  "-std=c++20;-fno-exceptions;-fno-rtti;-fno-threadsafe-statics")
target_link_options(usermod_countersign INTERFACE "-Wl,--wrap=mbedtls_ecdsa_read_signature") # verified.h
target_link_libraries(usermod INTERFACE usermod_countersign)
