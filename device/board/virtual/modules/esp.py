# A double of ESP32's `esp`: what programs ask of it.


def osdebug(*level):
    pass


def flash_size():
    return 4 * 1024 * 1024
