"""The tables of benchmarks/results: from the reports that `inpaint-app evaluate` wrote, to Markdown and one picture.

    python benchmarks/evaluation.py OUT.md TITLE=REPORT [TITLE=REPORT ...] [--picture OUT.svg]

The evaluations behind the committed tables (DATA: a folder with the photos):

    inpaint-app evaluate DATA/scenes-val.tar --limit 200 --size 128 --masks square:64/128 … --report OUT/scenes
    inpaint-app evaluate DATA/paris_streetview_100 --size 128 --masks square:64/128 … --report OUT/paris
    inpaint-app evaluate DATA/freeform_pairs/images --only 'crfill_*' --masks masks:DATA/freeform_pairs/masks …
    inpaint-app evaluate DATA/bsds_test100 --size 320 --crop fit --masks objects … --report OUT/bsds

    python -m benchmarks.evaluation OUT.md --picture OUT.svg       # only draws again what OUT.md says

A run goes on where it was stopped, and a backend that was added later is measured alone.

Holds no numbers of its own: everything is read from each report's results.json. Pictures hold plots, never photos.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path
from typing import Any

from inpaint_app.backends import registry
from inpaint_app.lab.evaluation import plots
from inpaint_app.lab.evaluation.protocol import REPORTED
from inpaint_app.lab.evaluation.statistics import Estimate

HEAD = (
    "| backend | L1 % | L2 % | PSNR dB | SSIM | TV % | HaarPSI | seam | texture | seconds |\n"
    + "|---" * 10
    + "|"
)
NAMES = (("l1", 100, 2), ("l2", 100, 2), ("psnr", 1, 2), ("ssim", 1, 3), ("tv", 1, 2), ("haarpsi", 1, 4))
MORE = (("seam", 1, 2), ("texture", 1, 2), ("seconds", 1, 3))
NOTES = Path(__file__).with_name("evaluation_notes.md")
"""What stands before and after the tables."""

STYLE = (
    "<style>text{font:12px system-ui,sans-serif;fill:#1d2330}.title{font-weight:600}.name{text-anchor:end}"
    ".interval{stroke:#1d2330;fill:none}</style>"
)


def tables(results: dict[str, Any], protocol: str) -> list[dict[str, Any]]:
    return [table for table in results["tables"] if table["protocol"] == protocol and table["cells"]]


def said(cell: dict[str, float] | None, factor: int, digits: int) -> str:
    if cell is None:
        return "–"
    low, mean, high = (f"{factor * cell[key]:.{digits}f}" for key in ("low", "mean", "high"))
    return f"{mean} ({low}–{high})" if digits != 3 or factor != 1 else mean


def bare(command: str) -> str:
    """The command without this machine's folders."""
    words = [re.sub(r"^(masks:|shapes:)?/.*/", r"\1", word) for word in shlex.split(command)]
    return shlex.join(words)


def section(title: str, results: dict[str, Any]) -> str:
    size = f"{results['size']} px" if results["size"] else "full size"
    lines = [f"## {title}\n\n{results['photos']} photos, {size}. `{bare(results['command'])}`\n"]
    holes = [table for table in tables(results, "hole") if table["hole"] != "all holes"]
    for table in holes:
        name = "given masks" if table["hole"].startswith("masks:") else table["hole"]
        lines.append(f"Over the hole ({name}):\n\n{HEAD}")
        for backend, cells in table["cells"].items():
            found = [said(cells.get(name), factor, digits) for name, factor, digits in (*NAMES, *MORE)]
            lines.append(f"| {backend} | {' | '.join(found)} |")
        lines.append("")
        for pair in results["differences"].get(table["hole"], []):
            gain = pair["estimate"]
            clear = "" if pair["clear"] else ", not clear"
            lines.append(
                f"- {pair['first']} less {pair['second']}: HaarPSI {gain['mean']:+.4f} ({gain['low']:+.4f} to "
                f"{gain['high']:+.4f}), better on {pair['won']:.0%} of the photos{clear}"
            )
        lines.append("")
    return "\n".join(lines)


