"""Replays dogpile's vectors with the Python port. Exit code: 0 all agree, 1 something differs, 2 the
vectors cannot be read."""

import argparse
import sys
from pathlib import Path

from .self_check import survivors
from .vectors import PARTS, Unusable, compare, load

#: It says what the others look like, and is none of them.
SCHEMA = "schema"

FOLDER = Path(__file__).resolve().parents[3] / "vectors"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m dogpile_port", description=__doc__)
    parser.add_argument("--vectors", type=Path, default=FOLDER, help="the folder of the vectors")
    parser.add_argument("--show", type=int, default=5, help="how many differences of a file to show")
    parser.add_argument(
        "--self-check",
        action="store_true",
        help="also change each place of the port's tables in turn: each change must be found",
    )
    options = parser.parse_args()
    try:
        found = {path.stem for path in options.vectors.glob("*.json")} - {SCHEMA}
        if found != set(PARTS):
            raise Unusable(f"files without a part, or parts without a file: {found ^ set(PARTS)}")
        vectors = {name: load(options.vectors, name) for name in PARTS}
        compared = {name: compare(name, part(vectors[name])) for name, part in PARTS.items()}
    except (OSError, ValueError, Unusable) as cause:
        print(f"{options.vectors}: {cause}", file=sys.stderr)
        return 2
    wrong = False
    for name, (answers, differences) in compared.items():
        wrong |= bool(differences)
        print(f"{name}: {answers} answers, {len(differences)} differ")
        for case, expected, answered in differences[: options.show]:
            print(f"  {case}\n    expected {expected}\n    answered {answered}")
    if options.self_check and not wrong:
        changes, survived = survivors(vectors["transitions"], vectors["flow"])
        wrong |= bool(survived)
        print(f"self-check: {changes} changes of the tables, {len(survived)} not found")
        for name in survived[: options.show]:
            print(f"  {name}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
