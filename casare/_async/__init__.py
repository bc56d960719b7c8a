"""The client for asyncio. `casare/_sync` is made from this folder by `docs/generate_sync_client.py`: edit here."""
