"""Starting a process and reading its output on Windows: what needs Windows' own modules of the standard library.

`_winapi` and `asyncio.windows_utils` are what `subprocess` and asyncio's own subprocesses stand on; `subprocess` itself
would close the handle of the first thread, without which a process that was created suspended cannot be resumed.
"""

from __future__ import annotations

import _winapi
import asyncio
import ctypes
import msvcrt
import os
import subprocess
import sys
from asyncio import windows_utils
from typing import TYPE_CHECKING

from stmpo.processes.windows.api import Win32, declare
from stmpo.processes.windows.tree import WindowsSystem

if TYPE_CHECKING:
    from stmpo.processes.protocol import SpawnRequest
    from stmpo.processes.windows.tree import Created

assert sys.platform == "win32"  # lets type checkers pass over this file elsewhere

PIPE_BYTES = 65536


class Launcher:
    """`Launcher` of `windows.py`, for real."""

    def create(self, request: SpawnRequest, output: int, flags: int) -> Created:
        """CreateProcess with these flags; only the three standard handles are inherited. Raises OSError."""
        startup = subprocess.STARTUPINFO()
        startup.dwFlags = subprocess.STARTF_USESTDHANDLES
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a path
            empty = msvcrt.get_osfhandle(nothing.fileno())
            for handle in (empty, output):
                os.set_handle_inheritable(handle, True)
            startup.hStdInput, startup.hStdOutput, startup.hStdError = empty, output, output
            startup.lpAttributeList = {"handle_list": [empty, output]}
            command = subprocess.list2cmdline(request.argv)
            environment = dict(request.env)
            return _winapi.CreateProcess(
                None, command, None, None, True, flags, environment, str(request.cwd), startup
            )[:3]

    async def output_pipe(self) -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
        """A pipe that the loop reads, and the handle of its other end."""
        ours, theirs = windows_utils.pipe(overlapped=(True, False), bufsize=PIPE_BYTES)
        reader = asyncio.StreamReader(limit=PIPE_BYTES)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), windows_utils.PipeHandle(ours)
        )
        return reader, transport, theirs


def system() -> WindowsSystem:
    """The real one, over the real kernel32."""
    library = ctypes.WinDLL("kernel32", use_last_error=True)
    declare(library)
    return WindowsSystem(Win32(library, ctypes.get_last_error), Launcher())
