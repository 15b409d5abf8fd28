# Run by MicroPython's makemanifest.py, which provides these functions.
include("$(MPY_DIR)/extmod/asyncio")  # noqa: F821
