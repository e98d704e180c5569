"""A MONAI bundle that scores an image: around the lesion where it was made for a crop, else of the whole image."""

from __future__ import annotations

import numpy as np

from tools.bundles.classes import note_of, scores_of
from tools.bundles.expressions import Refused
from tools.bundles.running import RunningBundle, window_of
from tools.contract import ClassifyRequest, ClassifyResult, NotApplicable, Progress, ToolFailed


class ClassifyingBundle(RunningBundle):
    """Gives a score for each class that the bundle's metadata names."""

    def run(self, request: ClassifyRequest, progress: Progress = lambda fraction, phrase: None) -> ClassifyResult:
        """Score the lesion's surroundings, or the whole image.

        Raises:
            NotApplicable: the mask is empty, or the image is no single picture where one is needed.
            ToolFailed: a step is not on the list or broke, or the answer is not one number a class.
        """
        spec, scan = self.about.spec, request.scan
        if not request.mask.count:
            raise NotApplicable("The mask is empty: there is nothing to score. Outline the lesion first.")
        seed = request.mask.centre_mm if self.about.crop_mm else None
        window = window_of(self.about, scan, seed)
        try:
            found = self.answer(scan, window, progress)
            values = [float(v) for v in np.asarray(found.values.cpu().numpy(), dtype=np.float64).ravel()]
            scores = scores_of(values, self.about.labels, spec)
        except Refused as error:
            raise ToolFailed(f"{spec.name} cannot be run: {error}.") from error
        looked_at = "The whole image was scored; the outline was not looked at."
        if self.about.crop_mm:
            size = " x ".join(f"{v:g}" for v in self.about.crop_mm)
            looked_at = f"Looked at was {size} mm around the lesion's centre."
        return ClassifyResult(scores, (note_of(spec, looked_at, values), *self.about.notes, *found.notes))
