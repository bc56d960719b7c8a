"""What every service builds on: kernel, events, jobs, config, messaging, storage and web. Imports nothing above it."""
