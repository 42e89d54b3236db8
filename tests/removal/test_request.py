"""What all faces let say of a removal: each of them takes it, with the same range and default."""

from __future__ import annotations

import pytest

from inpaint_app.cli import build
from inpaint_app.errors import OptionError
from inpaint_app.removal.request import ARGUMENTS
from inpaint_app.server.endpoints.arguments import ENDPOINTS, check
from inpaint_app.server.endpoints.schemas import tools
from inpaint_app.settings import Settings

WORDS = ["remove", "a.png", "-o", "b.png"]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_face_takes_an_argument_with_one_default(name: str) -> None:
    default = ARGUMENTS[name].default
    assert getattr(build("remove").parse_args(WORDS), name) == default
    assert any(name in words for words in ENDPOINTS.values())
    described = [
        tool["inputSchema"]["properties"][name]
        for tool in tools(Settings())
        if name in ENDPOINTS[tool["name"]]
    ]
    assert {one.get("default") for one in described} == {default}


@pytest.mark.parametrize(
    ("name", "beyond"), [("candidates", 17), ("confidence", 1.5), ("belongings", "no"), ("grow", 4097)]
)
def test_every_face_refuses_what_is_out_of_range(
    name: str, beyond: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build("remove").parse_args([*WORDS, f"--{name}", str(beyond)])
    assert str(beyond) in capsys.readouterr().err
    if name != "grow":  # text over HTTP: looked at once it is read
        with pytest.raises(OptionError, match=f"{name} is .*{beyond}"):
            check("remove_objects", {"photo": {"path": "a"}, name: beyond})
