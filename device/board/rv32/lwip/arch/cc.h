// What lwIP needs to know of the compiler and the machine; it knows the rest itself.
#pragma once
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message)
unsigned net_random(void);
