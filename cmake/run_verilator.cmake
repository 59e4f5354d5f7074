# Run by dla_verilate at build time: Verilator, then one file that includes all that it wrote. The names of those
# are hashes, so that the build could not know them beforehand.
file(REMOVE_RECURSE "${FOLDER}")
execute_process(
  COMMAND "${VERILATOR}" --cc -O3 --x-assign fast --x-initial 0 --top-module ${TOP} --prefix ${PREFIX}
    --Mdir "${FOLDER}" -Wno-fatal ${SOURCES}
  COMMAND_ERROR_IS_FATAL ANY)
file(GLOB files RELATIVE "${FOLDER}" "${FOLDER}/*.cpp")
list(SORT files)
set(text "")
foreach(file IN LISTS files)
  string(APPEND text "#include \"${file}\"\n")
endforeach()
file(WRITE "${FOLDER}/${PREFIX}__all.cpp" "${text}")
