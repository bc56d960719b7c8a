"""Following a tenant's jobs, robots, queue, figures and events as they change.

`feeds` brings a tenant's events in order into this replica while somebody follows; a channel makes frames of them, once
for all who follow the same; `subscriber` holds what one client has not read yet; each `follow_…` is one stream.
"""
