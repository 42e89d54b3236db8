"""The Help tab: shortcuts, and how to get good removals."""

from __future__ import annotations

import gradio as gr

from inpaint_app.ui.studio import static


def build() -> None:
    """Draw the tab."""
    with gr.Column(elem_classes="sheet"):
        gr.HTML(static("help.html"), js_on_load=None, apply_default_css=False)
