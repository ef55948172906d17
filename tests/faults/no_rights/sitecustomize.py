"""Loaded by Python before all else where this folder is on its path: without the rights that root has over
modes.
"""

import ctypes
import os

VERSION_3 = 0x20080522

if hasattr(os, "geteuid") and os.geteuid() == 0:
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None, use_errno=True).capset(header, nothing)
