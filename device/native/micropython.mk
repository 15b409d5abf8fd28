# _countersign for ports that are built by make (unix, qemu): USER_C_MODULES=<this repository>/device
COUNTERSIGN := $(abspath $(USERMOD_DIR)/../..)

SRC_USERMOD_C += $(USERMOD_DIR)/module.c
SRC_USERMOD_LIB_CXX += $(wildcard $(USERMOD_DIR)/*.cpp) $(wildcard $(COUNTERSIGN)/core/mqtt/*.cpp)

# MicroPython's own mbedTLS configuration, and what we need on top of it.
CFLAGS_USERMOD += -I$(USERMOD_DIR) -DMBEDTLS_USER_CONFIG_FILE='"$(USERMOD_DIR)/mbedtls_config.h"'
CXXFLAGS_USERMOD += -I$(COUNTERSIGN) -std=c++20 -fno-exceptions -fno-rtti -fno-threadsafe-statics
# verified.h
LDFLAGS_USERMOD += -Wl,--wrap=mbedtls_ecdsa_read_signature
# Ports prototype their functions as C wants it.
CXXFLAGS_USERMOD += -Wno-missing-field-initializers
