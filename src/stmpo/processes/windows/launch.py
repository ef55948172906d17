"""Starting a process and reading its output, with Windows' own modules of the standard library.

`_winapi` and `asyncio.windows_utils` are the base of `subprocess` and of asyncio's subprocesses. `subprocess`
itself would close the handle of the first thread, which is needed to resume a suspended process.
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

from stmpo.processes.launcher_state import CHUNK_BYTES
from stmpo.processes.windows.api import Win32, declare
from stmpo.processes.windows.tree import WindowsSystem

if TYPE_CHECKING:
    from stmpo.processes.protocol import SpawnRequest
    from stmpo.processes.windows.tree import CreatedProcess

assert sys.platform == "win32"  # lets type checkers skip this file elsewhere


class WindowsLaunchCalls:
    """`LaunchCalls` of `tree.py` by the system's calls."""

    def create(self, request: SpawnRequest, output: int, flags: int) -> CreatedProcess:
        """Call CreateProcess; only the three standard handles are inherited. Raises OSError."""
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
        """Return a pipe that the event loop reads, and the handle of its write end."""
        read_end, write_end = windows_utils.pipe(overlapped=(True, False), bufsize=CHUNK_BYTES)
        reader = asyncio.StreamReader(limit=CHUNK_BYTES)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), windows_utils.PipeHandle(read_end)
        )
        return reader, transport, write_end


def system() -> WindowsSystem:
    """Return the implementation for Windows, over the real kernel32."""
    library = ctypes.WinDLL("kernel32", use_last_error=True)
    declare(library)
    return WindowsSystem(Win32(library, ctypes.get_last_error), WindowsLaunchCalls())
