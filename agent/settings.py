"""Every setting, read from the environment here and nowhere else.

    SCANWRIGHT_HOME       data folder (default: the platform's user data folder)
    SCANWRIGHT_MODEL      name of the language model at the endpoint
    SCANWRIGHT_BASE_URL   an OpenAI-compatible endpoint (else OPENAI_BASE_URL)
    SCANWRIGHT_API_KEY    its key (else OPENAI_API_KEY); neither key nor address: the embedded planner
    SCANWRIGHT_VISION     yes: the endpoint may be shown rendered slices, each time after the reader's approval
    SCANWRIGHT_DEVICE     cpu, cuda, cuda:1 (default: the GPU when there is one)
    SCANWRIGHT_ENGINE     local (default) or ray: where tools run; SCANWRIGHT_RAY_ADDRESS host:port of a cluster's head,
                          or auto (default: a cluster of our own on this machine), SCANWRIGHT_RAY_REPLICAS the most
                          copies of one model there (default: one a GPU, or one for every four cores)
    SCANWRIGHT_ISOLATE    names of tools that run in a process of their own; own: all that do not come with Scanwright
    SCANWRIGHT_EMBEDDER   what puts guideline passages into vectors: hf:MODEL, hf:FOLDER, openai:MODEL (default: the
                          packaged all-MiniLM-L6-v2); SCANWRIGHT_EMBEDDER_URL and SCANWRIGHT_EMBEDDER_KEY are the
                          endpoint's (else the language model's), SCANWRIGHT_EMBEDDER_LANGUAGES what it reads (en,zh)
    SCANWRIGHT_CHROMA_URL a Chroma server that holds the passages' index (default: a folder under the data folder)
    SCANWRIGHT_DATABASE   postgresql://USER:PASSWORD@HOST:5432/NAME, shared by several replicas (default: SQLite files
                          in the data folder)
    SCANWRIGHT_STORE      where scans, arrays and reports lie: a folder, s3://BUCKET/PREFIX or another address that
                          fsspec knows (default: the data folder)
    SCANWRIGHT_KEY_FILE   a file with the key that encrypts the data folder (scanwright key new FILE); default: none
    SCANWRIGHT_LOGINS     a file of readers who may log in to the app: name:salt:scrypt hash, one a line
    SCANWRIGHT_PROXY_HEADER the header in which a reverse proxy names the reader it let in
    SCANWRIGHT_PROXY_ROLES_HEADER the one with their roles; or SCANWRIGHT_PROXY_ROLES_FILE a file of them: name:roles
    SCANWRIGHT_CLI_SIGNING yes lets `scanwright report --sign NAME` sign in a name that nobody has checked
    SCANWRIGHT_DICOMWEB_URL an archive's DICOMweb address, e.g. https://archive/dicom-web; SCANWRIGHT_DICOMWEB_TOKEN a
                          bearer token, or SCANWRIGHT_DICOMWEB_USER as name:password
    SCANWRIGHT_DEIDENTIFY_KEY a file with the key that other names of patients and images grow from
                          (default: one of the data folder's own)
    SCANWRIGHT_PACS_NODE  an archive's DICOM node, TITLE@host:port; SCANWRIGHT_AE_TITLE what we call ourselves there

What one reader may ask of the app, and for how long a log-in holds, are settings too: see `agent.limits`. A secret may
stand in a file instead, named by its variable with _FILE behind it: SCANWRIGHT_API_KEY_FILE,
SCANWRIGHT_EMBEDDER_KEY_FILE, SCANWRIGHT_DICOMWEB_TOKEN_FILE, SCANWRIGHT_DICOMWEB_USER_FILE, SCANWRIGHT_DATABASE_FILE.

`quiet()` is called before the heavy imports: it keeps libraries from calling out or fighting for cores, and never
overrides what the user set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from agent.limits import Limits
from agent.secret import address, secret

DEFAULT_MODEL = "gpt-5-mini"
YES = ("1", "yes", "true", "on")
_KEY = "SCANWRIGHT_API_KEY"
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


def for_a_process(**changes: str) -> dict[str, str]:
    """Return the environment for a process of our own: as this one's, with these changes."""
    return {**os.environ, **changes}


