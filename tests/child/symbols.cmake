# What the code between clone and exec links to. Reading this list is the review; a new line here deserves the
# question "is it async-signal-safe, and does it work in a copy of a process with threads?".
# abort is what -fno-exceptions makes of std::visit's impossible throw; mem* and strlen come from string_view.
set(allowed _start abort memchr memcmp memcpy memmove memset strlen)
execute_process(COMMAND nm --undefined-only --format=just-symbols ${ARCHIVE}
  OUTPUT_VARIABLE wanted COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND nm --defined-only --extern-only --format=just-symbols ${ARCHIVE}
  OUTPUT_VARIABLE own COMMAND_ERROR_IS_FATAL ANY)
foreach(list wanted own)
  string(REGEX REPLACE "[^\n]*:\n" "" ${list} "${${list}}")
  string(REGEX MATCHALL "[^\n]+" ${list} "${${list}}")
  list(REMOVE_DUPLICATES ${list})
endforeach()
if(NOT own)
  message(FATAL_ERROR "${ARCHIVE} defines nothing: is it the right file?")
endif()
list(REMOVE_ITEM wanted ${own} ${allowed} _GLOBAL_OFFSET_TABLE_)
if(wanted)
  message(FATAL_ERROR "the child now links to: ${wanted}")
endif()

# The init begins before the C library: not even memcpy is there, whose address depends on the processor.
execute_process(COMMAND nm --undefined-only --print-file-name ${ARCHIVE}
  OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${lines}")
set(seen 0)
foreach(line ${lines})
  if(NOT line MATCHES ":(init|init_image|entry|read_only_image|sweep|channel)\\.cc\\.o: +U (.*)$")
    continue()
  endif()
  math(EXPR seen "${seen} + 1")
  if(NOT CMAKE_MATCH_2 MATCHES "5hutch|^_start$|^_GLOBAL_OFFSET_TABLE_$")
    message(FATAL_ERROR "the init now links to: ${line}")
  endif()
endforeach()
if(seen EQUAL 0)
  message(FATAL_ERROR "no object of the init in ${ARCHIVE}")
endif()
