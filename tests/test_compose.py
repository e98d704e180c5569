"""The compose file and the Dockerfile: they parse, name only what is there, and hold no secret."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.limits import Limits
from agent.settings import Settings
from tools.database.postgres import OLDEST_SERVER

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SECRETS = {"API_KEY", "EMBEDDER_KEY", "DICOMWEB_TOKEN", "DICOMWEB_USER", "DATABASE"}
"""Settings that may stand in a file, named by the variable with _FILE behind it."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DOCS / "compose.yaml").read_text(encoding="utf-8")))


def test_every_variable_of_ours_is_one_that_the_settings_read(compose: dict[str, Any]) -> None:
    read = set(re.findall(r'"SCANWRIGHT_(\w+)"', (ROOT / "agent" / "settings.py").read_text(encoding="utf-8")))
    read |= {one.name.upper() for one in fields(Limits)} | {f"{name}_FILE" for name in SECRETS & read}
    text = (DOCS / "compose.yaml").read_text(encoding="utf-8") + (DOCS / "Dockerfile").read_text(encoding="utf-8")
    named = set(re.findall(r"SCANWRIGHT_(\w+)", text))
    assert named <= read
    assert {"DATABASE_FILE", "STORE", "CHROMA_URL", "PROXY_HEADER"} <= named


def test_the_app_reads_them_as_they_stand(
    compose: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@database/scanwright\n")
    for name, value in compose["services"]["app"]["environment"].items():
        monkeypatch.setenv(name, str(tmp_path / "url") if name == "SCANWRIGHT_DATABASE_FILE" else value)
    found = Settings.from_environment()
    assert found.database == "postgresql://u:p@database/scanwright"
    assert (found.store, found.proxy_header) == ("s3://scans/scanwright", "X-Reader")
    assert "u:p" not in repr(found)


def test_images_have_a_version_and_what_is_named_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"app", "database", "store", "chroma", "proxy"} <= set(services)
    for name, service in services.items():
        _, _, tag = service["image"].partition(":")
        assert re.search(r"\d", tag), f"{name} has no pinned version"
        assert set(service.get("secrets", ())) <= set(compose["secrets"]), name
        assert set(service["networks"]) <= set(compose["networks"]), name
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in compose["volumes"], name
        for variable, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET|TOKEN", variable) or variable.endswith("_FILE"), variable
            assert "@" not in str(value), variable
    used = {secret for service in services.values() for secret in service.get("secrets", ())}
    assert used == set(compose["secrets"])
    assert services["app"]["deploy"]["replicas"] > 1
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


KEYS = set(
    "build command configs depends_on deploy entrypoint environment healthcheck image networks ports restart secrets tmpfs volumes".split()
)
"""Of a service, in the specification of compose files; a key that is none is refused by Docker at the start."""


def test_services_have_keys_that_are_some_and_wait_for_what_can_come(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(compose) == {"name", "services", "configs", "secrets", "volumes", "networks"}
    for name, service in services.items():
        assert set(service) <= KEYS, name
        after = service.get("depends_on", {})
        for other, how in after.items() if isinstance(after, dict) else ():
            if how["condition"] == "service_healthy":
                assert services[other]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), f"{name} waits for {other}"
            elif how["condition"] == "service_completed_successfully":
                assert "restart" not in services[other], f"{other} never completes, and {name} waits for it"
        for variable, value in service.get("environment", {}).items():
            place = re.fullmatch(r"/run/secrets/(\w+)", str(value))
            assert place is None or place[1] in service["secrets"], f"{name}: {variable}"
        files = re.findall(r"/run/secrets/(\w+)", str(service.get("command", "")))
        assert set(files) <= set(service.get("secrets", ())), name


def test_the_apps_command_is_one_and_others_look_for_it_where_it_listens(compose: dict[str, Any]) -> None:
    import typer.main

    from ui.cli import app

    service, caddyfile = compose["services"]["app"], compose["configs"]["caddyfile"]["content"]
    name, *options = service["command"]
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    given = command.make_context(name, list(options)).params
    assert given["host"] == "0.0.0.0"
    assert f"'127.0.0.1', {given['port']}" in service["healthcheck"]["test"][-1]
    assert f"dynamic a app {given['port']}" in caddyfile


def test_versions_are_those_that_this_version_was_made_with(compose: dict[str, Any]) -> None:
    services = compose["services"]
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    chroma = re.search(r"^chromadb==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    assert version is not None
    assert chroma is not None
    assert services["app"]["image"] == f"scanwright:{version[1]}"
    assert services["chroma"]["image"] == f"chromadb/chroma:{chroma[1]}", "client and server of one version"
    assert int(services["database"]["image"].partition(":")[2].split(".")[0]) * 10_000 >= OLDEST_SERVER


def test_what_the_proxy_is_told_of_the_host_reaches_it(compose: dict[str, Any]) -> None:
    """A variable of a Caddyfile is read in the proxy, not on the host."""
    asked = set(re.findall(r"\{\$\$(\w+)", compose["configs"]["caddyfile"]["content"]))
    assert asked
    assert asked <= set(compose["services"]["proxy"]["environment"])
    page = (DOCS / "scale.md").read_text(encoding="utf-8")
    assert [name for name in asked if f"`{name}`" not in page] == []


def test_the_gpus_file_changes_services_that_are_there(compose: dict[str, Any]) -> None:
    more = yaml.safe_load((DOCS / "compose-gpu.yaml").read_text(encoding="utf-8"))
    assert set(more) == {"services"}
    assert set(more["services"]) == {"app"} <= set(compose["services"])
    (device,) = more["services"]["app"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_the_proxy_names_the_reader_in_the_header_that_the_app_trusts(compose: dict[str, Any]) -> None:
    header = compose["services"]["app"]["environment"]["SCANWRIGHT_PROXY_HEADER"]
    assert f"header_up {header} " in compose["configs"]["caddyfile"]["content"]


def test_the_image_is_built_of_what_is_in_the_checkout(compose: dict[str, Any]) -> None:
    build = compose["services"]["app"]["build"]
    assert (DOCS / build["context"]).resolve() == ROOT
    lines = (ROOT / build["dockerfile"]).read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert {"agent", "knowledge", "tools", "ui", "pyproject.toml", "constraints.txt"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    extras = re.search(r'"\.\[(.*?)\]"', "\n".join(lines))
    assert extras is not None
    assert f"\n{extras[1]} = [" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_page_says_how_each_secret_is_made(compose: dict[str, Any]) -> None:
    page = (DOCS / "scale.md").read_text(encoding="utf-8")
    assert [name for name in compose["secrets"] if f"secrets/{name}" not in page] == []
