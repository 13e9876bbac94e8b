#!/usr/bin/env python3
"""Reads a published release with DuckDB and PyArrow, as a BI tool would, and checks it.

Only warehouse/CURRENT.json is opened by name; everything else is found through it.
The release must be one of the generated samples of 2023 and 2024 (`make run`).
"""

import argparse
import contextlib
import json
import os
import re
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]

# Printed figures that no honest computation gives: (item, year) -> (printed, ours).
KNOWN_DIFFERENCES = {
    ("生师比", 2023): ("9.47", "9.68"),
    ("高级专业技术职务专任教师占比", 2024): ("17.73", "17.71"),
    ("高级专业技术职务专任教师占比", 2023): ("16.89", "16.88"),
}

# Bandwidths: the city has that of its best school. All other values without parts add up.
MAXIMA = ("campus_backbone_bandwidth", "internet_bandwidth")

# A number between hexadecimal digits is a hash, not a person; 学籍号 (G or L before the ID) is found.
EDGE = ("(^|[^0-9a-f])", "($|[^0-9a-f])")
ID_NUMBER = f"{EDGE[0]}[1-9１-９][0-9０-９]{{16}}[0-9０-９XxＸｘ]{EDGE[1]}"
MOBILE = f"{EDGE[0]}[1１][3-9３-９][0-9０-９]{{9}}{EDGE[1]}"


class Checks:
    """What was compared, how often, and what did not agree."""

    def __init__(self):
        self.rows = []
        self.faults = []

    def add(self, what, compared, faults):
        if compared == 0:
            faults = [*faults, "nothing was compared"]
        self.rows.append((what, compared, len(faults)))
        self.faults += [f"{what}: {fault}" for fault in faults]

    def equal(self, what, expected, actual):
        self.add(what, 1, [] if expected == actual else [f"expected {expected}, found {actual}"])

    def report(self):
        print(f"{'compared':>10} {'wrong':>7}  what")
        for what, compared, wrong in self.rows:
            print(f"{compared:>10} {wrong:>7}  {what}")
        for fault in self.faults[:50]:
            print(f"wrong: {fault}")
        if len(self.faults) > 50:
            print(f"wrong: … and {len(self.faults) - 50} more")
        return 1 if self.faults else 0


def release_of(data):
    """The folder and manifest of the current release: the pointer is read once."""
    current = json.loads((data / "warehouse" / "CURRENT.json").read_text(encoding="utf-8"))
    release = data / "warehouse" / current["path"]
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return release.resolve(), manifest


def readers_of(release):
    """Three ways to the same tables, each a function (table, columns) -> list of tuples."""
    catalogue = duckdb.connect()
    flat = duckdb.connect()
    with contextlib.chdir(release):
        catalogue.execute((release / "catalog.sql").read_text(encoding="utf-8"))

    def through_catalogue(table, columns):
        # Views hold paths relative to the release.
        with contextlib.chdir(release):
            return catalogue.sql(f'SELECT {", ".join(columns)} FROM "{table}"').fetchall()

    def through_flat(table, columns):
        path = str(release / "flat" / f"{table}.parquet").replace("'", "''")
        return flat.sql(f"SELECT {', '.join(columns)} FROM '{path}'").fetchall()

    def through_pyarrow(table, columns):
        read = pq.read_table(release / "flat" / f"{table}.parquet", columns=columns)
        return list(zip(*(read[column].to_pylist() for column in columns)))

    readers = {"duckdb catalog.sql": through_catalogue, "duckdb flat/": through_flat, "pyarrow flat/": through_pyarrow}
    return readers, catalogue


def tsv(path):
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines]


def digits(text):
    """`9.47:1`, `16.89%` -> `9.47`, `16.89`."""
    return re.sub(r"(:1|%|\s.*)$", "", text)


def check_published(checks, name, read):
    columns = ["report_table", "report_path", "measure", "column_year", "state", "printed_text", "level", "report_year"]
    cells = {row[:4]: row[4:6] for row in read("report_cell", columns) if row[6] == "city" and row[7] == 2024}
    key = lambda row: (row["report_table"], row["report_path"], row["measure"], int(row["column_year"]))

    for table in ("表1", "表6"):
        rows = [row for row in tsv(ROOT / "samples/published/linfen-2024-cells.tsv") if row["report_table"] == table]
        faults = []
        for row in rows:
            ours = cells.get(key(row))
            if ours != (row["state"], row["printed_text"]):
                faults.append(f"{key(row)}: printed {row['printed_text']!r} ({row['state']}), ours {ours}")
        checks.add(f"published {table} = report_cell ({name})", len(rows), faults)

    rows = [row for row in tsv(ROOT / "samples/published/linfen-2024-body.tsv") if row["report_table"] == "表1.4"]
    faults, met = [], 0
    for row in rows:
        printed, ours = digits(row["printed_text"]), cells.get(key(row), (None, None))[1]
        known = KNOWN_DIFFERENCES.get((row["report_path"], int(row["column_year"])))
        met += known is not None
        if (printed, ours) != (known or (printed, printed)):
            faults.append(f"{key(row)}: printed {printed}, ours {ours}, expected {known or printed}")
    if met != len(KNOWN_DIFFERENCES):
        faults.append(f"{met} of {len(KNOWN_DIFFERENCES)} known differences are in the published table")
    checks.add(f"published 表1.4 = report_cell, but for {len(KNOWN_DIFFERENCES)} known ({name})", len(rows), faults)


