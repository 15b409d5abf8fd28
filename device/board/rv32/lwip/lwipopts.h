// lwIP as MicroPython's own boards set it up; IPv4 and what a client needs.
#pragma once
#include "extmod/lwip-include/lwipopts_common.h"

#undef LWIP_DHCP
#undef LWIP_DHCP_CHECK_LINK_UP
#undef LWIP_DNS_SUPPORT_MDNS_QUERIES
#undef LWIP_MDNS_RESPONDER
#undef LWIP_IGMP
#undef LWIP_NETIF_HOSTNAME
#define LWIP_DHCP 0
#define LWIP_DNS_SUPPORT_MDNS_QUERIES 0
#define LWIP_MDNS_RESPONDER 0
#define LWIP_IGMP 1  // MicroPython's socket module names it
#define LWIP_NETIF_HOSTNAME 0
#define LWIP_IPV6 0
#define LWIP_ND6_MAX_MULTICAST_GROUPS 0

#define LWIP_RAND() net_random()
#define LWIP_HOOK_FILENAME "lwiphooks.h"
