# cmake -DOUTPUT=x.cpp -DROOT=device -P embed_device_files.cmake: what load puts on a board, as C++ arrays, so that the
# program needs no files beside it. ROOT/countersign/*.py go to lib/countersign, ROOT/main.py to main.py.
file(GLOB package RELATIVE "${ROOT}" "${ROOT}/countersign/*.py")
list(SORT package)
set(arrays "")
set(entries "")
set(index 0)
foreach(file IN LISTS package ITEMS main.py)
  file(READ "${ROOT}/${file}" hex HEX)
  if(NOT hex)
    set(hex "0a") # an empty module: one line end
  endif()
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(REGEX REPLACE "^countersign/" "lib/countersign/" path "${file}")
  string(APPEND arrays "constexpr char kFile${index}[] = {${bytes}};\n")
  string(APPEND entries "    DeviceFile{\"${path}\", {kFile${index}, sizeof kFile${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}.new" "// Made by embed_device_files.cmake from device/.
#include \"host/loader/device_files.h\"
namespace countersign::loader {
namespace {
${arrays}constexpr DeviceFile kFiles[] = {
${entries}};
}  // namespace
std::span<const DeviceFile> device_files() { return kFiles; }
}  // namespace countersign::loader
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
