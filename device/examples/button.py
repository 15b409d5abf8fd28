"""Copy to the board as /app.py: tells every press of a button, at once.

The BOOT button of most ESP32 boards is on pin 0 and reads 0 while pressed.
"""

import asyncio

from machine import Pin

button = Pin(0, Pin.IN, Pin.PULL_UP)
_SETTLED_MS = 30  # a contact bounces for less


async def main(client):
    before = 1
    while True:
        now = button.value()
        if now != before:
            before = now
            await client.publish("button", "released" if now else "pressed")
        await asyncio.sleep_ms(_SETTLED_MS)
