"""Every setting, read from the environment here and nowhere else.

    SCANWRIGHT_HOME       data folder (default: the platform's user data folder)
    SCANWRIGHT_MODEL      name of the language model at the endpoint
    SCANWRIGHT_BASE_URL   an OpenAI-compatible endpoint (else OPENAI_BASE_URL)
    SCANWRIGHT_API_KEY    its key (else OPENAI_API_KEY); neither key nor address: the embedded planner
    SCANWRIGHT_VISION     yes: the endpoint may be shown rendered slices, each time after the reader's approval
    SCANWRIGHT_DEVICE     cpu, cuda, cuda:1 (default: the GPU when there is one)
    SCANWRIGHT_EMBEDDER   what puts guideline passages into vectors: hf:MODEL, hf:FOLDER, openai:MODEL (default: the
                          packaged all-MiniLM-L6-v2); SCANWRIGHT_EMBEDDER_URL and SCANWRIGHT_EMBEDDER_KEY are the
                          endpoint's (else the language model's), SCANWRIGHT_EMBEDDER_LANGUAGES what it reads (en,zh)
    SCANWRIGHT_CHROMA_URL a Chroma server that holds the passages' index (default: a folder under the data folder)
    SCANWRIGHT_LOGINS     a file of readers who may log in to the app: name:salt:scrypt hash, one a line
    SCANWRIGHT_PROXY_HEADER the header in which a reverse proxy names the reader it let in
    SCANWRIGHT_CLI_SIGNING yes lets `scanwright report --sign NAME` sign in a name that nobody has checked
    SCANWRIGHT_DICOMWEB_URL an archive's DICOMweb address, e.g. https://archive/dicom-web; SCANWRIGHT_DICOMWEB_TOKEN a
                          bearer token, or SCANWRIGHT_DICOMWEB_USER as name:password
    SCANWRIGHT_PACS_NODE  an archive's DICOM node, TITLE@host:port; SCANWRIGHT_AE_TITLE what we call ourselves there

`quiet()` is called before the heavy imports: it keeps libraries from calling out or fighting for cores, and never
overrides what the user set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_MODEL = "gpt-5-mini"
YES = ("1", "yes", "true", "on")
OWN_PLACE = "the endpoint of OpenAI (api.openai.com)"
"""Where a key without an address leads."""

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
        vision: whether the endpoint may be shown rendered slices, each time after the reader's approval.
        device: where models run; None picks the GPU when there is one.
        isolate: names of tools that run in a process of their own; ``own``: all that do not come with Scanwright.
        embedder, embedder_url, embedder_key, embedder_languages: what embeds guideline passages; None is the packaged
            one.
        chroma_url: a Chroma server for the passages' index; None is a folder of ours.
        logins, proxy_header: who may use the app where others reach it: a file of readers, or a proxy's header.
        sign_from_cli: whether the command line may sign a report.
        dicomweb_url, dicomweb_token, dicomweb_user: an archive over DICOMweb.
        pacs_node, ae_title: an archive as a DICOM node, and our own title there.
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
    vision: bool = False
    device: str | None = None
    isolate: tuple[str, ...] = ()
    embedder: str | None = None
    embedder_url: str | None = None
    embedder_key: str | None = field(default=None, repr=False)
    embedder_languages: tuple[str, ...] = ("en", "zh")
    chroma_url: str | None = None
    logins: Path | None = None
    proxy_header: str | None = None
    sign_from_cli: bool = False
    dicomweb_url: str | None = None
    dicomweb_token: str | None = field(default=None, repr=False)
    dicomweb_user: str | None = field(default=None, repr=False)
    pacs_node: str | None = None
    ae_title: str = "SCANWRIGHT"
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
    def place(self) -> str:
        """The endpoint as a reader knows it: scheme and host, never the key."""
        if self.base_url is None:
            return OWN_PLACE
        parts = urlsplit(self.base_url)
        return f"the endpoint {parts.hostname or 'without a host'}" + (f":{parts.port}" if parts.port else "")

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
            vision=(env.get("SCANWRIGHT_VISION") or "").strip().lower() in YES,
            device=env.get("SCANWRIGHT_DEVICE") or None,
            isolate=tuple((env.get("SCANWRIGHT_ISOLATE") or "").replace(",", " ").split()),
            embedder=env.get("SCANWRIGHT_EMBEDDER") or None,
            embedder_url=env.get("SCANWRIGHT_EMBEDDER_URL") or None,
            embedder_key=env.get("SCANWRIGHT_EMBEDDER_KEY") or None,
            embedder_languages=tuple((env.get("SCANWRIGHT_EMBEDDER_LANGUAGES") or "en,zh").replace(" ", "").split(",")),
            chroma_url=env.get("SCANWRIGHT_CHROMA_URL") or None,
            dicomweb_url=env.get("SCANWRIGHT_DICOMWEB_URL") or None,
            dicomweb_token=env.get("SCANWRIGHT_DICOMWEB_TOKEN") or None,
            dicomweb_user=env.get("SCANWRIGHT_DICOMWEB_USER") or None,
            pacs_node=env.get("SCANWRIGHT_PACS_NODE") or None,
            ae_title=env.get("SCANWRIGHT_AE_TITLE") or "SCANWRIGHT",
            sign_from_cli=env.get("SCANWRIGHT_CLI_SIGNING", "").strip().lower() in ("yes", "1", "true"),
            logins=Path(env["SCANWRIGHT_LOGINS"]).expanduser() if env.get("SCANWRIGHT_LOGINS") else None,
            proxy_header=env.get("SCANWRIGHT_PROXY_HEADER") or None,
        )


def default_home() -> Path:
    """Return the platform's user data folder for Scanwright."""
    from platformdirs import user_data_path

    return Path(user_data_path("scanwright", appauthor=False))
