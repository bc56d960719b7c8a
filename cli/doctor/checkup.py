"""All checks, run side by side."""

from cli.doctor import clocks, configuration, machine, network, rabbitmq, redis, store
from cli.doctor.findings import Finding, findings_of
from cli.doctor.surroundings import Surroundings


async def checkup(around: Surroundings) -> list[Finding]:
    """What there is to be found, area by area. It takes as long as the slowest check: 5 s at the most."""
    areas = (configuration, store, rabbitmq, redis, clocks, network, machine)
    return await findings_of([check for area in areas for check in area.checks(around)])
