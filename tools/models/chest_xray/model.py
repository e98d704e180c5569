"""TorchXRayVision's chest X-ray classifier as a tool: its network, its transforms, its labels, our picture in.

It scores a whole frontal chest film; a mask says which case it is asked in, and nothing more. Its scores are not
probabilities, are no diagnosis, and enter neither criteria nor impression. Knows no download: see `tools.fetch`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tools.contract import (
    ClassifyRequest,
    ClassifyResult,
    NotApplicable,
    Progress,
    ToolFailed,
    ToolSpec,
    VisionTool,
)
from tools.quantity import Quantity
from tools.scan import Scan
from tools.weights import pinned

SIDE = 224
"""Pixels along a side that the network was trained on."""
BITS = (8, 10, 12, 14, 16)
"""Depths that films are stored with; the smallest that holds the values is taken, as the library takes the header's."""
METHOD = (
    "TorchXRayVision DenseNet121 (densenet121-res224-all) score of the whole film, reported by its authors; "
    "uncalibrated, 0.5 is their operating point; not a probability, not a diagnosis"
)
NOTE = (
    "Scores of the whole film by TorchXRayVision, uncalibrated and reported by its authors alone: not a diagnosis, not "
    "a negative read below any score; they enter neither criteria nor impression. The outline was not looked at."
)
PREFIX = "xray_"


class ChestXray(VisionTool):
    """Scores a frontal chest film for the findings that TorchXRayVision knows."""

    fetched_as: ClassVar[str] = "chest-xray"
    extra: ClassVar[tuple[str, str]] = ("xray", "torchxrayvision")
    weights: ClassVar[Path | None] = None
    spec = ToolSpec(
        name="chest-xray",
        task="classify",
        version="1.0.0",
        summary="Scores a frontal chest X-ray for the 18 findings of TorchXRayVision's DenseNet121; uncalibrated.",
        not_for="Diagnosis, triage or ruling anything out; lateral films, children, CT. Scores of different findings "
        "do not compare, and a low score is no negative read.",
        modalities=("CR", "DX"),
        body_parts=("CHEST",),
        labels=("chest film",),
        licence="Apache-2.0 (code and weights); the training data sets have terms of their own",
        utterances={
            "en": ("what does the chest x-ray model say", "score this chest film", "run the x-ray classifier"),
            "zh": ("用胸片模型评分", "胸片分类器怎么说"),
        },
        needs_3d=False,
        prompts="unused",
        reported_by="TorchXRayVision's authors (Cohen et al. 2022, arXiv:2111.00595)",
    )

    def __init__(self) -> None:
        self._network: Any = None
        self._device = "cpu"
        self._names: list[str] = []

    def load(self, device: str) -> None:
        """Build the library's network and fill in the pinned weights."""
        from safetensors import SafetensorError
        from safetensors.torch import load
        from torch import tensor

        from tools.models.chest_xray.convert import library

        if self.weights is None:
            raise ToolFailed("chest-xray's weights are not fetched. Run: scanwright tools fetch chest-xray")
        content = pinned(self.weights, self.spec.weights_sha256, self.spec.name)
        models = library().models
        about = models.model_urls["densenet121-res224-all"]
        network = models.DenseNet(num_classes=len(about["labels"]), op_threshs=tensor(about["op_threshs"]))
        try:
            network.load_state_dict(load(content), strict=False)
            missing = set(network.state_dict()) - set(load(content)) - {"op_threshs"}
        except (SafetensorError, RuntimeError) as error:
            raise ToolFailed("chest-xray's weights do not fit its network. Fetch them again.") from error
        if missing:
            raise ToolFailed(f"chest-xray's weights lack {len(missing)} parts of its network. Fetch them again.")
        self._network, self._device, self._names = network.to(device).eval(), device, list(about["labels"])

    def run(self, request: ClassifyRequest, progress: Progress = lambda fraction, phrase: None) -> ClassifyResult:
        """Score a film."""
        if self._network is None:
            raise ToolFailed(f"{self.spec.name} was not loaded. Call load(device) first, or take it from the registry.")
        import torch

        self.spec.check_request(request)
        progress(0.2, "scoring the film")
        with torch.inference_mode():
            scores = self._network(torch.from_numpy(film(request.scan)[None]).to(self._device))[0].cpu().numpy()
        named = zip(self._names, scores, strict=True)
        quantities = [Quantity(PREFIX + n.lower().replace(" ", "_"), float(s), "1", METHOD) for n, s in named if n]
        if not all(np.isfinite(q.value) for q in quantities):
            raise ToolFailed("chest-xray answered with something that is no number; nothing was recorded.")
        return ClassifyResult(tuple(quantities), (NOTE,))


def film(scan: Scan) -> npt.NDArray[np.float32]:
    """Return a film as the network takes it: the middle square, 224 x 224, -1024 to 1024, axes (1, row, column)."""
    from torchvision.transforms import Compose

    from tools.models.chest_xray.convert import library

    values = np.asarray(scan.voxels)[:, :, 0].T.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high <= low:
        raise NotApplicable(
            f"A film's values lie between 0 and its depth's largest; this one's lie between {low:g} and {high:g}. "
            "Load the film as it was stored."
        )
    largest = next((2**n - 1 for n in BITS if high <= 2**n - 1), None)
    if largest is None:
        raise NotApplicable(f"A film has at most 16 bits; this one holds {high:g}. Load the film as it was stored.")
    kit = library().datasets
    steps = Compose([kit.XRayCenterCrop(), kit.XRayResizer(SIDE)])
    return np.asarray(steps(kit.normalize(values, largest, reshape=True)), dtype=np.float32)