def beside(results: dict[str, Any]) -> str:
    """Ours and the reports' in the reports' protocol, for the centre square of 64 in 128 px."""
    fitting = [t for t in tables(results, "seeds") if t["hole"] == "square:64/128"]
    if results["size"] != 128 or not fitting:
        return ""
    lines = [
        "Centre square of 64 px in 128 px, all in the reports' protocol. The data differ, so that a row above another "
        "is no proof of a better method: faces are easier than streets, and the reports' networks were trained on the "
        "data set that they were measured on, ours on others or on none.\n",
        "| report | model | data | L1 | L2 | PSNR dB | SSIM | mind |",
        "|---" * 8 + "|",
    ]
    for backend, cells in fitting[0]["cells"].items():
        l1, l2, psnr, ssim = (cells[name]["mean"] for name in ("l1", "l2", "psnr", "ssim"))
        numbers = f"{l1:.4f} | {l2:.4f} | {psnr:.2f} | {ssim:.4f}"
        lines.append(f"| ours | {backend} | these {results['photos']} | {numbers} | |")
    for row in REPORTED:
        l1 = row.l1 if row.protocol == "seeds" else row.l1 / 2
        ssim = f"{row.ssim:.4f}" if row.ssim else "–"
        numbers = f"{l1:.4f} | {row.l2:.4f} | {row.psnr:.2f} | {ssim}"
        lines.append(f"| {row.report} | {row.model} | {row.data} | {numbers} | {row.note} |")
    return "\n".join(lines) + "\n"


def picture(written: str) -> str:
    """Bars of HaarPSI over the hole, one block for each table of the Markdown, so that both always say the same.

    Tables with names from before are left out: one name would mean two backends.
    """
    found = {}
    for part in written.split("\n## ")[1:]:
        rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
        if rows and rows[0][0] == "backend":
            title, photos = part.partition("\n")[0], int(re.findall(r"^(\d+) photos", part, re.MULTILINE)[0])
            column = rows[0].index("HaarPSI")
            numbers = {row[0]: re.findall(r"[\d.]+", row[column]) for row in rows[2:]}
            cells = {name: Estimate(*map(float, three), photos) for name, three in numbers.items()}
            if not cells.keys() & registry.RENAMED.keys():
                found[f"HaarPSI over the hole: {title}, {photos} photos"] = cells
    names = dict.fromkeys(name for cells in found.values() for name in cells)
    colours = {name: plots.colour(number) for number, name in enumerate(names)}
    blocks, top = [], 0
    for title, cells in found.items():
        height = 34 + 26 * len(cells)
        frame = f'<svg x="12" y="{top + 10}" width="560" height="{height}" '
        blocks.append(plots.bars(cells, colours, title, 3).replace("<svg ", frame, 1))
        top += height + 16
    box = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 584 {top + 10}" width="584" height="{top + 10}">'
    return f'{box}<rect width="100%" height="100%" fill="#fff"/>{STYLE}{"".join(blocks)}</svg>\n'


def write(out: Path, reports: list[str]) -> None:
    """The notes with the tables of all reports (TITLE=FOLDER) between them."""
    loaded = {}
    for text in reports:
        title, _, folder = text.partition("=")
        loaded[title] = json.loads((Path(folder) / "results.json").read_text())
    before, after = NOTES.read_text().split("<!-- tables -->")
    parts = [before.strip() + "\n"]
    parts += [section(title, results) for title, results in loaded.items()]
    parts += [
        f"## Beside the reports: {title}\n\n{found}" for title, r in loaded.items() if (found := beside(r))
    ]
    parts.append(after.strip() + "\n")
    out.write_text("\n".join(parts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("reports", nargs="*", metavar="TITLE=REPORT", help="none: OUT stays as it is")
    parser.add_argument("--picture", type=Path, help="draws what OUT says")
    chosen = parser.parse_args()
    if chosen.reports:
        write(chosen.out, chosen.reports)
    if chosen.picture:
        chosen.picture.write_text(picture(chosen.out.read_text()))
