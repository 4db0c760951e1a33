"""The query editor's files, as ``make editor`` fetched them; a publication brings them along."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

PACKAGE: Final = "node_modules/@zazuko/yasgui"
BUILT: Final = {"js": "build/yasgui.min.js", "css": "build/yasgui.min.css"}
HOME: Final = ".cache/editor"  # below the folder of the Makefile


def documents(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return script, style and licences by ending, each under a name that changes with its content.

    Where the editor was not fetched there are none.
    """
    package = folder / PACKAGE
    if not all((package / path).is_file() for path in BUILT.values()):
        return {}
    found = {ending: (package / path).read_bytes() for ending, path in BUILT.items()}
    found["js"] = found["js"].rpartition(b"//# sourceMappingURL=")[0] or found["js"]
    found["txt"] = _licences(folder)
    return {
        ending: (f"static/yasgui.{hashlib.sha256(content).hexdigest()[:8]}.{ending}", content)
        for ending, content in found.items()
    }


def _licences(folder: Path) -> bytes:
    """Return the licences of all the packages that the editor is built from."""
    packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    told = []
    for path in sorted(name for name in packages if name and (folder / name / "package.json").is_file()):
        about = json.loads((folder / path / "package.json").read_text("utf-8"))
        author = about.get("author", "")
        author = author.get("name", "") if isinstance(author, dict) else author
        told.append(f"{about['name']} {about['version']}: {about.get('license', '–')}. {author}".rstrip())
        texts = sorted(entry for entry in (folder / path).iterdir() if entry.name.upper().startswith("LICEN"))
        told += [entry.read_text("utf-8").strip() for entry in texts if entry.is_file()]
    return ("\n\n".join(told) + "\n").encode()
