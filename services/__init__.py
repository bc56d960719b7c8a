"""The services. Each is a package of its own that imports `shared` and never another service."""
