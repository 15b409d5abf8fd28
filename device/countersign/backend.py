"""What exists twice: in C++, where the firmware has _countersign built in, and in Python for stock firmware.

MAX_QOS, VERSIONS, check_topic(topic), check_filter(topic_filter),
context_of(certificate, key, anchors, drop=None), remember(context, files), forget(key), and
Backend(window, receive_limit, log, version), which is a client's for life:

    connection                        the present one, a connection.Connection, or None
    subscriptions                     a subscription.Subscriptions
    pending()                         messages above QoS 0 that are not acknowledged
    await dial(host, port, context, hello)   a link: TLS is done; hello: (user, keepalive, clean, will)
    connect(link, hello)              makes it the connection
    await publish(topic, payload, qos, retain, properties=None)   properties: of MQTT 5 only
    ask(subscription)                 says to the broker what is wanted now, when there is a connection
    await drained()                   until nothing is pending
    await goodbye()                   DISCONNECT
"""

try:
    import _countersign  # noqa: F401
    from . import native as backend
except ImportError:
    from . import python as backend  # noqa: F401


def make_context(identity, drop=None):
    """The TLS context for an identity; it can serve any number of connections. drop() gives up the one
    before, when everything else has its place."""
    key = identity.key()
    try:
        return backend.context_of(identity.certificate(), key, identity.anchors(), drop)
    finally:
        if key:
            backend.forget(key)
