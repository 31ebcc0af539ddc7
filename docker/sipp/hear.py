"""Counts RTP packets with audible A-law speech that reach this container, until SIGTERM; then prints the count.

SIPp's own counter works only with its echo, and the echo disturbs the digits that it sends.
"""
import signal
import socket

ETH_P_IP = 0x0800
UDP = 17
HEADER = 12
A_LAW = 8
# A-law of amplitudes below about 1 % of full scale: silence and comfort noise.
QUIET = {value for value in range(256) if ((value ^ 0x55) & 0x70) == 0}

heard = 0


def finish(*_):
    print(heard, flush=True)
    raise SystemExit(0)


signal.signal(signal.SIGTERM, finish)
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
while True:
    packet, address = packets.recvfrom(2048)
    if address[2] == socket.PACKET_OUTGOING or packet[9] != UDP:
        continue
    payload = packet[(packet[0] & 15) * 4 + 8 :]
    if len(payload) == HEADER + 160 and payload[0] >> 6 == 2 and payload[1] & 127 == A_LAW:
        if sum(value not in QUIET for value in payload[HEADER:]) > 40:
            heard += 1
