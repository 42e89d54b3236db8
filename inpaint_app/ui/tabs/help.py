"""The Help tab: shortcuts, how to get good removals, and how programs call the same app."""

from __future__ import annotations

from html import escape

import gradio as gr

from inpaint_app.ui.studio import static

EXAMPLES = {
    "curl": "example-curl.txt",
    "Python": "example-python.txt",
    "JavaScript": "example-javascript.txt",
}
"""The same call by language; docs/http.md holds the same texts, and its tests run them."""

MCP = "example-mcp.txt"

MCP_ON = "For assistants that speak MCP: detect, remove_objects and remove_mask are tools at this address."
MCP_OFF = (
    'Off on this server, for want of a package: pip install -e ".[mcp]" and start it again, then assistants that '
    "speak MCP find detect, remove_objects and remove_mask at this address."
)


def build(mcp: bool) -> None:
    """Draw the tab. mcp: whether this server has the tools."""
    with gr.Column(elem_classes="sheet"):
        gr.HTML(static("help.html"), js_on_load=None, apply_default_css=False)
        gr.HTML(programs(mcp), js_on_load=static("programs.js"), apply_default_css=False)


def programs(mcp: bool) -> str:
    """The part for programs; its script puts the server's own address into the examples."""
    panels = {name: _example(name, static(file)) for name, file in EXAMPLES.items()}
    panels["MCP"] = _example("MCP", static(MCP), MCP_ON if mcp else MCP_OFF)
    ways = "".join(
        f'<button type="button" role="tab" aria-controls="way-{name}" aria-selected="{str(first).lower()}" '
        f'tabindex="{0 if first else -1}">{name}</button>'
        for first, name in ((name == next(iter(panels)), name) for name in panels)
    )
    examples = "".join(
        f'<div role="tabpanel" id="way-{name}" aria-label="{name}"{"" if name == "curl" else " hidden"}>{panel}</div>'
        for name, panel in panels.items()
    )
    return static("programs.html").replace("@ways", ways).replace("@examples", examples)


def _example(name: str, text: str, about: str = "") -> str:
    note = f'<p class="note">{escape(about)}</p>' if about else ""
    return (
        f'{note}<div class="copied"><button type="button" aria-label="Copy the {name} example">Copy</button>'
        f"<pre><code>{escape(text.strip())}</code></pre></div>"
    )