def set_already(name: str) -> str | None:
    """Return what the user set a variable of a library below to, or None: what is theirs is never overridden."""
    return os.environ.get(name) or None


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
        engine, ray_address, ray_replicas: where tools run: in this process, or on a Ray cluster, ours or another.
        isolate: names of tools that run in a process of their own; ``own``: all that do not come with Scanwright.
        embedder, embedder_url, embedder_key, embedder_languages: what embeds guideline passages; None is the packaged
            one.
        chroma_url: a Chroma server for the passages' index; None is a folder of ours.
        database: PostgreSQL for evidence, cases, audit and conversations; None is SQLite files of ours.
        store: where scans, arrays and reports lie; None is the data folder.
        key_file: a file with the key that encrypts files and blobs; None: they are not encrypted.
        logins, proxy_header: who may use the app where others reach it: a file of readers, or a proxy's header.
        proxy_roles_header, proxy_roles_file: where the roles of a proxy's readers stand.
        limits: what one reader may ask of the app.
        sign_from_cli: whether the command line may sign a report.
        dicomweb_url, dicomweb_token, dicomweb_user: an archive over DICOMweb.
        deidentify_key: a file with the key that pseudonyms grow from; None is one of the data folder's own.
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
    engine: str = "local"
    ray_address: str | None = None
    ray_replicas: str | None = None
    isolate: tuple[str, ...] = ()
    embedder: str | None = None
    embedder_url: str | None = None
    embedder_key: str | None = field(default=None, repr=False)
    embedder_languages: tuple[str, ...] = ("en", "zh")
    chroma_url: str | None = field(default=None, repr=False)
    database: str | None = field(default=None, repr=False)
    store: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    logins: Path | None = None
    proxy_header: str | None = None
    proxy_roles_header: str | None = None
    proxy_roles_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    sign_from_cli: bool = False
    dicomweb_url: str | None = None
    dicomweb_token: str | None = field(default=None, repr=False)
    dicomweb_user: str | None = field(default=None, repr=False)
    deidentify_key: Path | None = None
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
            base_url=address(env, "SCANWRIGHT_BASE_URL", _KEY) or address(env, "OPENAI_BASE_URL", _KEY),
            api_key=secret(env, _KEY) or env.get("OPENAI_API_KEY") or None,
            vision=(env.get("SCANWRIGHT_VISION") or "").strip().lower() in YES,
            device=env.get("SCANWRIGHT_DEVICE") or None,
            engine=(env.get("SCANWRIGHT_ENGINE") or "local").strip().lower(),
            ray_address=env.get("SCANWRIGHT_RAY_ADDRESS") or None,
            ray_replicas=env.get("SCANWRIGHT_RAY_REPLICAS") or None,
            isolate=tuple((env.get("SCANWRIGHT_ISOLATE") or "").replace(",", " ").split()),
            embedder=env.get("SCANWRIGHT_EMBEDDER") or None,
            embedder_url=address(env, "SCANWRIGHT_EMBEDDER_URL", "SCANWRIGHT_EMBEDDER_KEY"),
            embedder_key=secret(env, "SCANWRIGHT_EMBEDDER_KEY"),
            embedder_languages=tuple((env.get("SCANWRIGHT_EMBEDDER_LANGUAGES") or "en,zh").replace(" ", "").split(",")),
            chroma_url=env.get("SCANWRIGHT_CHROMA_URL") or None,
            database=secret(env, "SCANWRIGHT_DATABASE"),
            store=env.get("SCANWRIGHT_STORE") or None,
            dicomweb_url=address(env, "SCANWRIGHT_DICOMWEB_URL", "SCANWRIGHT_DICOMWEB_USER"),
            dicomweb_token=secret(env, "SCANWRIGHT_DICOMWEB_TOKEN"),
            dicomweb_user=secret(env, "SCANWRIGHT_DICOMWEB_USER"),
            deidentify_key=_file(env.get("SCANWRIGHT_DEIDENTIFY_KEY")),
            pacs_node=env.get("SCANWRIGHT_PACS_NODE") or None,
            ae_title=env.get("SCANWRIGHT_AE_TITLE") or "SCANWRIGHT",
            key_file=_file(env.get("SCANWRIGHT_KEY_FILE")),
            sign_from_cli=env.get("SCANWRIGHT_CLI_SIGNING", "").strip().lower() in ("yes", "1", "true"),
            logins=Path(env["SCANWRIGHT_LOGINS"]).expanduser() if env.get("SCANWRIGHT_LOGINS") else None,
            proxy_header=env.get("SCANWRIGHT_PROXY_HEADER") or None,
            proxy_roles_header=env.get("SCANWRIGHT_PROXY_ROLES_HEADER") or None,
            proxy_roles_file=_file(env.get("SCANWRIGHT_PROXY_ROLES_FILE")),
            limits=Limits.of(env),
        )


def _file(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None


def default_home() -> Path:
    """Return the platform's user data folder for Scanwright."""
    from platformdirs import user_data_path

    return Path(user_data_path("scanwright", appauthor=False))
