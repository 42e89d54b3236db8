"""The tables of benchmarks/results: from the reports that `inpaint-app evaluate` wrote, to Markdown and one picture.

    python benchmarks/evaluation.py OUT.md TITLE=REPORT [TITLE=REPORT ...] [--picture OUT.svg]

The evaluations behind the committed tables (DATA: a folder with the photos):

    inpaint-app evaluate DATA/scenes-val.tar --limit 200 --size 128 --masks square:64/128 --backends … --report OUT/scenes
    inpaint-app evaluate DATA/paris_streetview_100 --size 128 --masks square:64/128 --backends … --report OUT/paris
    inpaint-app evaluate DATA/freeform_pairs/images --only 'crfill_*' --masks masks:DATA/freeform_pairs/masks …
    inpaint-app evaluate DATA/bsds_test100 --size 320 --crop fit --masks objects --backends … --report OUT/bsds

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

from inpaint_app.evaluation import plots
from inpaint_app.evaluation.protocol import REPORTED, evidence
from inpaint_app.evaluation.statistics import Estimate

HEAD = (
    "| backend | L1 % | L2 % | PSNR dB | SSIM | TV % | HaarPSI | seam | texture | seconds |\n"
    + "|---" * 10
    + "|"
)
NAMES = (("l1", 100, 2), ("l2", 100, 2), ("psnr", 1, 2), ("ssim", 1, 3), ("tv", 1, 2), ("haarpsi", 1, 4))
MORE = (("seam", 1, 2), ("texture", 1, 2), ("seconds", 1, 3))
PREFACE = """# Evaluation

Written by `benchmarks/evaluation.py` from the reports of `inpaint-app evaluate`. Means over the photos, in brackets the
95 % bootstrap interval (photos drawn again, 2,000 times). The backends see the photo with the hole blanked; the hole is
neither grown nor feathered. Seconds are wall time on two cores that other work shared: compare them within a table only.

What "over the hole" means for each score stands in `inpaint_app/metrics/full_reference.py`. Seam and texture need no
truth: 1 is as in the surroundings. PSNR, L1 and L2 favour a blur that risks nothing; HaarPSI ranks the fills as the eye
does (design.md), and the tables are ranked by it. TV is of the fill alone: the nearer to the truth's the better.
FID is not given: it needs thousands of photos and weights that are not part of this app. LPIPS stands in the tables
where its weights lie on the machine; here they did not.
"""

READING = """## The reports' protocol

Two reports print L1, L2 and PSNR without saying over what (all pixels or the hole), on which scale (0..1 or -1..1) and
with which MAX. Their own numbers tell:

1. MAX is 1. Report 004 shows 40 single pictures with L2 and PSNR each: for one picture, PSNR follows from L2, and it
   does with MAX = 1 to the last digit printed.
2. They are over the whole image. Over a hole alone, L2 / L1² is about 2 (the quoted Paris row; 1.6 for Gaussian errors, 2
   for Laplacian ones). Over an image of which a quarter is hole it is four times that. The reports' rows have 7.5 to 10.4.
3. Values run from -1 to 1, as their networks' tanh gives them. On 0..1, L1 = 0.0653 over the image would be 26 % over
   the hole, twice what Navier-Stokes reaches; on -1..1 it is 13 %.

So, with `image` for values 0..1 over all pixels:

    seeds.L1 = 2 image.L1      seeds.L2 = 4 image.L2      seeds.PSNR = image.PSNR - 6.02 dB
    hole.L1 = seeds.L1 / (2 share)   hole.L2 = seeds.L2 / (4 share)   hole.PSNR = seeds.PSNR + 10 log10(4 share)

For 64×64 of 128×128 the share is 1/4, and L2 and PSNR are the hole's own; only L1 is half of the hole's. Report 000
therefore sets a hole's L1 (Paris, 9.37 %) beside image L1s on -1..1 (3.22 %, which is 6.44 % over the hole): its L2 and
PSNR can be compared with Paris as they stand, its L1 must be doubled.

