"""`casare top`: a live view of fleet and queue."""
