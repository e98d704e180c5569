"""Four preparation tools over MONAI, scikit-image and SimpleITK. Each gives a derived image and says what was done.

A derived image has an id of its own and notes that name the original; nothing here touches the original.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.contract import (
    SHIPPED,
    MissingSpacing,
    NotApplicable,
    PrepareRequest,
    PrepareResult,
    Progress,
    ToolSpec,
    VisionTool,
)
from tools.scan import Scan

Array = NDArray[np.float32]
LEAST_MM, MOST_MM = 0.3, 10.0
MOST_VOXELS = 600_000_000
"""A resampled volume of more would not fit beside the original in an ordinary machine's memory."""


def _spec(name: str, summary: str, not_for: str, parameters: Mapping[str, Any], **rest: Any) -> ToolSpec:
    english, chinese = rest.pop("utterances")
    return ToolSpec(
        name=name, task="prepare", version="1.0.0", summary=summary, not_for=not_for, reported_by=SHIPPED,
        modalities=rest.pop("modalities", ()), body_parts=(), labels=(), licence="Apache-2.0", needs_3d=False,
        utterances={"en": english, "zh": chinese},
        parameters={"type": "object", "properties": parameters, "additionalProperties": False},
    )  # fmt: skip


_ONLY_TO_LOOK = "Not for measuring: sizes and HU are taken from the original image only."


class Denoise(VisionTool):
    """Takes noise out of an image, slice by slice."""

    spec = _spec(
        "denoise", "Takes noise out of an image: non-local means or wavelets, slice by slice.", _ONLY_TO_LOOK,
        {"method": {"enum": ["nonlocal", "wavelet"]}, "strength": {"type": "number", "minimum": 0.1, "maximum": 5}},
        utterances=(
            ("denoise the image", "take the noise out", "smooth the picture", "less noise please", "noise reduction"),
            ("去噪", "降低噪声", "图像去噪", "平滑图像", "减少噪点"),
        ),
    )  # fmt: skip

    def run(self, request: PrepareRequest, progress: Progress = lambda fraction, phrase: None) -> PrepareResult:
        """Return the image with less noise; the noise is estimated from each slice itself."""
        from skimage.restoration import denoise_nl_means, denoise_wavelet, estimate_sigma

        method = request.parameters.get("method", "nonlocal")
        strength = float(request.parameters.get("strength", 1.0))
        made = np.empty(request.scan.shape, dtype=np.float32)
        for k in range(request.scan.shape[2]):
            progress(k / request.scan.shape[2], "denoising")
            flat = np.asarray(request.scan.voxels[:, :, k], dtype=np.float32)
            sigma = strength * float(estimate_sigma(flat))
            if sigma <= 0 or min(flat.shape) < 8:
                made[:, :, k] = flat
            elif method == "wavelet":
                made[:, :, k] = denoise_wavelet(flat, sigma=sigma, rescale_sigma=True)
            else:
                made[:, :, k] = denoise_nl_means(
                    flat, patch_size=5, patch_distance=4, h=0.8 * sigma, sigma=sigma, fast_mode=True
                )
        called = {"nonlocal": "non-local means", "wavelet": "wavelets"}[method]
        return _derived(request.scan, made, f"denoised by {called}, strength {strength:g}, slice by slice")


class Equalise(VisionTool):
    """Spreads contrast locally (CLAHE)."""

    spec = _spec(
        "clahe", "Spreads contrast locally (CLAHE), slice by slice; grey values lose their unit.", _ONLY_TO_LOOK,
        {"clip": {"type": "number", "minimum": 0.001, "maximum": 0.1}},
        utterances=(
            ("enhance the contrast", "clahe", "local contrast", "equalise the picture", "more contrast"),
            ("增强对比度", "局部对比度", "直方图均衡", "提高对比度", "自适应均衡"),
        ),
    )  # fmt: skip

    def run(self, request: PrepareRequest, progress: Progress = lambda fraction, phrase: None) -> PrepareResult:
        """Return the image with its contrast spread, 0 to 1000."""
        from skimage.exposure import equalize_adapthist

        clip = float(request.parameters.get("clip", 0.01))
        low, high = (float(v) for v in np.percentile(request.scan.voxels, (0.5, 99.5)))
        if high <= low:
            raise NotApplicable("The image is of one grey value: there is no contrast to spread.")
        made = np.empty(request.scan.shape, dtype=np.float32)
        for k in range(request.scan.shape[2]):
            progress(k / request.scan.shape[2], "spreading contrast")
            flat = np.clip((np.asarray(request.scan.voxels[:, :, k], dtype=np.float64) - low) / (high - low), 0, 1)
            made[:, :, k] = 1000 * equalize_adapthist(flat, clip_limit=clip)
        done = f"contrast spread locally (CLAHE, clip limit {clip:g}); grey values 0 to 1000"
        return _derived(request.scan, made, done)


