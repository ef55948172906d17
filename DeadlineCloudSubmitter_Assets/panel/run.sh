#!/bin/sh
# Run the Deadline Cloud client in the background on macOS. submit.jsxinc fills in the client and its arguments, quoted.
cd "$(dirname "$0")" || exit 1
export PYTHONUTF8=1
PATH="$PATH:/usr/local/bin:/opt/homebrew/bin:$HOME/.local/bin"
client=@CLIENT@
if [ "$client" = deadline ] && ! command -v "$client" >/dev/null 2>&1; then
  # A program started from the Dock does not have the PATH of a terminal.
  found=$("${SHELL:-/bin/sh}" -lc 'command -v deadline' </dev/null 2>/dev/null | tail -n 1)
  if [ -x "$found" ]; then client=$found; fi
fi
if command -v "$client" >/dev/null 2>&1; then
  "$client" @WORDS@ >output.txt 2>errors.txt </dev/null &
  echo $! >pid.txt
  wait $!
  code=$?
else
  code=127
fi
echo "$code" >code.tmp
mv code.tmp code.txt
