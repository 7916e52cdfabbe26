"""Prints the lowest version of every dependency that pyproject.toml allows, one a line, as pip takes them.

`make lowest` installs these into an environment of its own and runs the tests there. An argument, such as
`torch==2.13.0`, takes the place of the lowest version of that package.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

EXTRAS = ("excel", "parquet", "zstd", "serve")
TOOLS = ("hypothesis", "jiwer", "pytest", "seqeval")  # of the extra `dev`, what the tests need


def lowest(requirements: list[str]) -> list[str]:
    """`name>=1.2,<3` -> `name==1.2`."""
    return [re.sub(r">=([^,]+).*", r"==\1", one) for one in requirements]


def main() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = [one for extra in EXTRAS for one in extras[extra]]
    tools = [one for one in extras["dev"] if re.match(r"[\w-]+", one)[0] in TOOLS]
    given = {re.match(r"[\w-]+", one)[0]: one for one in sys.argv[1:]}
    versions = [*lowest(project["dependencies"]), *lowest(named), *tools]
    print("\n".join(given.get(one.split("==")[0], one) for one in versions))


if __name__ == "__main__":
    main()
