"""Token buckets for request limits (contract clarifications 9): one port, shared (Redis) and local adapters.

Data routes use `FallbackBuckets`, which goes on with local buckets while Redis is down. What must fail closed instead,
such as login, uses `RedisBuckets` itself and answers 503 on `BucketsUnavailable`.
"""

from gateway.rate_limits.fallback import FallbackBuckets
from gateway.rate_limits.in_process import InProcessBuckets
from gateway.rate_limits.ports import BucketsUnavailable, Decision, Limit, TokenBuckets
from gateway.rate_limits.redis import RedisBuckets

__all__ = [
    "BucketsUnavailable",
    "Decision",
    "FallbackBuckets",
    "InProcessBuckets",
    "Limit",
    "RedisBuckets",
    "TokenBuckets",
]
