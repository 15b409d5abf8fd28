# A double of ESP32's `esp32`: what programs ask of it.
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def raw_temperature():
    return 127  # degrees Fahrenheit, on the original ESP32


def mcu_temperature():
    return 53  # degrees Celsius, on its successors
