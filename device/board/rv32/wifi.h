// The Wi-Fi driver's double: it associates with any network, and takes from the chip's memory what ESP-IDF's
// driver takes. Without that memory it fails as that one does.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIFI_BUFFERS = 10,   // into which the radio receives (CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM)
    WIFI_BUFFER = 1600,  // bytes of each
    WIFI_OVERHEAD = 96,  // of the driver's for a frame, beside its bytes
};

// ESP-IDF's reasons why there is no connection, as the port shows them.
enum { WIFI_NO_REASON = 0, WIFI_NO_AP_FOUND = 201, WIFI_AUTH_FAIL = 202 };

// esp_wifi_init; false: no memory, and nothing is taken. What it takes it keeps until the next reset.
bool wifi_init(void);
// esp_wifi_start, esp_wifi_stop. What of the start finds no memory is missing, and nobody is told.
void wifi_start(void);
void wifi_stop(void);
bool wifi_is_started(void);
// Tries until it has an address or is told to stop.
void wifi_connect(void);
void wifi_disconnect(void);
bool wifi_is_connecting(void);
bool wifi_has_address(void);
// Why the last try failed.
int wifi_reason(void);
// Lets the driver work.
void wifi_poll(void);

// A buffer for a frame of this many bytes on its way; NULL: there is none, and the frame is lost.
void* wifi_frame_alloc(size_t bytes);
void wifi_frame_free(void* frame);
