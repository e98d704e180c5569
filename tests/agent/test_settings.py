"""Settings: one reader of the environment, secrets kept out of sight, a user's own values never overridden."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from agent.llm import unplaced
from agent.settings import DEFAULT_MODEL, QUIET, Settings, default_home, quiet

NAMES = ("SCANWRIGHT_HOME", "SCANWRIGHT_MODEL", "SCANWRIGHT_BASE_URL", "SCANWRIGHT_API_KEY", "SCANWRIGHT_DEVICE",
         "SCANWRIGHT_EMBEDDER", "SCANWRIGHT_EMBEDDER_URL", "SCANWRIGHT_EMBEDDER_KEY", "SCANWRIGHT_EMBEDDER_LANGUAGES",
         "SCANWRIGHT_CHROMA_URL", "SCANWRIGHT_DATABASE", "SCANWRIGHT_STORE", "OPENAI_BASE_URL", "OPENAI_API_KEY")  # fmt: skip


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_with_nothing_set_the_embedded_planner_answers() -> None:
    found = Settings.from_environment()
    assert not found.uses_endpoint
    assert (found.model, found.device, found.home) == (DEFAULT_MODEL, None, default_home())


@pytest.mark.parametrize("name", ["SCANWRIGHT_BASE_URL", "SCANWRIGHT_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"])
def test_a_key_or_an_address_alone_brings_in_a_language_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:8000/v1")
    assert Settings.from_environment().uses_endpoint


def test_our_own_names_come_before_openais(monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix in ("SCANWRIGHT", "OPENAI"):
        monkeypatch.setenv(f"{prefix}_API_KEY", f"{prefix}-key")
        monkeypatch.setenv(f"{prefix}_BASE_URL", f"http://{prefix.lower()}.test")
    found = Settings.from_environment()
    assert (found.api_key, found.base_url) == ("SCANWRIGHT-key", "http://scanwright.test")


def test_empty_values_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")
    assert Settings.from_environment() == Settings(home=default_home())


def test_home_device_and_model_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANWRIGHT_HOME", "~/scans")
    monkeypatch.setenv("SCANWRIGHT_DEVICE", "cuda:1")
    monkeypatch.setenv("SCANWRIGHT_MODEL", "qwen")
    found = Settings.from_environment()
    assert found.home == Path.home() / "scans"
    assert found.own_tools == found.home / "tools"
    assert (found.device, found.model) == ("cuda:1", "qwen")


def test_the_passages_embedder_and_chroma_server_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Settings.from_environment()
    assert (found.embedder, found.embedder_url, found.chroma_url) == (None, None, None)
    assert found.embedder_languages == ("en", "zh")
    monkeypatch.setenv("SCANWRIGHT_EMBEDDER", "openai:small")
    monkeypatch.setenv("SCANWRIGHT_EMBEDDER_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("SCANWRIGHT_EMBEDDER_KEY", "sk-2")
    monkeypatch.setenv("SCANWRIGHT_EMBEDDER_LANGUAGES", "zh")
    monkeypatch.setenv("SCANWRIGHT_CHROMA_URL", "http://127.0.0.1:8000")
    found = Settings.from_environment()
    assert (found.embedder, found.embedder_url, found.embedder_key) == ("openai:small", "http://127.0.0.1:9/v1", "sk-2")
    assert (found.embedder_languages, found.chroma_url) == (("zh",), "http://127.0.0.1:8000")
    assert "sk-2" not in repr(found)


@pytest.mark.parametrize(("embedder", "offline"), [("", True), ("hf:BAAI/bge-m3", False), ("openai:small", True)])
def test_a_hub_model_may_be_fetched_and_nothing_else(
    embedder: str, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCANWRIGHT_EMBEDDER", embedder)
    quiet()
    assert ("HF_HUB_OFFLINE" in os.environ) == offline


def test_a_model_folder_needs_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("SCANWRIGHT_EMBEDDER", f"hf:{tmp_path}")
    quiet()
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_where_the_record_lies_is_read_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = Settings.from_environment()
    assert (found.database, found.store) == (None, None)
    monkeypatch.setenv("SCANWRIGHT_DATABASE", "postgresql://u:pass-word@db/scans")
    monkeypatch.setenv("SCANWRIGHT_STORE", "s3://key:pass-word@bucket/scans")
    found = Settings.from_environment()
    assert (found.database, found.store) == ("postgresql://u:pass-word@db/scans", "s3://key:pass-word@bucket/scans")
    assert "pass-word" not in repr(found)


def test_a_secret_is_not_in_the_repr() -> None:
    assert "sk-1" not in repr(Settings(home=Path("h"), api_key="sk-1"))


def test_quiet_sets_defaults_and_never_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    quiet()
    assert os.environ["HF_HUB_OFFLINE"] == "0"
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert os.environ["LANGSMITH_TRACING"] == "false"


def test_nothing_else_reads_the_environment_in_agent_or_ui() -> None:
    root = Path(__file__).resolve().parents[2]
    readers = [
        path.relative_to(root).as_posix()
        for folder in ("agent", "ui")
        for path in (root / folder).rglob("*.py")
        if re.search(r"\bos\.getenv\b|\bos\.environ\b(?!\[[^\]]*\]\s*=)", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["agent/settings.py"]


def test_a_model_named_without_key_and_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unplaced(Settings.from_environment()) == ""
    monkeypatch.setenv("SCANWRIGHT_MODEL", "gpt-oss:20b")
    assert "names gpt-oss:20b" in unplaced(Settings.from_environment())
    monkeypatch.setenv("SCANWRIGHT_API_KEY", "k")
    assert unplaced(Settings.from_environment()) == ""
