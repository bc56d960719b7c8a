"""The front door: identity, rate limits and relay for every request from outside. It keeps no state that matters."""
