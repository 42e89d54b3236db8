"""From a weight file to a network that is ready: its hash verified, strictly loaded, nothing in it run.

checkpoints/manifest.toml names each weight file, its sha256, the network and arguments that it fits, and how it came
to be. `present` and `entry` cost no torch; `load` and `create` import it. `where` is the manifest's
folder (`folder` tells it from the settings). `WeightFile` is a file that others trained.
"""

from __future__ import annotations

import hashlib
import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Missing

if TYPE_CHECKING:
    from torch import Tensor, nn

MANIFEST = "manifest.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of the manifest.

    file: beside the manifest. network: "module:Class". arguments: of that class. size: the side in pixels that it was
    trained at. training, scores: what was done and what was measured, for people to read. shares: parts of the network
    that are another entry's weights, unchanged: name of the part to sha256 of that entry's file, or "sha256/part".
    """

    name: str
    file: str
    sha256: str
    network: str
    size: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    shares: Mapping[str, str] = field(default_factory=dict)
    comparison: bool = False


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file that others trained, as its publisher has it; only one of this sha256 is opened.

    size: bytes. terms: licence and origin, told before it is fetched.
    """

    file: str
    address: str
    size: int
    sha256: str
    terms: str

    def check(self, path: Path) -> None:
        """Raise CheckpointError where the file at `path` is another one."""
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != self.sha256:
            raise CheckpointError(
                f"{path.name} has sha256 {found[:12]}…, expected {self.sha256[:12]}…: it is damaged or another file. "
                "Delete it and fetch it in Models."
            )

    def locate(self, settings: Settings) -> Path | None:
        """Where a file of that name is, or None. Looks at names: `verified` looks at the content."""
        files = (folder / self.file for folder in settings.weight_folders)
        return next((file for file in files if file.is_file()), None)

    def verified(self, settings: Settings) -> Path:
        """The file, its content checked; raises MissingWeights, CheckpointError."""
        path = self.locate(settings)
        if path is None:
            raise MissingWeights(f"{self.file} is not on this machine: fetch it in Models.")
        self.check(path)
        return path

    def missing(self, name: str, settings: Settings) -> tuple[Missing, ...]:
        """Nothing, or the file with how to get it. name: what it is fetched by."""
        if self.locate(settings) is not None:
            return ()
        cure = f"fetch it in Models, or name a folder that holds {self.file} in INPAINT_MIRRORS"
        megabytes = round(self.size / 1e6, 1)
        return (Missing(f"the weight file {self.file}", cure, megabytes, name, self.terms),)


def folder(settings: Settings) -> Path:
    """Where the weights lie: the settings' folder, else in the installed package, else beside it in the source tree."""
    if settings.checkpoints is not None:
        return settings.checkpoints
    package = Path(__file__).resolve().parents[1]
    installed = package / "weights"
    return installed if (installed / MANIFEST).exists() else package.parent / "checkpoints"


def entries(where: Path) -> Mapping[str, Entry]:
    """Every entry of the manifest, by name; none where there is no manifest. Raises CheckpointError if it is broken."""
    path = where / MANIFEST
    if not path.exists():
        return {}
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _parsed(path: Path, changed: int) -> Mapping[str, Entry]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _checked(Entry(name=name, **table)) for name, table in tables.items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}. Restore it from the repository.") from error


def _checked(entry: Entry) -> Entry:
    """The entry, if it is of the right types and names a file beside the manifest; raises TypeError."""
    tables = (entry.arguments, entry.training, entry.scores, entry.shares)
    right = all(isinstance(one, dict) for one in tables)
    texts = (entry.file, entry.sha256, entry.network, *(entry.shares.values() if right else ()))
    if not right or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"its entry {entry.name!r} holds values of the wrong kind")
    if Path(entry.file).name != entry.file or "\\" in entry.file:
        raise TypeError(f"its entry {entry.name!r} names a file elsewhere")
    return entry


def cure(name: str, where: Path) -> str:
    """What to do where the weights of that name are not there."""
    recipe = name.removesuffix("-critic")
    try:
        known = entries(where)
    except CheckpointError as error:
        return str(error)
    if name in known:
        return f"restore {where / known[name].file} from the repository"
    return f"not trained yet: inpaint-app train {recipe} --data PHOTOS --out runs/{recipe}"


