"""Every example, and the first program of the README, as a user runs them."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LIMIT, echo

PACKAGE = Path(__file__).parent.parent
EXAMPLES = PACKAGE.parent.parent / "examples/python"

SAYS = {
    "first.py": ([], r"^hello$"),
    "watch.py": (["0.1"], r"connected, 0 reconnects, success rate 1\.00"),
    "tokens.py": ([], r"^connected$"),
    "rates.py": (["1"], r"^1 messages$"),
}
"""Arguments behind the URL, and what is printed, for each that talks to a server that echoes."""


def run(program: Path, url: str, *arguments: str) -> str:
    """Runs a program, which must end well; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-B", str(program), url, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def run_with_echo(program: Path, *arguments: str) -> str:
    async with echo() as peer:
        return await asyncio.to_thread(run, program, peer.url, *arguments)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_does_what_it_says(name: str) -> None:
    arguments, says = SAYS[name]
    assert re.search(says, asyncio.run(run_with_echo(EXAMPLES / name, *arguments)), re.MULTILINE)


def test_the_room_is_read_in_order(everlink_server: str) -> None:
    said = run(EXAMPLES / "room.py", everlink_server).splitlines()
    assert said[0] == "1 {'number': 0}" and said[9] == "10 {'number': 9}"
    assert said[10] == "exactly_once"


def test_every_example_is_run_and_short() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == {*SAYS, "room.py"}
    assert all(len(path.read_text().splitlines()) < 100 for path in EXAMPLES.glob("*.py"))


def test_the_first_program_of_the_readme_works(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert found is not None
    program = tmp_path / "first.py"
    program.write_text(found[1])
    assert asyncio.run(run_with_echo(program)) == "hello\n"