def check_totals(checks, name, read):
    columns = ["report_year", "indicator_id", "level", "basis", "breakdown", "breakdown_code", "state", "value"]
    values = {row[:6]: row[6:] for row in read("indicator_value", columns) if row[2] == "city"}
    expected = [
        (2024, "students", "", "", 27534),
        (2024, "students", "school_type", "362", 3994),
        (2024, "students", "school_type", "365", 23540),
        (2023, "students", "", "", 27540),
        (2024, "graduates", "", "", 9397),
    ]
    faults = []
    for year, indicator, breakdown, code, value in expected:
        ours = values.get((year, indicator, "city", "system", breakdown, code))
        if ours != ("value", Decimal(value)):
            faults.append(f"{year} {indicator} {code}: expected {value}, found {ours}")
    checks.add(f"city totals of indicator_value ({name})", len(expected), faults)


def check_rows_counted(checks, catalogue):
    """The totals again, from the rows themselves."""
    sql = "SELECT count(*) FROM {} JOIN dim_school USING (report_year, school_code) WHERE counted AND report_year = {} {}"
    for table, year, where, expected in [
        ("student", 2024, "", 27534),
        ("student", 2024, "AND school_type = '362'", 3994),
        ("student", 2024, "AND school_type = '365'", 23540),
        ("student", 2023, "", 27540),
        ("graduate", 2024, "", 9397),
    ]:
        actual = catalogue.sql(sql.format(table, year, where)).fetchone()[0]
        checks.equal(f"rows counted in {table} {year} {where}".rstrip(), expected, actual)


def check_levels(checks, catalogue):
    """Counties and the residual make the city: by adding up what has no parts (numerator), but for maxima."""
    sql = """
        WITH whole AS (
            SELECT * FROM indicator_value WHERE numerator IS NULL AND basis IN ('system', 'filed')
        ), counties AS (
            SELECT report_year, indicator_id, basis, breakdown, breakdown_code,
                   sum(value) FILTER (WHERE state = 'value') AS total, max(value) FILTER (WHERE state = 'value') AS greatest
            FROM whole WHERE level = 'county' GROUP BY ALL
        )
        SELECT report_year, indicator_id, basis, breakdown, breakdown_code,
               CASE WHEN city.state = 'value' THEN city.value END AS city, total, greatest
        FROM (SELECT * FROM whole WHERE level = 'city') city
        FULL JOIN counties USING (report_year, indicator_id, basis, breakdown, breakdown_code)
    """
    rows = catalogue.sql(sql).fetchall()
    for how, column, own in (
        ("+ residual", 6, [row for row in rows if row[1] not in MAXIMA]),
        ("and residual, greatest", 7, [row for row in rows if row[1] in MAXIMA]),
    ):
        faults = [f"{row[:5]}: city {row[5]}, counties and residual {row[column]}" for row in own if row[5] != row[column]]
        with_values = [row for row in own if row[5] is not None]
        indicators = len({(row[1], row[2]) for row in with_values})
        checks.add(f"counties {how} = city, {indicators} indicators and bases", len(with_values), faults)


def check_truth(checks, truth, read):
    """Every value that the generator expects, against the release."""
    columns = ["report_year", "level", "region_code", "school_code", "indicator_id", "basis", "breakdown", "breakdown_code"]
    ours = {row[:8]: (row[8], row[9]) for row in read("indicator_value", [*columns, "state", "value"])}
    has = {(key[4], key[5]) for key in ours}
    compared = {"school": 0, "county": 0, "city": 0}
    faults = {"school": [], "county": [], "city": []}
    told, unknown = set(), set()
    with truth.open(encoding="utf-8") as lines:
        for line in lines:
            fact = json.loads(line)
            if fact["kind"] != "value":
                continue
            key = tuple(fact[column] for column in columns)
            told.add(key)
            if (fact["indicator_id"], fact["basis"]) not in has:
                unknown.add((fact["indicator_id"], fact["basis"]))
                continue
            expected = (fact["state"], Decimal(fact["value"]) if fact["value"] else None)
            compared[fact["level"]] += 1
            if ours.get(key) != expected:
                faults[fact["level"]].append(f"{key}: expected {expected}, found {ours.get(key)}")
    # The generator tells of no part that is zero; whatever else the release has beside must be told.
    both = {(key[4], key[5]) for key in told} & has
    told_parts = {(key[4], key[5], key[6]) for key in told}
    for key, (state, value) in ours.items():
        if (key[4], key[5], key[6]) in told_parts and key not in told and not (key[6] and state == "value" and value == 0):
            faults[key[1]].append(f"{key}: not expected at all, found {(state, value)}")
    for level in compared:
        checks.add(f"truth.jsonl = indicator_value, {level}", compared[level], faults[level])
    print(f"truth.jsonl: {len(both)} indicators and bases compared; told there and not in the release: "
          f"{', '.join(f'{i} ({b})' for i, b in sorted(unknown)) or 'none'}")


