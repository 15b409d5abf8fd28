# Runs on a loaded board, on the RISC-V board or an ESP32: what memory there is, phase by phase.
#   countersign board --riscv --chip esp32-c3 --port ./board
#   mpremote connect ./board run bench/device/memory.py
# Bytes: of MicroPython's heap in use and free (as gc counts them, garbage collected first); of ESP-IDF's free,
# the largest block of it, and each region's free/largest/least ever.
import asyncio
import gc

import esp32


def phase(name):
    gc.collect()
    heaps = esp32.idf_heap_info(esp32.HEAP_DATA)
    free = sum([heap[1] for heap in heaps])
    largest = max([heap[2] for heap in heaps])
    each = " ".join(["%d/%d/%d" % heap[1:] for heap in heaps])
    print("%-28s %7d %7d %7d %7d  %s" % (name[:28], gc.mem_alloc(), gc.mem_free(), free, largest, each))


async def _lifetime():
    from countersign import board

    phase("imported")
    client = await board.prepare(say=phase, log=phase)
    phase("prepared")
    runner = asyncio.create_task(client.run())
    await client.wait_connected()
    phase("connected")
    await client.publish("state", "ON", qos=1)
    await asyncio.sleep(5)
    phase("connected, 5 s later")
    await client.close()
    await runner
    phase("closed")


print("%-28s %7s %7s %7s %7s  each region" % ("phase", "used", "gc free", "free", "largest"))
phase("REPL")
if __name__ == "__main__":
    asyncio.run(_lifetime())
