:<<"::sh"
@echo off
rem Starts scripts/runtime.py with the first Python that is new enough. cmd runs the part above "::sh", sh the part below.
rem cmd reads the first line as a label. sh reads it as the start of a here-document, which skips the part for cmd.
rem There is no goto: if lines end without a carriage return, cmd may not find a label.
rem "call" returns from a Python that is a batch file. The start itself needs no return and has no "call", which would expand the path twice.
set stmpo_found=
set stmpo_test="import sys; sys.exit(sys.version_info < (3, 10))"
if defined STMPO_PYTHON set "STMPO_PYTHON=%STMPO_PYTHON:"=%"
if defined STMPO_PYTHON for %%p in ("%STMPO_PYTHON%") do call %%p -c %stmpo_test% >nul 2>nul && set stmpo_found=%%p
if not defined STMPO_PYTHON for %%p in ("python" "py -3" "python3") do if not defined stmpo_found call %%~p -c %stmpo_test% >nul 2>nul && set stmpo_found=%%~p
if defined stmpo_found %stmpo_found% "%STMPO_SCRIPTS%\runtime.py" %*
if defined stmpo_found exit %errorlevel%
if not defined STMPO_PYTHON set STMPO_PYTHON=python, py or python3
for %%p in ("%STMPO_PYTHON%") do echo openjd_fail: this worker has no Python 3.10 or later as %%~p; install one there, or name it by STMPO_PYTHON
exit 2
::sh
session=$1
if [ -n "$STMPO_PYTHON" ]; then
  set -- "$STMPO_PYTHON"
else
  set -- python python3 python3.14 python3.13 python3.12 python3.11 python3.10
fi
for python in "$@"; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
    exec "$python" "$STMPO_SCRIPTS/runtime.py" "$session"
  fi
done
echo "openjd_fail: this worker has no Python 3.10 or later as $*; install one there, or name it by STMPO_PYTHON"
exit 2
