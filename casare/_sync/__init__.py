# Made from `casare/_async/__init__.py` by `docs/generate_sync_client.py`. Do not edit.
"""The client for code without asyncio."""
