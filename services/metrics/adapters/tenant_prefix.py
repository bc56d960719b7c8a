"""Text that orders documents within a tenant, so that one indexed field serves both the filter and the order.

The embedded store uses single-field indexes only; a range over such text reads exactly the tenant's documents, in
order, on every engine.
"""

from shared.jobs.position import everything_in, moment, tenant_prefix

__all__ = ["everything_in", "moment", "tenant_prefix"]
