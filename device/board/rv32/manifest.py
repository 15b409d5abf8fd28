# Run by MicroPython's makemanifest.py, which provides these functions.
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules")
# The doubles of ESP32's modules are the virtual board's.
freeze("../virtual/modules", ("_world.py", "esp.py", "machine.py"))
