# cmake -DOUTPUT=x.cpp -DSOURCE=folder -DCOMPILED=folder -P embed_device_files.cmake: what load puts on a board, as C++ arrays,
# so that the program needs no files beside it. SOURCE/countersign/*.py or COMPILED/*.mpy, and words.txt, go to lib/countersign,
# SOURCE/main.py to main.py.
set(arrays "")
set(index 0)

# embed(LIST PATH FILE): an entry of the list, and the bytes it names.
function(embed list path file)
  file(READ "${file}" hex HEX)
  if(NOT hex)
    set(hex "0a") # an empty module: one line end
  endif()
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  set(arrays "${arrays}constexpr char kFile${index}[] = {${bytes}};\n" PARENT_SCOPE)
  set(${list} "${${list}}    DeviceFile{\"${path}\", {kFile${index}, sizeof kFile${index}}},\n" PARENT_SCOPE)
  math(EXPR index "${index} + 1")
  set(index ${index} PARENT_SCOPE)
endfunction()

file(GLOB source "${SOURCE}/countersign/*.py")
file(GLOB compiled "${COMPILED}/*.mpy")
list(SORT source)
list(SORT compiled)
list(GET compiled 0 first)
foreach(form IN ITEMS source compiled)
  set(${form}_entries "")
  foreach(file IN LISTS ${form})
    get_filename_component(name "${file}" NAME)
    embed(${form}_entries "lib/countersign/${name}" "${file}")
  endforeach()
  embed(${form}_entries lib/countersign/words.txt "${SOURCE}/countersign/words.txt")
  embed(${form}_entries main.py "${SOURCE}/main.py")
endforeach()
# The format of a .mpy file: 'M', the version, …
file(READ "${first}" version OFFSET 1 LIMIT 1 HEX)

file(WRITE "${OUTPUT}.new" "// Made by embed_device_files.cmake from device/.
#include \"host/loader/device_files.h\"
namespace countersign::loader {
namespace {
${arrays}constexpr DeviceFile kSource[] = {
${source_entries}};
constexpr DeviceFile kCompiled[] = {
${compiled_entries}};
}  // namespace
std::span<const DeviceFile> device_files(Form form) {
    if (form == Form::source) return kSource;
    return kCompiled;
}
std::uint8_t bytecode_version() { return 0x${version}; }
}  // namespace countersign::loader
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
