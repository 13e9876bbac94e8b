#!/usr/bin/env python3
"""Breaks runs of nianbao in every way that a machine can, and looks whether anything published is lost or torn."""

import argparse
import sys
import time
from pathlib import Path

import lab
import matrix
import mutations
import nights
import power_cut
import readers

PARTS = {"matrix": matrix, "power cut": power_cut, "readers": readers, "verify": mutations, "nights": nights}

# Of the crash matrix, in a run that is not whole.
POINTS = 150


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, default=lab.ROOT / "target/debug/nianbao", help="the program [default: target/debug/nianbao]")
    parser.add_argument("--whole", action="store_true", help="everything; else a seeded part that takes a few minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-most", type=int, help="points of the crash matrix")
    parser.add_argument("--minutes", type=float, help="end each half of the crash matrix after so many minutes, wherever it is")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be given several times")
    parser.add_argument("--point", help="one point of the crash matrix again, as a violation names it")
    args = parser.parse_args()
    if args.point:
        args.only = ["matrix"]
    report = lab.Report()
    chosen = args.only or list(PARTS)
    try:
        lab.need(("cc", "build-essential"), *(tool for name in chosen for tool in getattr(PARTS[name], "NEEDS", [])))
        with lab.Lab(args.bin) as place:
            for name in chosen:
                start = time.monotonic()
                print(f"== {name}", flush=True)
                try:
                    if name == "matrix":
                        at_most = args.at_most or (None if args.whole else POINTS)
                        matrix.run(place, report, args.seed, at_most, args.point, args.minutes)
                    else:
                        PARTS[name].run(place, report, args.whole, args.seed)
                except lab.Broken as broken:
                    report.violation(name, str(broken))
                for command in lab.remaining(place.folder):
                    report.violation(name, f"still there after all runs have ended: {command}")
                print(f"== {name}: {time.monotonic() - start:.0f} s", flush=True)
    except KeyboardInterrupt:
        report.violation("all", "interrupted before the end")
    except lab.Missing as missing:
        print(f"error: {missing}", file=sys.stderr)
        return 1
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
