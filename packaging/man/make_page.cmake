# PAGE.scd -> MADE, by SCDOC. A line @KEYS@ becomes what the program KEYS prints.
cmake_minimum_required(VERSION 3.25)
file(READ ${PAGE} text)
if(text MATCHES "\n@KEYS@\n")
  execute_process(COMMAND ${KEYS} OUTPUT_VARIABLE keys COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n@KEYS@\n" "\n${keys}\n" text "${text}")
endif()
file(WRITE ${MADE}.scd "${text}")
execute_process(COMMAND ${SCDOC} INPUT_FILE ${MADE}.scd OUTPUT_FILE ${MADE} COMMAND_ERROR_IS_FATAL ANY)
