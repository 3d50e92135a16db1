"""Every Python block of the documentation runs: a page from top to bottom, in one namespace and an empty folder.

Blocks may `await` at their top level; the blocks of a page share one event loop. Blocks without `await` run outside
it, as a script does. A page that needs optional packages begins with ``<!-- needs: pandas, pyarrow -->``.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md", ROOT / "bindings/python/README.md"]

FENCE = re.compile(r"^(?P<indent>[ ]*)(?P<fence>`{3,}|~{3,})[ ]*(?P<language>[\w+-]*)")
NEEDS = re.compile(r"\A<!-- needs: (?P<modules>[\w, ]+) -->")


@dataclass
class Block:
    """The code of one fence, and the line of the page that it begins on, from 1."""

    language: str
    line: int
    code: str


def blocks(text: str) -> Iterator[Block]:
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        opening = FENCE.match(line)
        if opening is None:
            continue
        body = []
        for _, inner in lines:
            if inner.strip().startswith(opening["fence"]) and not inner.strip().strip(opening["fence"][0]):
                break
            body.append(inner)
        else:
            raise AssertionError(f"line {number}: the block has no end")
        yield Block(opening["language"], number + 1, textwrap.dedent("\n".join(body)))


def compiled(page: Path, block: Block) -> CodeType:
    """Code whose line numbers are those of the page, so that a traceback shows its lines."""
    source = "\n" * (block.line - 1) + block.code
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(source, str(page), "exec", flags=flags, dont_inherit=True)


def run(page: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the page's blocks and give their number."""
    module = ModuleType("page")
    # Classes that a page defines are found by name, as dataclasses and pickles want it.
    monkeypatch.setitem(sys.modules, module.__name__, module)
    loop = asyncio.new_event_loop()
    count = 0
    try:
        for block in blocks(text):
            if block.language != "python":
                continue
            count += 1
            code = compiled(page, block)
            outcome = eval(code, module.__dict__)
            if code.co_flags & inspect.CO_COROUTINE:
                loop.run_until_complete(outcome)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    return count


def has_python(page: Path) -> bool:
    return any(block.language == "python" for block in blocks(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if has_python(page)]
)
def test_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    if needs := NEEDS.match(text):
        for module in needs["modules"].split(","):
            pytest.importorskip(module.strip())
    monkeypatch.chdir(tmp_path)
    assert run(page, text, monkeypatch) > 0


PAGE = """\
# Title

```sh
not python
```

```python
import asyncio
values = [1]
```

1. In a list

    ```python
    await asyncio.sleep(0)
    values.append(asyncio.get_running_loop())
    ```

```python
assert asyncio.sleep is not None
await asyncio.sleep(0)
assert asyncio.get_running_loop() is values[1]
```
"""


def test_the_blocks_of_a_page_share_a_namespace_and_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(Path("page.md"), PAGE, monkeypatch) == 3


def test_a_failing_block_names_the_page_and_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError) as caught:
        run(Path("page.md"), "# Title\n\n```python\nx = 1\nassert x == 2\n```\n", monkeypatch)
    place = caught.traceback[-1]
    assert (str(place.path), place.lineno + 1) == (str(Path("page.md")), 5) or (place.lineno + 1 == 5)


def test_a_block_without_an_end_is_an_error() -> None:
    with pytest.raises(AssertionError, match="line 1: the block has no end"):
        list(blocks("```python\nx = 1\n"))
