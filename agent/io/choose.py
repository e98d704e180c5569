"""Which archive of images is set up: over DICOMweb, or as a DICOM node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.io.archive import Archive, NoArchive

if TYPE_CHECKING:
    from agent.settings import Settings

WAYS = ("dicomweb", "node")
_EXTRA = (
    "Speaking to an archive needs the extra `pacs`, which is not installed ({missing} is missing). "
    "Install it: pip install 'scanwright[pacs]'."
)


def open_archive(settings: Settings, via: str | None = None) -> Archive:
    """Return the archive that the settings name.

    Args:
        settings: see `agent.settings`.
        via: ``dicomweb`` or ``node``; None takes the one that is set up, DICOMweb where both are.

    Raises:
        NoArchive: no address is set, or the extra is not installed.
    """
    there = [way for way, address in zip(WAYS, (settings.dicomweb_url, settings.pacs_node), strict=True) if address]
    if via is not None and via not in WAYS:
        raise NoArchive(f"An archive is spoken to via {' or '.join(WAYS)}; not via {via!r}.")
    if not there or (via is not None and via not in there):
        wanted = {"dicomweb": "SCANWRIGHT_DICOMWEB_URL", "node": "SCANWRIGHT_PACS_NODE"}
        names = [wanted[via]] if via else list(wanted.values())
        raise NoArchive(
            f"No archive is set up. Set {' or '.join(names)} (an address such as https://archive/dicom-web, or "
            "TITLE@host:port), then try again."
        )
    try:
        if (via or there[0]) == "dicomweb":
            from agent.io.dicomweb import DicomWeb

            return DicomWeb(settings.dicomweb_url or "", settings.dicomweb_token, settings.dicomweb_user)
        from agent.io.dimse import Node

        return Node(settings.pacs_node or "", settings.ae_title)
    except ModuleNotFoundError as error:
        raise NoArchive(_EXTRA.format(missing=error.name)) from error
