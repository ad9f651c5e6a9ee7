# What the code between clone and exec, the init and what begins before main link to. Reading this list is the review; a
# new line here deserves the question "is it a system call, and nothing else?". None of it may be a function of the
# library: not even memcpy, whose address depends on the processor and is not known yet (src/child/bare_memory.h).
# abort is what -fno-exceptions makes of std::visit's impossible throw; the others are names of the linker's.
set(allowed _start abort __ehdr_start __executable_start etext edata _GLOBAL_OFFSET_TABLE_
  hutch_build_note hutch_build_note_end)
set(wanted)
set(own)
foreach(archive ${ARCHIVES})
  execute_process(COMMAND nm --undefined-only --format=just-symbols ${archive}
    OUTPUT_VARIABLE its_wanted COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND nm --defined-only --extern-only --format=just-symbols ${archive}
    OUTPUT_VARIABLE its_own COMMAND_ERROR_IS_FATAL ANY)
  # A function that other units have, too, may be theirs in the end, with a canary or a call of the library.
  execute_process(COMMAND nm --print-file-name ${archive} OUTPUT_VARIABLE all COMMAND_ERROR_IS_FATAL ANY)
  if(all MATCHES "[^\n]* [WV] [^\n]*")
    message(FATAL_ERROR "shared with other units: ${CMAKE_MATCH_0}")
  endif()
  foreach(list wanted own)
    string(REGEX REPLACE "[^\n]*:\n" "" its_${list} "${its_${list}}")
    string(REGEX MATCHALL "[^\n]+" its_${list} "${its_${list}}")
    list(APPEND ${list} ${its_${list}})
  endforeach()
  if(NOT its_own)
    message(FATAL_ERROR "${archive} defines nothing: is it the right file?")
  endif()
endforeach()
list(REMOVE_DUPLICATES wanted)
list(REMOVE_ITEM wanted ${own} ${allowed})
if(wanted)
  message(FATAL_ERROR "what runs without the C library now links to: ${wanted}")
endif()
