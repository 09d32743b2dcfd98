"""Holds a host's network, and leads an address in it, where jobs ask for credentials, out.

Runs inside a container of its own, as ``python3 -c TEXT ADDRESS HOST PORT``; standard library
only. The address is link-local, such as 169.254.170.2.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import sys
import threading

SIOCSIFADDR, SIOCSIFNETMASK = 0x8916, 0x891C


def take_address(address: str) -> None:
    """Give the loopback of this network an address that a cloud's clients ask."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        for request, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.255")):
            family = struct.pack("H2x4s8x", socket.AF_INET, socket.inet_aton(value))
            fcntl.ioctl(link, request, struct.pack("16s16s", b"lo:1", family))


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy one direction of a connection."""
    while piece := source.recv(65536):
        target.sendall(piece)
    target.shutdown(socket.SHUT_WR)


def lead_out(address: str, host: str, port: int) -> None:
    """Lead every connection to port 80 of the address to another one."""
    with socket.create_server((address, 80)) as server:
        print("ready", flush=True)
        while True:
            inner, _ = server.accept()
            outer = socket.create_connection((host, port))
            for pair in ((inner, outer), (outer, inner)):
                threading.Thread(target=pump, args=pair, daemon=True).start()


if __name__ == "__main__":
    # As the first process of its container it would ignore SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if len(sys.argv) > 3:
        take_address(sys.argv[1])
        lead_out(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print("ready", flush=True)
    signal.pause()