Report 001 prints L1 in %, MSE of values 0..255, and PSNR. PSNR fits MSE with MAX = 255 in six of its seven rows (the mean
of PSNRs lies 0.6 to 0.9 dB over the PSNR of the mean, as it must); the autoencoder's row does not (MSE 1472 is 16.45 dB,
printed are 26.25). L2 / L1² is 1.3 to 1.5 with L1 on 0..1, less than any error distribution over a hole that we measured
has, and 5.2 to 6.0 with L1 on -1..1, as over an image with a hole of about 40 %: the second reading is the likelier one,
but the report does not settle it. Report 002 prints a sum of squares (1,769 to 3,038): over the 64×64 hole on -1..1 that
would be an L2 of 3.6 to 6.2 % on 0..1, which is plausible; nothing in it proves the scale. Report 003 prints no scores.
"""

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
    lines = ["| report | model | data | L1 | L2 | PSNR dB | SSIM |", "|---" * 7 + "|"]
    for backend, cells in fitting[0]["cells"].items():
        l1, l2, psnr, ssim = (cells[name]["mean"] for name in ("l1", "l2", "psnr", "ssim"))
        lines.append(
            f"| ours | {backend} | these {results['photos']} | {l1:.4f} | {l2:.4f} | {psnr:.2f} | {ssim:.4f} |"
        )
    for row in REPORTED:
        l1 = row.l1 if row.protocol == "seeds" else row.l1 / 2
        ssim = f"{row.ssim:.4f}" if row.ssim else "–"
        lines.append(
            f"| {row.report} | {row.model} | {row.data} | {l1:.4f} | {row.l2:.4f} | {row.psnr:.2f} | {ssim} |"
        )
    return "\n".join(lines) + "\n"


def picture(reports: dict[str, dict[str, Any]]) -> str:
    """Bars of HaarPSI over the hole, one block per report."""
    blocks, top = [], 0
    names = list(dict.fromkeys(b for r in reports.values() for t in tables(r, "hole") for b in t["cells"]))
    colours = {name: plots.colour(number) for number, name in enumerate(names)}
    for title, results in reports.items():
        for table in tables(results, "hole"):
            if table["hole"] == "all holes":
                continue
            cells = {b: Estimate(**c["haarpsi"]) for b, c in table["cells"].items() if "haarpsi" in c}
            drawing = plots.bars(
                cells, colours, f"HaarPSI over the hole: {title}, {results['photos']} photos", 3
            )
            height = 34 + 26 * len(cells)
            drawing = drawing.replace(
                "<svg ", f'<svg x="12" y="{top + 10}" width="560" height="{height}" ', 1
            )
            blocks.append(drawing)
            top += height + 16
    box = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 584 {top + 10}" width="584" height="{top + 10}">'
    return f'{box}<rect width="100%" height="100%" fill="#fff"/>{STYLE}{"".join(blocks)}</svg>\n'


def proven() -> str:
    found = evidence()
    seeds = {name: ratio for name, ratio in found.ratios.items() if "Pathak" not in name}
    quoted = next(ratio for name, ratio in found.ratios.items() if "Pathak" in name)
    return (
        f"- report 004's 40 single pictures lie at most {found.worst_db:.4f} dB from PSNR = 10 log10(1 / L2)\n"
        f"- rows whose mean PSNR lies under that of their mean L2: {len(found.below_mean)}\n"
        f"- L2 / L1² of the reports' own rows: {min(seeds.values()):.1f} to {max(seeds.values()):.1f}; of the quoted "
        f"Paris row: {quoted:.1f}\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("reports", nargs="+", metavar="TITLE=REPORT")
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    loaded = {}
    for text in chosen.reports:
        title, _, folder = text.partition("=")
        loaded[title] = json.loads((Path(folder) / "results.json").read_text())
    parts = [PREFACE]
    parts += [section(title, results) for title, results in loaded.items()]
    parts += [
        f"## Beside the reports: {title}\n\n{found}" for title, r in loaded.items() if (found := beside(r))
    ]
    parts.append(f"{READING}\nComputed by `inpaint_app.evaluation.protocol.evidence`:\n\n{proven()}")
    chosen.out.write_text("\n".join(parts))
    if chosen.picture:
        chosen.picture.write_text(picture(loaded))
