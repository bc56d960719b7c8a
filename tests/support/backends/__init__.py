"""Real RabbitMQ, Redis and MongoDB-wire servers for tests: found, started or installed, never fought over."""
