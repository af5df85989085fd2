"""`bancheng-health`: does the service on this host answer that it is ready. For an engine that asks again and again.

Owns one request. Imports the standard library only, since it is started anew for every question: the settings module
alone would cost more than the question. Reads BANCHENG_PORT and BANCHENG_TLS_CERTIFICATE as the settings do.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys

SECONDS = 5.0


def main() -> int:
    """0 when it is ready, 1 when not or without an answer; prints what keeps it."""
    where = ("127.0.0.1", int(os.environ.get("BANCHENG_PORT") or 8000))
    connection: http.client.HTTPConnection = http.client.HTTPConnection(*where, timeout=SECONDS)
    if os.environ.get("BANCHENG_TLS_CERTIFICATE"):
        # The certificate names the host and not loopback, and says nothing about health.
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(*where, timeout=SECONDS, context=unchecked)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        print(answer.read().decode(errors="replace"))
    except OSError as error:
        print(f"no answer on port {where[1]}: {type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
