:<<"::sh"
@echo off
rem Starts scripts/runtime.py with the first Python that is new enough: a script for cmd, and behind "::sh" for sh.
rem The line at the top is a label for cmd; for sh it puts all this into a text that nobody reads.
if not defined STMPO_PYTHON goto any
call "%STMPO_PYTHON%" -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul && goto named
echo openjd_fail: this worker has no Python 3.10 or later as %STMPO_PYTHON%; install one there, or name it by STMPO_PYTHON
exit 2
:any
call python -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul && goto python
call py -3 -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul && goto py
call python3 -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul && goto python3
echo openjd_fail: this worker has no Python 3.10 or later as python, py or python3; install one there, or name it by STMPO_PYTHON
exit 2
:named
call "%STMPO_PYTHON%" "%STMPO_SCRIPTS%\runtime.py" %1
exit %errorlevel%
:python
call python "%STMPO_SCRIPTS%\runtime.py" %1
exit %errorlevel%
:py
call py -3 "%STMPO_SCRIPTS%\runtime.py" %1
exit %errorlevel%
:python3
call python3 "%STMPO_SCRIPTS%\runtime.py" %1
exit %errorlevel%
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