class BiasField(VisionTool):
    """Takes the slow brightness change of an MR coil out (N4)."""

    spec = _spec(
        "bias-field", "Takes the slow brightness change of an MR coil out (N4).", _ONLY_TO_LOOK, {}, modalities=("MR",),
        utterances=(
            ("correct the bias field", "n4 correction", "bias correction", "even out the brightness", "run n4"),
            ("校正偏置场", "N4校正", "偏置场校正", "均匀亮度", "运行N4"),
        ),
    )  # fmt: skip

    def run(self, request: PrepareRequest, progress: Progress = lambda fraction, phrase: None) -> PrepareResult:
        """Return the image divided by its bias field, which is fitted on a coarse copy."""
        import SimpleITK

        voxels = np.asarray(request.scan.voxels, dtype=np.float32)
        image = SimpleITK.GetImageFromArray(np.ascontiguousarray(voxels.T))
        image.SetSpacing(tuple(float(s) for s in request.scan.spacing_or_unit))
        shrink = [max(1, min(4, n // 24)) for n in request.scan.shape]
        small = SimpleITK.Shrink(image, shrink)
        progress(0.2, "fitting the bias field")
        fit = SimpleITK.N4BiasFieldCorrectionImageFilter()
        fit.SetMaximumNumberOfIterations([30, 20, 10])
        fit.Execute(small, SimpleITK.OtsuThreshold(small, 0, 1))
        field = SimpleITK.GetArrayFromImage(SimpleITK.Exp(fit.GetLogBiasFieldAsImage(image))).T
        return _derived(request.scan, voxels / np.maximum(field, 1e-3), "bias field taken out (N4)")


class Resample(VisionTool):
    """Puts an image on voxels of another size."""

    spec = _spec(
        "resample", "Puts an image on voxels of another size, cubes of 1 mm unless told otherwise (linear).",
        _ONLY_TO_LOOK,
        {"spacing_mm": {"type": "array", "items": {"type": "number", "minimum": LEAST_MM, "maximum": MOST_MM},
                        "minItems": 3, "maxItems": 3}},
        utterances=(
            ("resample to 1 mm", "make the voxels isotropic", "resample the scan", "isotropic voxels",
             "change the spacing"),
            ("重采样到1毫米", "各向同性重采样", "重采样", "改变体素大小", "等体素"),
        ),
    )  # fmt: skip

    def run(self, request: PrepareRequest, progress: Progress = lambda fraction, phrase: None) -> PrepareResult:
        """Return the image on voxels of the size asked for, covering the same space. Raises MissingSpacing."""
        import torch
        from monai.data import MetaTensor
        from monai.transforms import SpatialResample

        scan = request.scan
        if not scan.has_mm or scan.is_2d:
            raise MissingSpacing("Resampling needs a volume whose spacing is known in mm; this image's is not.")
        wanted = np.asarray(request.parameters.get("spacing_mm", (1.0, 1.0, 1.0)), dtype=np.float64)
        sizes = np.asarray(scan.spacing_or_unit)
        shape = [max(1, round(n * s / w)) for n, s, w in zip(scan.shape, sizes, wanted, strict=True)]
        if int(np.prod(shape)) > MOST_VOXELS:
            raise NotApplicable(f"That would make {np.prod(shape):,} voxels; at most {MOST_VOXELS:,} are made.")
        affine = np.array(scan.affine)
        affine[:3, :3] = scan.affine[:3, :3] / sizes * wanted
        # The outer faces of the first voxels stay where they are, so the same space is covered.
        affine[:3, 3] += scan.affine[:3, :3] @ (0.5 * wanted / sizes - 0.5)
        progress(0.1, "resampling")
        voxels = torch.from_numpy(np.array(scan.voxels, dtype=np.float32))[None]
        image = MetaTensor(voxels, affine=torch.from_numpy(scan.affine.copy()))
        moved = SpatialResample(mode="bilinear", padding_mode="border")(image, dst_affine=affine, spatial_size=shape)
        size = " x ".join(f"{w:g}" for w in wanted)
        return _derived(scan, np.asarray(moved[0].numpy()), f"resampled to {size} mm, linear", affine)


def _derived(scan: Scan, voxels: NDArray[Any], done: str, affine: Any = None) -> PrepareResult:
    made = Scan.build(
        np.asarray(voxels, dtype=np.float32), scan.affine if affine is None else affine,
        spacing=scan.spacing if affine is None else None, calibration=scan.calibration, modality=scan.modality,
        body_part=scan.body_part, laterality_known=scan.laterality_known,
        notes=(f"A derived image: {done}. Measure the original ({scan.id[:8]}).", *scan.notes),
    )  # fmt: skip
    return PrepareResult(made, done)
