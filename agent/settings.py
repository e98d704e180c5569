"""Every setting, read from the environment here and nowhere else.

    SCANWRIGHT_HOME       data folder (default: the platform's user data folder)
    SCANWRIGHT_MODEL      name of the language model at the endpoint
    SCANWRIGHT_BASE_URL   an OpenAI-compatible endpoint (else OPENAI_BASE_URL)
    SCANWRIGHT_API_KEY    its key (else OPENAI_API_KEY); neither key nor address: the embedded planner
    SCANWRIGHT_DEVICE     cpu, cuda, cuda:1 (default: the GPU when there is one)
    SCANWRIGHT_EMBEDDER   what puts guideline passages into vectors: hf:MODEL, hf:FOLDER, openai:MODEL (default: the
                          packaged all-MiniLM-L6-v2); SCANWRIGHT_EMBEDDER_URL and SCANWRIGHT_EMBEDDER_KEY are the
                          endpoint's (else the language model's), SCANWRIGHT_EMBEDDER_LANGUAGES what it reads (en,zh)
    SCANWRIGHT_CHROMA_URL a Chroma server that holds the passages' index (default: a folder under the data folder)

`quiet()` is called before the heavy imports: it keeps libraries from calling out or fighting for cores, and never
overrides what the user set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_MODEL = "gpt-5-mini"

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
    "OMP_WAIT_POLICY": "passive",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
HUB_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def quiet() -> None:
    """Set defaults that keep libraries silent and offline, where the user set nothing.

    An embedder named from the Hugging Face hub may be fetched from there: its user chose to.
    """
    for name, value in QUIET.items():
        if not (name in HUB_OFFLINE and _names_hub(os.environ.get("SCANWRIGHT_EMBEDDER", ""))):
            os.environ.setdefault(name, value)


def _names_hub(embedder: str) -> bool:
    kind, _, model = embedder.partition(":")
    return kind == "hf" and bool(model) and not Path(model).expanduser().exists()


@dataclass(frozen=True)
class Settings:
    """What the operator chose. Secrets never appear in its repr.

    Attributes:
        home: the data folder.
        model, base_url, api_key: the language model's endpoint; both of the last None means embedded planner.
        device: where models run; None picks the GPU when there is one.
        embedder, embedder_url, embedder_key, embedder_languages: what embeds guideline passages; None is the packaged
            one.
        chroma_url: a Chroma server for the passages' index; None is a folder of ours.
        max_steps: model calls in one turn.
        max_tool_calls: function calls in one turn.
        max_sent: characters that one turn may send to the endpoint (about four a token).
        timeout_s: seconds to wait for the endpoint.
        max_text: characters of one message that are read.
    """

    home: Path
    model: str = DEFAULT_MODEL
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    device: str | None = None
    embedder: str | None = None
    embedder_url: str | None = None
    embedder_key: str | None = field(default=None, repr=False)
    embedder_languages: tuple[str, ...] = ("en", "zh")
    chroma_url: str | None = None
    max_steps: int = 12
    max_tool_calls: int = 16
    max_sent: int = 600_000
    timeout_s: float = 60.0
    max_text: int = 20_000

    @property
    def uses_endpoint(self) -> bool:
        """Whether a language model is configured; otherwise the embedded planner answers."""
        return bool(self.api_key or self.base_url)

    @property
    def own_tools(self) -> Path:
        """Folder of the operator's own models."""
        return self.home / "tools"

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment."""
        env = os.environ
        return cls(
            home=Path(env["SCANWRIGHT_HOME"]).expanduser() if env.get("SCANWRIGHT_HOME") else default_home(),
            model=env.get("SCANWRIGHT_MODEL") or DEFAULT_MODEL,
            base_url=env.get("SCANWRIGHT_BASE_URL") or env.get("OPENAI_BASE_URL") or None,
            api_key=env.get("SCANWRIGHT_API_KEY") or env.get("OPENAI_API_KEY") or None,
            device=env.get("SCANWRIGHT_DEVICE") or None,
            embedder=env.get("SCANWRIGHT_EMBEDDER") or None,
            embedder_url=env.get("SCANWRIGHT_EMBEDDER_URL") or None,
            embedder_key=env.get("SCANWRIGHT_EMBEDDER_KEY") or None,
            embedder_languages=tuple((env.get("SCANWRIGHT_EMBEDDER_LANGUAGES") or "en,zh").replace(" ", "").split(",")),
            chroma_url=env.get("SCANWRIGHT_CHROMA_URL") or None,
        )


def default_home() -> Path:
    """Return the platform's user data folder for Scanwright."""
    from platformdirs import user_data_path

    return Path(user_data_path("scanwright", appauthor=False))
