// 127.0.0.1 is the host's: QEMU's network passes it on, and a broker on this computer is known by it.
#pragma once
struct netif* net_route(void);
#define LWIP_HOOK_IP4_ROUTE(destination) net_route()
