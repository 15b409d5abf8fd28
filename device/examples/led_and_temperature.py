"""Copy to the board as /app.py: an LED that listens, a thermometer that speaks.

    countersign send NAME cmd/led on
    countersign watch devices/NAME/temperature
"""

import asyncio

import esp32
from machine import Pin

led = Pin(2, Pin.OUT)  # the blue LED of most ESP32 boards


def on_command(command, payload):
    if command == "led":
        led.value(payload == b"on")


async def main(client):
    while True:
        if hasattr(esp32, "mcu_temperature"):  # ESP32-C3, S2, S3: degrees Celsius
            celsius = esp32.mcu_temperature()
        else:  # ESP32: degrees Fahrenheit
            celsius = (esp32.raw_temperature() - 32) / 1.8
        await client.publish("temperature", "%.1f" % celsius)
        await asyncio.sleep(60)
