# Made from `casare/_async/timing.py` by `docs/generate_sync_client.py`. Do not edit.
"""Waiting and taking turns, for threads."""

import threading
import time

Lock = threading.Lock
sleep = time.sleep
