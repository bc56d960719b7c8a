"""`casare doctor`: what is wrong with this machine's installation, and what to do about it."""
