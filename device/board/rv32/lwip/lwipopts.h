// lwIP as MicroPython's own boards set it up, IPv4 and what a client needs; in size and memory as ESP-IDF's
// default is: everything comes from the chip's heap.
#pragma once
#include <stddef.h>

#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC network_malloc
#define MEM_CUSTOM_CALLOC network_calloc
#define MEM_CUSTOM_FREE network_free
void* network_malloc(size_t size);
void* network_calloc(size_t count, size_t size);
void network_free(void* memory);
#define MEMP_MEM_MALLOC 1
#define LWIP_SUPPORT_CUSTOM_PBUF 1

#define MEM_SIZE 0  // no memory of its own; and what extmod/lwip-include would choose with it is chosen here
#define TCP_MSS 1440
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
// Connections that are there or were a moment ago (CONFIG_LWIP_MAX_ACTIVE_TCP); memory.c sees to it.
#define MEMP_NUM_TCP_PCB 16
// ESP-IDF's TCP block is larger by IPv6, the socket's queues and semaphores: 29 connections, one after the
// other, took 7.3 kB of an ESP32-C3's heap, and 16 of them can wait.
#define LWIP_TCP_PCB_NUM_EXT_ARGS 36

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
