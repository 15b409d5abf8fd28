// To be included before mbedTLS's own headers: on bare metal MicroPython's configuration of it declares two
// functions without saying that they are C.
#pragma once

#include <cstdio>
#include <cstdlib>

extern "C" {
#include "mbedtls/build_info.h"
}
