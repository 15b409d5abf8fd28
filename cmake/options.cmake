# Compiler flags every target of ours gets, by linking to `countersign_options`.
add_library(countersign_options INTERFACE)
target_include_directories(countersign_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(countersign_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# Hardening costs nothing measurable here and the sanitizers bring their own.
if(COUNTERSIGN_SANITIZE)
  # -g1: reports name functions and lines; full debug information costs a sixth of the build.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
elseif(COUNTERSIGN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
else()
  # What tests/attacks/hardened.sh looks for in the programs that are shipped.
  include(CheckPIESupported)
  check_pie_supported()
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-fcf-protection=full COUNTERSIGN_CF_PROTECTION)  # x86 only
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
    -D_GLIBCXX_ASSERTIONS $<$<BOOL:${COUNTERSIGN_CF_PROTECTION}>:-fcf-protection=full>)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()