def entry(name: str, where: Path) -> Entry:
    """The entry of that name; raises MissingWeights that says how to train them where there is none."""
    known = entries(where)
    if name not in known:
        raise MissingWeights(f"There are no weights {name!r} in {where / MANIFEST}: {cure(name, where)}.")
    return known[name]


def available(name: str, where: Path) -> bool:
    """Whether the entry's file is there, and those of what it shares. Looks at names: `load` checks the content."""
    try:
        known = entries(where)
        return name in known and all(
            (where / one.file).is_file()
            for one in (known[name], *(entry for entry, _ in _shared(known[name], where).values()))
        )
    except CheckpointError:
        return False


def _shared(known: Entry, where: Path) -> Mapping[str, tuple[Entry, str]]:
    """Whose weights stand in parts of this one's network, by the part: the entry, and the part there ("" for all).

    Raises CheckpointError where there is no such entry.
    """
    by_hash = {one.sha256: one for one in entries(where).values()}
    found = {}
    for part, source in known.shares.items():
        sha256, _, inner = source.partition("/")
        if sha256 not in by_hash:
            raise CheckpointError(
                f"{known.name!r} was trained on top of weights (sha256 {sha256[:12]}…) that {where / MANIFEST} no "
                f"longer has. Train it anew: {cure(known.name, where)}."
            )
        found[part] = by_hash[sha256], inner
    return found


def load(name: str, module: nn.Module, where: Path, part: str = "") -> None:
    """Put the weights, or those of a part of that network, into the module, as float32, every name and shape fitting.

    Raises MissingWeights where they are not there, CheckpointError where the file is not the one that the manifest
    names, is damaged, or does not fit.
    """
    known = entry(name, where)
    tensors = _tensors(known, where)
    for own, (other, theirs) in _shared(known, where).items():
        tensors |= {f"{own}.{key}": value for key, value in under(theirs, _tensors(other, where)).items()}
    try:
        module.load_state_dict(
            {
                key: value.float() if value.is_floating_point() else value
                for key, value in under(part, tensors).items()
            }
        )
    except RuntimeError as error:
        raise CheckpointError(
            f"{where / known.file} does not fit {type(module).__name__}: {error}"
        ) from error


def under(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a part of a network by their names within it; all of them for ""."""
    prefix = f"{part}." if part else ""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _tensors(known: Entry, where: Path) -> dict[str, Tensor]:
    """What an entry's file holds; raises MissingWeights, CheckpointError."""
    path = where / known.file
    data = _verified(known, path)
    from safetensors import SafetensorError
    from safetensors.torch import load as parse

    try:
        return parse(data)
    except (SafetensorError, KeyError, ValueError) as error:  # KeyError: a type of number that torch lacks
        raise CheckpointError(
            f"{path} is no safetensors file: {error}. Restore it from the repository."
        ) from error


def create(name: str, where: Path) -> nn.Module:
    """The network of an entry with its weights, ready to infer; raises as `load` does."""
    known = entry(name, where)
    from torch import nn

    module, _, factory = known.network.partition(":")
    try:
        if module != "torch.nn" and not module.startswith("inpaint_app.models."):
            raise TypeError(f"{known.network} is none of this app's networks")
        made = getattr(importlib.import_module(module), factory)
        if not isinstance(made, type) or not issubclass(made, nn.Module):
            raise TypeError(f"{known.network} is no network")
        network: nn.Module = made(**known.arguments)
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise CheckpointError(
            f"The manifest's entry {name!r} names a network that cannot be made: {error}."
        ) from error
    load(name, network, where)
    return network.eval().requires_grad_(False)


def _verified(known: Entry, path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise MissingWeights(
            f"The weights {known.name!r} are not there: {cure(known.name, path.parent)}."
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    found = hashlib.sha256(data).hexdigest()
    if found != known.sha256:
        hint = " It is a pointer: run `git lfs pull`." if data.startswith(b"version https://git-lfs") else ""
        raise CheckpointError(
            f"{path} has sha256 {found[:12]}…, the manifest says {known.sha256[:12]}…: the file is damaged or foreign."
            f"{hint} Restore it from the repository."
        )
    return data
