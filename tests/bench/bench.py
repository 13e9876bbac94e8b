#!/usr/bin/env python3
"""Times whole runs and what they are measured against, on the same generated files, in one go, by turns.

    BIN=target/debug SCALES="1 10 20 40" tests/bench/bench.py        (or: make bench)

Prints Markdown, and keeps it with all figures in FOLDER (target/bench). Needs Linux, and for what is
compared with (tests/bench/rivals.py) a Python given as PYTHON; the harness itself has no dependencies.

Ratios are what to look at: seconds differ between machines. Every file has been read once before
anything is timed, so that no run waits for the disk to read it.
"""

import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("BIN", "target/debug")).resolve()
DECODE_ONLY = Path(os.environ.get("DECODE_ONLY", BIN / "examples" / "decode_only"))
PYTHON = os.environ.get("PYTHON", sys.executable)
FOLDER = Path(os.environ.get("FOLDER", "target/bench")).resolve()
SCALES = [int(scale) for scale in os.environ.get("SCALES", "1 10 20 40").split()]
# How often each scale is timed. Where it is once, memory is polled in that same run, which slows it a little.
TIMES = {1: 5, 20: 2}
# At these it is the memory of one cold run that is looked at, and nothing is compared with it.
MEMORY_ONLY = {10, 40}
# The readers of rivals.py run at this scale only.
RIVALS_AT = 1
RIVAL_TIMES = {"openpyxl": 2, "fastexcel": 3}
# Schools of the generated city at scale 1.
SCHOOLS = 45
# Seconds between two looks at the memory of a run; a look must not take more than a fifth of that.
POLL = 0.01


@dataclass
class Timing:
    """One command, once: wall-clock and processor seconds, and what it printed."""

    wall: float
    cpu: float
    largest_mb: float
    peak_mb: float
    code: int
    out: str


@dataclass
class Series:
    """One command, several times."""

    timings: list = field(default_factory=list)

    def add(self, timing):
        self.timings.append(timing)

    @property
    def walls(self):
        return [timing.wall for timing in self.timings]

    @property
    def median(self):
        return statistics.median(self.walls)

    @property
    def typical(self):
        """The timing nearest to the median."""
        return min(self.timings, key=lambda timing: abs(timing.wall - self.median))


