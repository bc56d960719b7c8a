"""The robots' WebSocket (`docs/robot-protocol.md`)."""