def check_personal(checks, release, files):
    """No string anywhere looks like an ID number or a mobile phone."""
    strings, faults = 0, []
    for file in files:
        table = pq.ParquetFile(release / file["path"]).read()
        for name, column in zip(table.column_names, table.columns):
            if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
                continue
            distinct = column.unique()
            strings += len(distinct)
            for what, pattern in (("an ID number", ID_NUMBER), ("a mobile phone", MOBILE)):
                hits = pc.sum(pc.match_substring_regex(distinct, pattern)).as_py() or 0
                if hits:
                    # The value itself is not printed.
                    faults.append(f"{file['path']}: column {name}: {hits} values look like {what}")
    # The patterns find what they are for.
    for text, pattern in (("G141002200502157317", ID_NUMBER), ("号码11010119900101001X", ID_NUMBER), ("电话13800000000", MOBILE)):
        if not pc.match_substring_regex(pa.array([text]), pattern)[0].as_py():
            faults.append(f"the pattern does not find {text}")
    checks.add(f"strings without personal numbers, {len(files)} Parquet files", strings, faults)


def check_row_counts(checks, release, files, catalogue):
    by_duckdb, by_pyarrow, tables = [], [], {}
    for file in files:
        path = str(release / file["path"])
        quoted = path.replace("'", "''")
        counted = duckdb.sql(f"SELECT count(*) FROM read_parquet('{quoted}', hive_partitioning = false)").fetchone()[0]
        if counted != file["rows"]:
            by_duckdb.append(f"{file['path']}: manifest {file['rows']}, DuckDB {counted}")
        read = pq.ParquetFile(path).read().num_rows
        if read != file["rows"]:
            by_pyarrow.append(f"{file['path']}: manifest {file['rows']}, PyArrow {read}")
        folder, table = file["path"].split("/")[:2]
        if folder == "tables":
            tables[table] = tables.get(table, 0) + file["rows"]
    checks.add("rows of a file = manifest (duckdb)", len(files), by_duckdb)
    checks.add("rows of a file = manifest (pyarrow)", len(files), by_pyarrow)

    faults = []
    for table, rows in tables.items():
        counted = catalogue.sql(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        if counted != rows:
            faults.append(f"{table}: manifest {rows}, view {counted}")
    checks.add("rows of a view = manifest (duckdb catalog.sql)", len(tables), faults)

    faults, compared = [], 0
    for table, rows in tables.items():
        # A whole folder with partitions in its path: report_year is there and in the files, of one type.
        read = ds.dataset(release / "tables" / table, format="parquet", partitioning="hive").count_rows()
        compared += 1
        if read != rows:
            faults.append(f"{table}: manifest {rows}, folder {read}")
        flat = release / "flat" / f"{table}.parquet"
        if flat.exists():
            compared += 1
            read = pq.ParquetFile(flat).metadata.num_rows
            if read != rows:
                faults.append(f"{table}: manifest {rows}, flat {read}")
    checks.add("rows of a folder and of flat/ = manifest (pyarrow)", compared, faults)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "var", help="data root [default: var]")
    parser.add_argument("--drop", type=Path, default=ROOT / "drop", help="drop folder with truth.jsonl [default: drop]")
    args = parser.parse_args()
    try:
        release, manifest = release_of(args.data.resolve())
    except FileNotFoundError as error:
        print(f"error: {error.filename}: no release to read\nhint: `make run` publishes one", file=sys.stderr)
        return 1
    print(f"release {manifest['release']:06} of {manifest['created']}; duckdb {duckdb.__version__}, pyarrow {pa.__version__}")

    checks = Checks()
    readers, catalogue = readers_of(release)
    for name, read in readers.items():
        check_published(checks, name, read)
        check_totals(checks, name, read)
    truth = args.drop.resolve() / "truth.jsonl"
    os.chdir(release)
    check_rows_counted(checks, catalogue)
    check_levels(checks, catalogue)
    if truth.exists():
        check_truth(checks, truth, readers["duckdb flat/"])
    else:
        print(f"no {truth.name} beside the exports: the generator's values are not compared")
    files = [file for file in manifest["files"] if file["path"].endswith(".parquet")]
    check_personal(checks, release, files)
    check_row_counts(checks, release, files, catalogue)
    return checks.report()


if __name__ == "__main__":
    sys.exit(main())