class Memory(threading.Thread):
    """The greatest memory of a process and its descendants together.

    PSS is summed over all of them from smaps_rollup at each look: pages that they share count once.
    What comes and goes between two looks is not seen; the kernel's own greatest RSS of the largest
    single process is given next to it for that.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.over = threading.Event()

    def run(self):
        pause = POLL
        while not self.over.wait(pause):
            start = time.perf_counter()
            self.peak = max(self.peak, sum(map(pss, family(self.pid))))
            pause = max(POLL, 5 * (time.perf_counter() - start))


def family(pid):
    """A process and all below it, those included that its threads started."""
    found, open_ones = [], [pid]
    while open_ones:
        found.append(open_ones.pop())
        try:
            for task in os.listdir(f"/proc/{found[-1]}/task"):
                with open(f"/proc/{found[-1]}/task/{task}/children", encoding="ascii") as children:
                    open_ones += map(int, children.read().split())
        except OSError:
            continue
    return found


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            return next((int(line.split()[1]) for line in rollup if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def timed(command, allowed=(0,), memory=False):
    """Runs to the end and measures; any exit code but those allowed ends the benchmark."""
    log = FOLDER / "errors.log"
    with open(log, "wb") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=errors)
        watch = Memory(process.pid) if memory else None
        if watch:
            watch.start()
        out = process.stdout.read().decode()
        if watch:
            watch.over.set()
            watch.join()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code not in allowed:
        sys.exit(f"bench: {' '.join(map(str, command))}\nended with {code}:\n{out}\n{log.read_text(errors='replace')}")
    peak = watch.peak / 1024 if watch else 0.0
    return Timing(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, peak, code, out)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Scale:
    """All that is measured at one scale."""

    def __init__(self, scale):
        self.scale = scale
        self.folder = FOLDER / f"scale-{scale}"
        self.drop = self.folder / "drop"
        self.data = None
        self.colds = 0
        self.series = {}
        self.duckdb = None
        self.memory = None
        self.summary = None

    def measure(self):
        self.folder.mkdir(parents=True)
        say(f"scale {self.scale}: generating")
        timed([BIN / "mirror", "generate", "--out", self.drop, "--scale", self.scale, "--year", 2023, "--year", 2024])
        # Written pages are let go to the disk now, not under the first run.
        os.sync()
        times = TIMES.get(self.scale, 1)
        for turn in range(times):
            say(f"scale {self.scale}: turn {turn + 1} of {times}")
            self.turn(turn, polled=times == 1)
        if times == 1:
            self.memory = self.series["cold"].typical
        elif self.scale == 1:
            say("scale 1: memory")
            self.memory = self.cold(memory=True)
        release = self.data / "warehouse" / json.loads((self.data / "warehouse/CURRENT.json").read_text())["path"]
        say(f"scale {self.scale}: DuckDB")
        self.duckdb = json.loads(timed([PYTHON, ROOT / "tests/bench/rivals.py", "duckdb", release, ROOT / "pipelines"]).out)

    def turn(self, turn, polled):
        compared = self.scale not in MEMORY_ONLY
        if compared:
            self.add("decoder", timed([DECODE_ONLY, self.drop], memory=polled))
        cold = self.cold(memory=polled)
        self.add("cold", cold)
        run = json.loads(cold.out)
        self.summary = run["summary"]
        self.expect(run, "published")
        unchanged = self.run()
        self.add("unchanged", unchanged)
        self.expect(json.loads(unchanged.out), "nothing_to_do")
        if compared:
            self.change_one_school(run["summary"])
        if self.scale == RIVALS_AT:
            for rival, times in RIVAL_TIMES.items():
                if turn < times:
                    self.add(rival, timed([PYTHON, "-W", "ignore", ROOT / "tests/bench/rivals.py", rival, self.drop]))

    def change_one_school(self, before_it):
        roster, before = one_student_less(self.drop)
        changed = self.run()
        roster.write_bytes(before)
        self.add("changed", changed)
        self.expect(json.loads(changed.out), "published")
        after_it = json.loads(changed.out)["summary"]
        rows = [
            line["rows"]["physical"] for of in (before_it, after_it) for line in of["datasets"]
            if (line["dataset"], line["report_year"]) == ("students", 2024)
        ]
        if rows[0] - rows[1] != 1:
            sys.exit(f"bench: the changed night read {rows[1]} students' rows after {rows[0]}, not one less")

    def add(self, what, timing):
        self.series.setdefault(what, Series()).add(timing)
        say(f"  {what:<10} {timing.wall:8.2f} s")

    def cold(self, memory=False):
        # Nothing is removed before all is measured: ext4 looks past every file that was removed in the
        # last minutes for each that it makes, which took a run a second.
        self.colds += 1
        self.data = self.folder / f"var-{self.colds}"
        return self.run(memory)

    def run(self, memory=False):
        # A draft is a run that did its work.
        command = [BIN / "nianbao", "run", "--json", "--drop", self.drop, "--data", self.data]
        return timed(command, allowed=(0, 10), memory=memory)

    def expect(self, run, outcome):
        if run["outcome"] != outcome:
            sys.exit(f"bench: a run at scale {self.scale} ended as {run['outcome']}, not {outcome}")

    def rows(self):
        return sum(line["rows"]["physical"] for line in self.summary["datasets"])

    def to_json(self):
        series = {
            what: [{"wall": t.wall, "cpu": t.cpu, "largest_mb": t.largest_mb, "peak_mb": t.peak_mb} for t in of.timings]
            for what, of in self.series.items()
        }
        return {"scale": self.scale, "rows": self.rows(), "series": series, "stages": self.stages(), "duckdb": self.duckdb}

    def stages(self):
        runs = [json.loads(timing.out)["stages"] for timing in self.series["cold"].timings]
        names = [stage["stage"] for stage in runs[0]]
        return {name: statistics.median(of["milliseconds"] for run in runs for of in run if of["stage"] == name) for name in names}


def one_student_less(drop):
    """Takes one student's line out of a school's roster of 2024; returns the file and what it held."""
    for path in sorted((drop / "2024" / "students").rglob("*.csv")):
        before = path.read_bytes()
        lines = before.splitlines(keepends=True)
        # Not the first of them, which may hold what is planted, and no line that another continues.
        if len(lines) > 100 and lines[50].count(b",") == lines[51].count(b",") == lines[49].count(b","):
            path.write_bytes(b"".join(lines[:50] + lines[51:]))
            return path, before
    sys.exit("bench: no roster of 2024 is a CSV file")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(head))) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def machine():
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), platform.machine())
    total = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {total / 2**20:.0f} GB of memory, Linux {platform.release()}"


def versions(scales):
    found = {"Python": platform.python_version()}
    for scale in scales:
        found |= scale.duckdb["versions"]
        for rival in RIVAL_TIMES.keys() & scale.series.keys():
            found |= json.loads(scale.series[rival].typical.out)["versions"]
    program = subprocess.run([BIN / "nianbao", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return ", ".join([program] + [f"{name} {version}" for name, version in found.items()])


NAMES = {
    "decoder": "the decoder alone, into nothing",
    "cold": "**cold run**",
    "unchanged": "unchanged night",
    "changed": "night with one school changed",
    "openpyxl": "openpyxl + pandas, counting rows",
    "fastexcel": "fastexcel + polars, counting rows",
}


def goals(scales):
    """The targets next to the measured values."""
    rows = []

    def add(what, scale, wanted, measured, met):
        rows.append([what, str(scale), wanted, measured, "yes" if met else "**no**"])

    for scale in scales:
        median = {what: series.median for what, series in scale.series.items()}
        cold = median["cold"]
        if "decoder" in median:
            ratio = cold / median["decoder"]
            add("cold run ÷ decoder alone", scale.scale, "≤ 2", f"{ratio:.2f}", ratio <= 2)
        share = 100 * median["unchanged"] / cold
        add("unchanged night, of the cold run", scale.scale, "≤ 1 %", f"{share:.1f} %", share <= 1)
        if "changed" in median:
            part, school = 100 * median["changed"] / cold, 100 / (SCHOOLS * scale.scale)
            add("one school changed, of the cold run", scale.scale, f"≈ {school:.1f} %, its own part", f"{part:.1f} %", part <= school + 1)
        for rival, wanted in (("openpyxl", 30), ("fastexcel", 3)):
            if rival in median:
                times = median[rival] / cold
                add(f"{NAMES[rival].split(',')[0]} counting ÷ cold run", scale.scale, f"≥ {wanted}", f"{times:.2f}", times >= wanted)
        # Both read the files for the first time in their process; the stage computes what was filed and prints cells too.
        against = 1000 * scale.duckdb["first"] / scale.stages()["compute"]
        add("DuckDB, indicators on system data ÷ stage `compute`", scale.scale, "≥ 1", f"{against:.2f}", against >= 1)
        if scale.memory:
            peak = max(scale.memory.peak_mb, scale.memory.largest_mb)
            add("peak memory of parent and children", scale.scale, "< 1536 MB", f"{peak:.0f} MB", peak < 1536)
    return rows


def report(scales, seconds):
    parts = [
        f"{time.strftime('%Y-%m-%d', time.gmtime())}. {machine()}. {versions(scales)}. "
        f"Binaries in `{os.path.relpath(BIN)}`. The benchmark took {seconds / 60:.0f} minutes.",
        table(["goal", "scale", "wanted", "measured", "met"], goals(scales)),
    ]
    rows = []
    for scale in scales:
        cold = scale.series["cold"].median
        for what in NAMES.keys() & scale.series.keys():
            of = scale.series[what]
            rows.append(
                (scale.scale, list(NAMES).index(what), [
                    NAMES[what], str(scale.scale), str(len(of.timings)), f"{of.median:.2f}", f"{min(of.walls):.2f}",
                    f"{max(of.walls):.2f}", f"{of.typical.cpu:.2f}", f"{of.median / cold:.3f}",
                ])
            )
    parts.append(table(["what", "scale", "times", "median s", "min s", "max s", "processor s", "÷ cold run"], [row for _, _, row in sorted(rows)]))
    names = list(scales[0].stages())
    stages = [[name] + [f"{scale.stages().get(name, 0):.0f}" for scale in scales] for name in names]
    stages.append(["DuckDB, same indicators: first"] + [f"{1000 * scale.duckdb['first']:.0f}" for scale in scales])
    stages.append(["DuckDB, same indicators: median"] + [f"{1000 * scale.duckdb['median']:.0f}" for scale in scales])
    stages.append(["values that DuckDB has alike"] + [str(scale.duckdb["compared"]) for scale in scales])
    parts.append(table(["stage of the cold run, ms"] + [f"scale {scale.scale}" for scale in scales], stages))
    memory = [
        [str(scale.scale), str(scale.rows()), f"{scale.memory.peak_mb:.0f}", f"{scale.memory.largest_mb:.0f}"]
        for scale in scales if scale.memory
    ]
    parts.append(table(["scale", "rows", "peak MB, parent and children (PSS, polled)", "peak MB, largest process (RSS)"], memory))
    return "\n\n".join(parts)


def main():
    for program in (BIN / "nianbao", BIN / "mirror", DECODE_ONLY):
        if not program.exists():
            sys.exit(f"bench: `{program}` is missing: make build, and cargo build --example decode_only")
    for left in FOLDER.glob("scale-*"):
        shutil.rmtree(left)
    FOLDER.mkdir(parents=True, exist_ok=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"this machine is busy (load {load:.1f}): ratios will be off")
    start = time.monotonic()
    scales = []
    for scale in map(Scale, SCALES):
        scale.measure()
        scales.append(scale)
    text = report(scales, time.monotonic() - start)
    (FOLDER / "table.md").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "results.json").write_text(json.dumps([scale.to_json() for scale in scales], indent=1), encoding="utf-8")
    print(text)
    if not os.environ.get("KEEP"):
        for scale in scales:
            shutil.rmtree(scale.folder)


if __name__ == "__main__":
    main()
