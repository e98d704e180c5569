"""What can be fetched by name: address, size, hash where one is known, licence. Knows no network.

A MONAI Model Zoo bundle is named ``zoo:NAME``; the zoo's own list, fetched first, says where it lies.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tools.fetch.errors import FetchFailed

ZOO = "zoo:"
ZOO_LIST = "https://raw.githubusercontent.com/Project-MONAI/model-zoo/dev/models/model_info.json"
_VERSIONED = re.compile(r"(?P<name>.+)_v(?P<version>\d+(?:\.\d+)*)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}")


@dataclass(frozen=True)
class Item:
    """One thing to fetch.

    Attributes:
        name: what the operator types.
        url: where its makers keep it.
        licence: of the weights, and what else binds whoever uses them.
        bytes: its size where known; else the server says it before anything is fetched.
        sha256: of the file where known; else what is seen first is kept and must stay the same.
        sha1: as the Model Zoo's list gives it.
        made_by: the module whose `convert(file, target)` makes safetensors of it; of a bundle none is made.
        unchecked: that the address was never tried from here, which is said before it is.
    """

    name: str
    url: str
    licence: str
    bytes: int | None = None
    sha256: str | None = None
    sha1: str | None = None
    made_by: str = ""
    unchecked: bool = False

    @property
    def file(self) -> str:
        """The file's own name, which it also has in an offline folder."""
        return self.url.rpartition("/")[2]


CHEST_XRAY = Item(
    "chest-xray",
    "https://github.com/mlmed/torchxrayvision/releases/download/v1/"
    "nih-pc-chex-mimic_ch-google-openi-kaggle-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt",
    "Apache-2.0 (TorchXRayVision); the data sets it was trained on have terms of their own, some for research only",
    made_by="tools.models.chest_xray.convert",
)
LOBES = Item(
    "lobes",
    "https://github.com/wasserth/TotalSegmentator/releases/download/v2.0.0-weights/"
    "Dataset297_TotalSegmentator_total_3mm_1559subj.zip",
    "Apache-2.0 (TotalSegmentator, task total); cite Wasserthal et al. 2023, doi:10.1148/ryai.230024",
    bytes=135_386_075,
    made_by="tools.models.lobes.convert",
    unchecked=True,
)
"""Address and size as public sources name them; neither was tried from here."""
ITEMS: dict[str, Item] = {CHEST_XRAY.name: CHEST_XRAY, LOBES.name: LOBES}


def item_of(name: str, zoo: str | None = None) -> Item:
    """Return what a name means. `zoo`: the Model Zoo's list as text, needed for ``zoo:NAME``. Raises FetchFailed."""
    if name in ITEMS:
        return ITEMS[name]
    bundle = name.removeprefix(ZOO)
    if not name.startswith(ZOO) or not _NAME.fullmatch(bundle):
        raise FetchFailed(f"Nothing called {name!r} can be fetched. There are: {', '.join(ITEMS)}, and zoo:NAME for a "
                          "MONAI Model Zoo bundle, for example zoo:spleen_ct_segmentation.")  # fmt: skip
    return _of_zoo(bundle, _read_list(zoo or ""))


def _read_list(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise FetchFailed("The Model Zoo's list is no JSON; fetch it again.") from error
    if not isinstance(data, dict):
        raise FetchFailed("The Model Zoo's list is not of the kind that is read.")
    return data


def _of_zoo(bundle: str, known: dict[str, Any]) -> Item:
    """Return the newest version of a bundle."""
    found: list[tuple[tuple[int, ...], dict[str, Any]]] = []
    for key, value in known.items():
        split = _VERSIONED.fullmatch(key)
        if split and split["name"] == bundle and isinstance(value, dict) and value.get("source"):
            found.append((tuple(int(n) for n in split["version"].split(".")), value))
    if not found:
        near = sorted({m["name"] for k in known if (m := _VERSIONED.fullmatch(k)) and bundle[:4] in k})[:6]
        hint = f" Near it: {', '.join(near)}." if near else ""
        raise FetchFailed(f"The Model Zoo has no bundle {bundle!r}.{hint}")
    entry = max(found, key=lambda f: f[0])[1]
    sum_ = str(entry.get("checksum") or "")
    return Item(
        f"{ZOO}{bundle}", str(entry["source"]), "as the bundle's own licence file says",
        sha1=sum_ if re.fullmatch(r"[0-9a-f]{40}", sum_) else None,
    )  # fmt: skip
