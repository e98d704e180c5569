"""What stands in the picture's place while nothing is open, and the series to choose from. HTML, all escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from ui.uploads import Offer, Pending

_RECENT = 5


def opener_html(cases: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return where a scan is dropped or chosen, and the reader's recent cases."""
    rows = "".join(
        f'<li><button type="button" data-do="reopen" data-case="{html.escape(c["id"], quote=True)}">'
        f"{html.escape(c['what'])} <span>{html.escape(c['created'])}</span></button></li>"
        for c in cases[:_RECENT]
    )
    recent = f'<h2>Recent cases</h2><ul class="sw-recent">{rows}</ul>' if rows else ""
    return (
        '<div class="sw-opener"><div class="sw-dropzone"><p class="sw-big">Drop a scan here</p>'
        "<p>DICOM (a folder, all files of a series, or a zip), NIfTI, NRRD, PNG or JPEG</p>"
        '<div class="sw-options"><button type="button" data-pick="files">Choose files</button>'
        '<button type="button" data-pick="folder">Choose a folder</button>'
        '<button type="button" class="sw-phantom" data-do="phantom">Open the generated chest phantom</button>'
        "</div></div>"
        f"{recent}</div>"
    )


def picker_html(pending: Pending) -> str:
    """Return the series to choose from, the proposed one first, and why it is."""
    cards = "".join(_card(n, offer) for n, offer in enumerate(pending.offers))
    what = "the earlier scan" if pending.role == "prior" else "the scan"
    return (
        f'<div class="sw-opener sw-choosing"><h2>Which series is {what}?</h2><p class="sw-hint">'
        f"{html.escape(pending.why)} The thinnest slices measure best.</p>"
        f'<ul class="sw-series">{cards}</ul><button type="button" data-do="series" data-number="-1">None of these'
        "</button></div>"
    )


def _card(number: int, offer: Offer) -> str:
    picture = f'<img src="{offer.picture}" alt="">' if offer.picture else '<span class="sw-noimage"></span>'
    mark, proposed = (' class="sw-proposed"', "<br>proposed") if offer.proposed else ("", "")
    return (
        f'<li><button type="button" data-do="series" data-number="{number}"{mark}>{picture}<span>'
        f"<b>{html.escape(offer.title)}</b><br>{html.escape(offer.detail)}{proposed}</span></button></li>"
    )
