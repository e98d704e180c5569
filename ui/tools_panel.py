"""The tools as HTML: what each is for and not for, how good by whose figures, whether it feeds criteria, the ways in.

Everything comes from the specs and from where each tool was found; all of it is escaped, nothing is computed.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from tools.contract import ToolSpec
from tools.registry import Installed, Registry

WAYS_IN = (
    ("One file", "a class of about 30 lines in the data folder's tools/; hold it to the contract with",
     "scanwright tools check FILE"),
    ("A MONAI bundle", "its folder or zip in tools/, as it is; hold it to the contract with",
     "scanwright tools check FOLDER"),
    ("A package", "with one entry-point line, for what others will install; begin with", "scanwright tools new NAME"),
    ("Weights from elsewhere", "fetched only when it is typed, or from a folder with --from",
     "scanwright tools fetch lobes"),
)  # fmt: skip
"""Every way a tool comes in: what it is, what is done, the command."""
_ASKED = 3
"""Sentences shown of how people ask for a tool."""


def tools_html(registry: Registry, device: str) -> str:
    """Return what is installed, what waits for its weights, what is broken and why, and how another comes in."""
    shown = "".join(_tool(registry.tools[name]) for name in sorted(registry.tools))
    return (
        f'<p class="sw-hint">Models run on {html.escape(device)}; cases take turns. Several that outline the same '
        f'can be asked for side by side: "segment it with both".</p>{_notes(registry.broken, "sw-failed")}{shown}'
        f"{_notes(registry.waiting, 'sw-notice')}{_ways_in()}"
    )


def _notes(reasons: Mapping[str, str], kind: str) -> str:
    return "".join(
        f'<p class="sw-note {kind}"><b>{html.escape(name)}</b>: {html.escape(why)}</p>' for name, why in reasons.items()
    )


def _tool(tool: Installed) -> str:
    spec = tool.spec
    scope = ", ".join((*spec.modalities, *spec.body_parts)) or "any image"
    return (
        f'<article class="sw-passage" data-tool="{html.escape(spec.name, quote=True)}"><h3>{html.escape(spec.name)} '
        f'{html.escape(spec.version)} <span class="sw-soft">{html.escape(spec.task)}; {html.escape(scope)}</span></h3>'
        f'<p>{html.escape(spec.summary)}</p><p class="sw-hint">{html.escape(limits(spec))} '
        f"Licence: {html.escape(spec.licence)}.</p>"
        f'<p class="sw-hint">{html.escape(standing(tool))}</p>{_asked(spec)}'
        f'<ul class="sw-list">{_figures(spec) or "<li>No accuracy is reported.</li>"}</ul></article>'
    )


def standing(tool: Installed) -> str:
    """Return where a tool comes from and whether its results may feed guideline criteria."""
    whence = "Comes with Scanwright" if tool.shipped else f"Added by the operator ({tool.origin})"
    apart = "; runs in a process of its own" if tool.isolated else ""
    if tool.spec.task == "prepare":
        return f"{whence}{apart}. What it makes is to look at: the original is what is measured."
    if tool.trusted:
        return f"{whence}{apart}. Its results may feed guideline criteria."
    return (
        f"{whence}{apart}. Its results feed no guideline criteria until the operator allows it: "
        f"scanwright tools allow {tool.spec.name}"
    )


def limits(spec: ToolSpec) -> str:
    """Return what a tool is not for, said once."""
    return spec.not_for if spec.not_for.lower().startswith("not ") else f"Not for: {spec.not_for}"


def _asked(spec: ToolSpec) -> str:
    said = [s for sentences in spec.utterances.values() for s in sentences[:_ASKED]]
    if not said:
        return ""
    quoted = ", ".join(f"“{html.escape(s)}”" for s in said)
    return f'<p class="sw-hint">Asked for by name, or for example: {quoted}</p>'


def _figures(spec: ToolSpec) -> str:
    return "".join(
        f"<li>{html.escape(a.metric)}: {a.value:g}"
        + (f" ({a.interval[0]:g} to {a.interval[1]:g})" if a.interval else "")
        + f"; {html.escape(a.data)}; by {html.escape(a.by)}"
        + (f"; beside {html.escape(a.baseline)}" if a.baseline else "")
        + "</li>"
        for a in spec.accuracy
    )


def _ways_in() -> str:
    rows = "".join(
        f"<li><b>{html.escape(name)}</b>: {html.escape(what)} <code>{html.escape(command)}</code></li>"
        for name, what, command in WAYS_IN
    )
    return f'<section class="sw-ways"><h3>Another tool</h3><ul class="sw-list">{rows}</ul></section>'
