// The network: lwIP, as on an ESP32, over QEMU's network device. QEMU's user-mode network stands for what is
// behind the access point: the board is 10.0.2.15 there, reaches what the host reaches, and nobody reaches
// the board. Frames lie in the Wi-Fi driver's memory, and are lost when it has none.
#include "board.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "lwiphooks.h"
#include "netif/ethernet.h"
#include "py/runtime.h"
#include "virtio.h"
#include "wifi.h"

#define HEADER 12  // virtio_net_hdr; all of it stays 0 since no feature is used
#define FRAME (14 + 1500)

enum { RECEIVE = 0, SEND = 1 };

_Static_assert(HEADER + FRAME <= WIFI_BUFFER && (int)WIFI_BUFFERS <= (int)VIRTQ_SIZE,
               "one buffer for a frame");

// A frame on its way from the driver into lwIP.
typedef struct {
    struct pbuf_custom pbuf;
    uint8_t bytes[];
} frame_t;

static uintptr_t device;
static virtq_t receiving, sending;
static uint8_t *received[VIRTQ_SIZE], *sent[VIRTQ_SIZE];
static unsigned sent_free = (1u << VIRTQ_SIZE) - 1;  // a bit for each
static uint8_t mac[6];
static struct netif interface;

int mp_mod_network_prefer_dns_use_ip_version = 4;

static void poll_node(mp_sched_node_t* node) {
    (void)node;
    net_poll();
}
static mp_sched_node_t node;

static void on_interrupt(void) {
    virtio_acknowledge(device);
    mp_sched_schedule_node(&node, poll_node);
    cpu_event();
}

static void collect_sent(void) {
    uint32_t length;
    for (int id; (id = virtio_take(&sending, &length)) >= 0;) {
        wifi_frame_free(sent[id]);
        sent_free |= 1u << id;
    }
}

static err_t send_frame(struct netif* netif, struct pbuf* p) {
    (void)netif;
    if (p->tot_len > FRAME) {
        return ERR_IF;
    }
    // MicroPython's sockets take a frame that is not sent for a broken connection; ESP-IDF's take it for one
    // that is lost on the air.
    uint64_t start = cpu_busy_ns();
    do {
        collect_sent();
    } while (sent_free == 0);
    cpu_was_waiting(start);
    unsigned id = (unsigned)__builtin_ctz(sent_free);
    sent[id] = wifi_has_address() ? wifi_frame_alloc(HEADER + p->tot_len) : NULL;
    if (sent[id] != NULL) {
        sent_free &= ~(1u << id);
        memset(sent[id], 0, HEADER);
        pbuf_copy_partial(p, sent[id] + HEADER, p->tot_len, 0);
        virtio_give(&sending, id, sent[id], HEADER + p->tot_len, false);
    }
    return ERR_OK;
}

static void free_frame(struct pbuf* p) {
    wifi_frame_free(p);
}

static void receive_frame(const uint8_t* bytes, uint16_t length) {
    frame_t* frame = wifi_has_address() ? wifi_frame_alloc(sizeof(frame_t) + length) : NULL;
    if (frame == NULL) {
        return;
    }
    memcpy(frame->bytes, bytes, length);
    frame->pbuf.custom_free_function = free_frame;
    struct pbuf* p = pbuf_alloced_custom(PBUF_RAW, length, PBUF_REF, &frame->pbuf, frame->bytes, length);
    if (interface.input(p, &interface) != ERR_OK) {
        pbuf_free(p);
    }
}

void net_poll(void) {
    if (device == 0) {
        return;
    }
    uint32_t length;
    for (int id; (id = virtio_take(&receiving, &length)) >= 0;) {
        if (length > HEADER && length <= HEADER + FRAME) {
            receive_frame(received[id] + HEADER, (uint16_t)(length - HEADER));
        }
        virtio_give(&receiving, (unsigned)id, received[id], HEADER + FRAME, true);
    }
    collect_sent();
    wifi_poll();
    sys_check_timeouts();
}

void net_add_buffer(unsigned id, void* buffer) {
    received[id] = buffer;
    if (device != 0) {
        virtio_give(&receiving, id, buffer, HEADER + FRAME, true);
    }
}

void net_link(bool is_up) {
    if (device == 0 || netif_is_link_up(&interface) == is_up) {
        return;
    }
    (is_up ? netif_set_link_up : netif_set_link_down)(&interface);
}

struct netif* net_route(void) {
    return device != 0 && netif_is_link_up(&interface) ? &interface : NULL;
}

static err_t set_up(struct netif* netif) {
    netif->name[0] = 's';
    netif->name[1] = 't';
    netif->mtu = 1500;
    netif->hwaddr_len = sizeof mac;
    memcpy(netif->hwaddr, mac, sizeof mac);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    return ERR_OK;
}

void net_init(void) {
    device = virtio_find(VIRTIO_NET);
    if (device == 0) {
        return;
    }
    for (unsigned i = 0; i < sizeof mac; i++) {
        mac[i] = virtio_settings(device)[i];
    }
    virtio_add_queue(&receiving, device, RECEIVE);
    virtio_add_queue(&sending, device, SEND);
    sending.avail.flags = 1;  // no interrupt when a frame has been sent
    virtio_start(device);
    lwip_init();
    ip4_addr_t address, mask, gateway;
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    netif_add(&interface, &address, &mask, &gateway, NULL, set_up, ethernet_input);
    netif_set_default(&interface);
    netif_set_up(&interface);
    ip_addr_t names = IPADDR4_INIT_BYTES(10, 0, 2, 3);
    dns_setserver(0, &names);
    cpu_connect(virtio_interrupt(device), on_interrupt);
}

u32_t sys_now(void) {
    return (u32_t)(cpu_microseconds() / 1000);
}

// Where a connection's port and sequence numbers begin.
unsigned net_random(void) {
    unsigned number;
    random_bytes(&number, sizeof number);
    return number;
}

const uint8_t* net_mac(void) {
    return mac;
}
