"""The metrics of all services of one process as one exposition."""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector


class _Merged(Collector):
    def __init__(self, registries: Sequence[CollectorRegistry]) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        """Families of the same name become one, so that the text stays valid."""
        families: dict[str, Metric] = {}
        for registry in self._registries:
            for family in registry.collect():
                if family.name in families:
                    families[family.name].samples.extend(family.samples)
                else:
                    families[family.name] = family
        yield from families.values()

    def describe(self) -> list[Metric]:
        """Nothing beforehand: names are known when collected."""
        return []


def merged(registries: Sequence[CollectorRegistry]) -> CollectorRegistry:
    """A registry that shows what `registries` hold."""
    registry = CollectorRegistry()
    registry.register(_Merged(registries))
    return registry
