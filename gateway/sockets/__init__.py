"""WebSockets at the front door: who connects, how many they have open, and the relay frame by frame.

A failure is told after the handshake, in an `error` frame and a close code: browsers and most clients show their user
neither the status nor the body of a handshake that was refused.
"""

from gateway.sockets.door import SocketDoor

__all__ = ["SocketDoor"]
