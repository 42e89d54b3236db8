"""What is said to a visitor names files, never where they lie on the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaint_app.errors import OptionError
from inpaint_app.server.endpoints.arguments import from_network
from inpaint_app.server.guard.server_paths import without_paths
from inpaint_app.settings import Settings


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{temp}/server-1/visits/abc/photo.png could not be written: full.", "photo.png could not be written: full."),
        ("There is no model at {home}/models/sd: check it.", "There is no model at sd: check it."),
        ("'{temp}/a/b.png', '{home}/c.png'", "'b.png', 'c.png'"),
        ("{temp}/a/my photo.png is damaged.", "my photo.png is damaged."),
        ("Send it to /gradio_api/upload, or http://a.example/b/c.png.", "Send it to /gradio_api/upload, or http://a.example/b/c.png."),
        ("either/or, 1/2, and/or", "either/or, 1/2, and/or"), ("nothing of the kind", "nothing of the kind"),
        ("{temp}", "gradio"),
    ],
)  # fmt: skip
def test_a_path_becomes_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, shown: str
) -> None:
    temp, home = tmp_path / "gradio", tmp_path / "home"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(temp))
    monkeypatch.setenv("HOME", str(home))
    assert without_paths(said.format(temp=temp, home=home), Settings()) == shown


def test_a_caller_names_models_of_a_list_and_hears_the_same_of_every_other(tmp_path: Path) -> None:
    (tmp_path / "there.safetensors").write_bytes(b"x")
    said = set()
    for model in (
        str(tmp_path),
        str(tmp_path / "there.safetensors"),
        str(tmp_path / "none"),
        "/etc/passwd",
        "~",
        "a/b",
        7,
        ["x"],
    ):
        with pytest.raises(OptionError) as refused:
            from_network({"model": model}, "stable-diffusion")
        said.add(str(refused.value))
    assert len(said) == 1
    for model in ("", "sd2-community/stable-diffusion-2-inpainting"):
        assert from_network({"model": model, "steps": 3}, "stable-diffusion") == {"model": model, "steps": 3}
    assert from_network({"model": "/etc/passwd"}, "telea") == {"model": "/etc/passwd"}, (
        "it has no such option"
    )


def test_every_option_that_is_free_text_was_looked_at() -> None:
    """One that could name a file has to be listed; words to paint by cannot."""
    import dataclasses

    from inpaint_app.backends import registry

    free = {
        (spec.name, field.name)
        for spec in registry.BACKENDS
        for field in dataclasses.fields(spec.options)
        if isinstance(field.default, str)
        and not (field.metadata.get("choices") or field.metadata.get("listed"))
    }
    assert {name for _, name in free} <= {"prompt", "negative_prompt"}
