"""Readers in a loop while releases are published: every answer is one release's, never two's.

The same loop over a folder whose files are replaced in place shows that the readers can see a mixture.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import city
from lab import HERE, Broken, standing

ENGINES = ("duckdb", "polars", "pyarrow")


def truths(lab, drops):
    """Digest of each version of the city → the sums that its release must give."""
    told = {}
    for drop in drops:
        release = lab.publish(lab.with_key(), drop)
        sums = {engine: sums_of(engine)([table(release.path, name) for name in TABLES]) for engine in ENGINES}
        if len(set(sums.values())) != 1:
            raise Broken(f"the readers do not agree on one release: {sums}")
        told[release.digest] = list(sums["duckdb"])
    if len({tuple(sums) for sums in told.values()}) != len(drops):
        raise Broken("the versions of the city give the same sums: a mixture would not be seen")
    return told


TABLES = ("student", "indicator_value")


def table(release, name):
    """A table as a reader names it: a pattern of files."""
    return f"{release}/tables/{name}/*/*.parquet"


def sums_of(engine):
    """Counted students, and the sum of the numerators of all indicators: two tables, one query."""
    if engine == "duckdb":
        import duckdb

        connection = duckdb.connect()

        def read(patterns):
            student, value = patterns
            return connection.sql(
                f"SELECT (SELECT count(*) FROM read_parquet('{student}', hive_partitioning = false) WHERE counted),"
                f" (SELECT CAST(sum(value) AS DOUBLE) FROM read_parquet('{value}', hive_partitioning = false) WHERE indicator_id = 'students')"
            ).fetchone()
    elif engine == "polars":
        import polars

        def read(patterns):
            student, value = (polars.scan_parquet(pattern, hive_partitioning=False) for pattern in patterns)
            counted = student.filter(polars.col("counted")).select(polars.len().cast(polars.Int64).alias("count"))
            summed = value.filter(polars.col("indicator_id") == "students").select(polars.col("value").cast(polars.Float64).sum())
            both = polars.collect_all([counted, summed])
            return both[0].item(), both[1].item()
    else:
        import glob

        import pyarrow
        import pyarrow.compute
        import pyarrow.dataset

        def read(patterns):
            student, value = (pyarrow.dataset.dataset(sorted(glob.glob(pattern)), format="parquet") for pattern in patterns)
            counted = student.count_rows(filter=pyarrow.compute.field("counted"))
            kept = value.to_table(columns=["value"], filter=pyarrow.compute.field("indicator_id") == "students")
            return counted, float(pyarrow.compute.sum(kept["value"]).as_py())
    return read


def loop(engine, mode, folder, stop, told):
    """What one reader process does until it is told to stop; its counts as JSON."""
    read, counts, errors = sums_of(engine), Counter(), Counter()
    right = {digest: tuple(sums) for digest, sums in told.items()}
    print("ready", flush=True)
    while not stop.exists():
        try:
            if mode == "releases":
                current = json.loads((folder / "warehouse/CURRENT.json").read_bytes())
                answer = read([table(folder / "warehouse" / current["path"], name) for name in TABLES])
                counts["right" if answer == right[current["digest"]] else "mixed"] += 1
                counts["of " + current["digest"]] += 1
            else:
                answer = read([f"{folder}/{name}-*.parquet" for name in TABLES])
                counts["right" if answer in right.values() else "mixed"] += 1
        # A panic of polars is no Exception.
        except BaseException as error:
            counts["errors"] += 1
            errors[f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"] += 1
        print("read" if counts["right"] + counts["errors"] + counts["mixed"] == counts["right"] else "bad", flush=True)
    print(json.dumps({"counts": counts, "errors": errors.most_common(3)}), flush=True)


class Reader:
    """A reader process; each of its lines is one read."""

    def __init__(self, engine, mode, folder, stop, told):
        command = [sys.executable, HERE / "readers.py", engine, mode, folder, stop, json.dumps(told)]
        environment = os.environ | {"POLARS_MAX_THREADS": "1"}
        self.engine = engine
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Broken(f"the reader with {self.engine} died: {self.process.stderr.read()[-300:]}")
        return line

    def end(self):
        last = self.process.stdout.read().splitlines()[-1]
        self.process.wait()
        return json.loads(last)


def while_reading(mode, folder, told, place, write):
    """Writes while all readers read; what each saw. At least one read of each goes with every write."""
    stop = place / "stop"
    readers = [Reader(engine, mode, folder, stop, told) for engine in ENGINES]
    for number in write:
        # Whoever writes in place goes on until somebody saw it; two releases are never seen, however often.
        bad = [reader for reader in readers if reader.line() != "read\n"]
        if mode == "replaced in place" and bad:
            break
    stop.touch()
    return {reader.engine: reader.end() for reader in readers}


def run(lab, report, whole, seed):
    try:
        import duckdb
        import polars
        import pyarrow
    except ImportError as missing:
        raise Broken(f"{missing.name} is missing: run with the venv that `make readers` makes") from None
    print(f"duckdb {duckdb.__version__}, polars {polars.__version__}, pyarrow {pyarrow.__version__}")
    drops = [city.deliver(lab.place("drop"), version) for version in range(city.VERSIONS)]
    told = truths(lab, drops)
    rows = []
    for mode, releases in (("releases", 200 if whole else 20), ("replaced in place", 2000)):
        place, done = lab.place("readers"), []
        if mode == "releases":
            folder = lab.with_key()
            lab.publish(folder, drops[0])
            writes = counted(publishing(lab, folder, drops, releases), done)
        else:
            folder = place / "folder"
            folder.mkdir()
            writes = counted(replacing(lab, folder, drops, releases), done)
            next(writes)
        seen = while_reading(mode, folder, told, place, writes)
        for engine, what in seen.items():
            counts = Counter(what["counts"])
            reads = counts["right"] + counts["mixed"] + counts["errors"]
            rows.append([mode, engine, len(done), reads, counts["mixed"], counts["errors"]])
            bad = counts["mixed"] + counts["errors"]
            if mode == "releases" and bad:
                report.violation("readers", f"{engine}: {counts['mixed']} mixed answers, {counts['errors']} errors in {reads} reads: {what['errors']}")
            if mode == "releases" and sum(name.startswith("of ") for name in counts) < len(drops):
                report.violation("readers", f"{engine} did not see every version of the city: the loop shows nothing")
            if mode != "releases":
                for error, count in what["errors"]:
                    print(f"  replaced in place, {engine}: {error} ({count})")
        if mode == "releases":
            checked = lab.verify(folder)
            number = standing(folder).number
            if checked.code or number != releases + 1:
                report.violation("readers", f"after {releases} publications release {number} stands, verify ends with {checked.code}")
        elif not sum(row[4] + row[5] for row in rows if row[0] == mode):
            report.violation("test of the test", "files replaced in place give no mixture and no error: the loop cannot see one")
    report.table(["layout", "reader", "publications", "reads", "mixed", "errors"], rows)


def counted(writes, done):
    for number in writes:
        done.append(number)
        yield number


def publishing(lab, folder, drops, releases):
    for number in range(1, releases + 1):
        ended = lab.run(folder, drops[number % len(drops)])
        if not ended.published() or "Published release" not in ended.out:
            raise Broken(f"publication {number} ended with {ended.code}: {ended.err}{ended.out[-200:]}")
        yield number


def replacing(lab, folder, drops, times):
    """The layout that readers cannot bear: the same names, each file replaced whole by a rename."""
    versions = []
    for drop in drops:
        release = lab.publish(lab.with_key(), drop).path
        versions.append([
            (f"{name}-{path.parent.name[-4:]}.parquet", path.read_bytes())
            for name in TABLES for path in sorted(release.glob(f"tables/{name}/*/*.parquet"))
        ])
    for number in range(times + 1):
        for name, content in versions[number % len(versions)]:
            (folder / f".{name}").write_bytes(content)
            os.rename(folder / f".{name}", folder / name)
        yield number


if __name__ == "__main__":
    engine, mode, folder, stop, told = sys.argv[1:]
    loop(engine, mode, Path(folder), Path(stop), json.loads(told))
