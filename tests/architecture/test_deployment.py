"""Compose, the deployment map and the services' settings say the same."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cli.targets import SERVICES, TARGETS
from shared.config import Environment, InsecureSecret, load

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
BACKENDS: Final = {"mongodb": "mongo:8", "rabbitmq": "rabbitmq:4", "redis": "redis:8"}


def services() -> dict[str, dict[str, Any]]:
    """The compose services that run our own image."""
    return {name: service for name, service in COMPOSE["services"].items() if name not in BACKENDS}


def test_compose_runs_every_target_and_nothing_else() -> None:
    assert set(services()) == set(TARGETS)
    assert {name: service["command"] for name, service in services().items()} == {
        name: ["serve", name] for name in TARGETS
    }


def test_compose_uses_the_backends_the_product_is_made_for() -> None:
    assert {name: COMPOSE["services"][name]["image"] for name in BACKENDS} == BACKENDS


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_variable_compose_sets_is_a_setting_of_that_target(name: str) -> None:
    known = {f"CASARE_{field.upper()}" for field in TARGETS[name].settings.model_fields}
    assert set(services()[name]["environment"]) <= known


def test_one_image_serves_all_and_only_the_gateway_is_published() -> None:
    assert {service["image"] for service in services().values()} == {"casare:local"}
    assert [name for name, service in services().items() if "ports" in service] == ["gateway"]
    assert all("container_name" not in service for service in services().values())


def test_containers_are_confined() -> None:
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", dockerfile, re.MULTILINE)
    assert dockerfile.count("\nFROM ") + dockerfile.startswith("FROM ") == 2


def test_the_gateway_is_told_where_every_service_is() -> None:
    environment = services()["gateway"]["environment"]
    assert {name: environment[f"CASARE_{name.upper()}_URL"] for name in SERVICES} == {
        name: f"http://{name}:8000" for name in SERVICES
    }


def test_targets_have_ports_of_their_own_and_their_settings_agree() -> None:
    assert len({target.port for target in TARGETS.values()}) == len(TARGETS)
    for target in TARGETS.values():
        assert target.settings.model_fields["port"].default == target.port


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_production_refuses_default_secrets(name: str) -> None:
    with pytest.raises(InsecureSecret, match="CASARE_INTERNAL_KEY"):
        load(TARGETS[name].settings, environment=Environment.PRODUCTION)


def test_every_secret_compose_asks_for_stands_in_the_example() -> None:
    example = (ROOT / "deploy/compose.env.example").read_text()
    asked_for = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert asked_for <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))
