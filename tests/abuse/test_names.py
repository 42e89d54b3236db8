"""Names of files as an attacker writes them: they lead nowhere."""

from __future__ import annotations

import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.abuse.conftest import MASK, PHOTO, Caller
from tests.lab.evaluation.test_photosets import ARCHIVES

NAMES = [
    "../../evil.png", "..\\..\\evil.png", "/etc/evil.png", "a" * 5000 + ".png", 'quote".png',
    "new\r\nX-Evil: 1\r\n.png",
    "nul\0.png", "....png", ".png", "-rf.png", "CON.png", "\u202egnp.exe", "🙂.png", "%2e%2e%2fevil.png", "a;b=c.png",
    "<img src=x onerror=alert(1)>.png", "$(touch x).png", "a:b.png", "lpt1.tar.png", "ö" * 200 + ".png",
    "\x1b[31mred\x9b.png",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_names(caller: Caller, name: str) -> None:
    outside = sorted(caller.cache.parent.iterdir())
    coded = name.encode("utf-8", "replace").replace(b'"', b"%22")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="'
        + coded
        + b'"\r\n\r\n'
        + PHOTO
        + b"\r\n--b--\r\n"
    )
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = caller.http.post("/gradio_api/upload", content=body, headers=form)
    if answer.status_code == 200 and answer.json():
        path = Path(answer.json()[0])
        assert path.resolve().is_relative_to(caller.cache.resolve())
        kind, data = caller.fill(str(path))
        assert kind == "complete", data
        made = Path(data[0]["path"])
        assert made.resolve().is_relative_to(caller.cache.resolve())
        got = caller.http.get(f"/gradio_api/file={quote(str(made))}")
        assert got.status_code == 200
        assert "x-evil" not in got.headers
        assert "\n" not in got.headers["content-disposition"]
    else:
        assert answer.status_code in (200, 400, 413, 500), answer.text
    assert sorted(caller.cache.parent.iterdir()) == outside


@pytest.mark.parametrize("what", ARCHIVES)
def test_archives_of_any_content_are_one_sentence_of_the_running_server(visitor: Caller, what: str) -> None:
    fn = next(one for one in visitor.page.fns.values() if one.name == "run" and len(one.inputs) == 8)
    path = visitor.send(ARCHIVES[what], "a.zip")
    given = [{"path": path, "meta": {"_type": "gradio.FileData"}}]
    data = [given, "", "As they are", 3, 0, ["square:0.25"], ["telea"], 1]
    body = {"data": data, "fn_index": fn._id, "session_hash": visitor.session}
    assert visitor.http.post("/gradio_api/queue/join", json=body).status_code == 200
    told = str(visitor.heard())
    assert "Traceback" not in told
    assert "Something went wrong" not in told
    assert any(words in told for words in ("pack it again", "no photo", "failed", "is no zip file")), told


def test_entries_of_a_batchs_zip_climb_nowhere(visitor: Caller) -> None:
    paths = [visitor.send(PHOTO, name) for name in ("..%2f..%2fevil.png", "a.png", "batch.csv.png")]
    fn = next(
        one
        for one in visitor.page.fns.values()
        if one.name == "run" and len(one.inputs) == 6 and len(one.outputs) == 3
    )
    given = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    masks = [{**one, "path": visitor.send(MASK, Path(one["path"]).stem + ".png")} for one in given]
    body = {
        "data": [given, masks, [], "telea", False, 1],
        "fn_index": fn._id,
        "session_hash": visitor.session,
    }
    assert visitor.http.post("/gradio_api/queue/join", json=body).status_code == 200
    packed = next(
        value
        for value in str(visitor.heard()).split("'")
        if value.endswith("inpaint.zip") and value.startswith("/")
    )
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names)) == 4
    assert all(Path(name).name == name and "\\" not in name for name in names)
