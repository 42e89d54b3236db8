"""Colours, type and spacing of the page: one set of tokens, for Gradio's own components and for ours."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors, fonts, sizes

STONE = colors.Color(
    c50="#faf9f7", c100="#f3f1ee", c200="#e5e2dc", c300="#d3cfc7", c400="#a8a399", c500="#7a756b",
    c600="#5d594f", c700="#45423b", c800="#2a2824", c900="#1c1b18", c950="#121210", name="stone",
)  # fmt: skip
CORAL = colors.Color(
    c50="#fff1f2", c100="#ffe0e4", c200="#ffc6ce", c300="#ff9dab", c400="#ff6b81", c500="#f43f5e",
    c600="#d6234a", c700="#b3173d", c800="#951538", c900="#7f1535", c950="#470718", name="coral",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Warm greys that leave colour to the photo, and one coral for what is to go. The font comes with Gradio."""
    font = (fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif")
    base = gr.themes.Base(
        primary_hue=CORAL,
        secondary_hue=STONE,
        neutral_hue=STONE,
        radius_size=sizes.radius_lg,
        text_size=sizes.text_md,
        font=font,
        font_mono=(fonts.LocalFont("IBM Plex Mono", weights=(400,)), "ui-monospace", "monospace"),
    )
    return base.set(
        body_background_fill="#f6f4f1",
        body_background_fill_dark="#131312",
        body_text_color="#1c1b18",
        body_text_color_dark="#f1efea",
        body_text_color_subdued="#65615a",
        body_text_color_subdued_dark="#aaa59b",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1c1c1a",
        background_fill_secondary="#f6f4f1",
        background_fill_secondary_dark="#131312",
        border_color_primary="#e2ded7",
        border_color_primary_dark="#34322e",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1c1c1a",
        block_border_color="#e2ded7",
        block_border_color_dark="#34322e",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_shadow="none",
        block_shadow_dark="none",
        button_primary_background_fill="#d6234a",
        button_primary_background_fill_hover="#b3173d",
        button_primary_background_fill_dark="#d6234a",
        button_primary_background_fill_hover_dark="#b3173d",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#f3f1ee",
        button_secondary_background_fill_dark="#262523",
        button_secondary_background_fill_hover_dark="#34322e",
        button_border_width="1px",
        button_secondary_border_color="#d3cfc7",
        button_secondary_border_color_dark="#45423b",
        color_accent="#d6234a",
        color_accent_soft="#ffe0e4",
        color_accent_soft_dark="#3a1a22",
        input_background_fill="#ffffff",
        input_background_fill_dark="#262523",
        input_border_width="1px",
        input_border_color="#d3cfc7",
        input_border_color_dark="#45423b",
        slider_color="#d6234a",
        slider_color_dark="#ff6b81",
        checkbox_background_color_selected="#d6234a",
        checkbox_background_color_selected_dark="#d6234a",
        link_text_color="#b3173d",
        link_text_color_dark="#ff9dab",
    )
