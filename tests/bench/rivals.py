#!/usr/bin/env python3
"""What nianbao is measured against: other readers of the same workbooks, and DuckDB on the same tables.

Each prints one JSON object. The readers only count rows, in one process, as a script would.
"""

import contextlib
import io
import json
import os
import statistics
import sys
import time
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

ZIP, BIFF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def workbooks(folder):
    """Every xlsx and BIFF xls as (kind, bytes), those in zip bundles too. Web pages named .xls are none."""
    for path in sorted(path for path in Path(folder).glob("*/*/**/*") if path.is_file()):
        content = path.read_bytes()
        if content.startswith(BIFF):
            yield "xls", content
        elif content.startswith(ZIP):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if "[Content_Types].xml" in archive.namelist():
                    yield "xlsx", content
                    continue
                for member in archive.namelist():
                    inner = archive.read(member)
                    if inner.startswith(BIFF):
                        yield "xls", inner
                    elif inner.startswith(ZIP):
                        yield "xlsx", inner


def with_openpyxl(folder):
    """pandas reads xlsx with openpyxl in its read-only mode, and xls with xlrd."""
    import pandas

    rows = files = 0
    for kind, content in workbooks(folder):
        engine = "openpyxl" if kind == "xlsx" else "xlrd"
        sheets = pandas.read_excel(io.BytesIO(content), sheet_name=None, header=None, dtype=str, engine=engine)
        rows += sum(len(sheet) for sheet in sheets.values())
        files += 1
    return {"files": files, "rows": rows, "versions": versions("openpyxl", "pandas", "xlrd")}


def with_fastexcel(folder):
    """fastexcel is calamine for Python: each sheet becomes a polars frame."""
    import fastexcel

    rows = files = 0
    for _, content in workbooks(folder):
        book = fastexcel.read_excel(content)
        for name in book.sheet_names:
            rows += book.load_sheet(name, header_row=None, dtypes="string").to_polars().height
        files += 1
    return {"files": files, "rows": rows, "versions": versions("fastexcel", "polars")}


def versions(*packages):
    return {package: version(package) for package in packages}


# The tables whose measures DuckDB computes, and the columns that break them down.
LEVELS = "GROUPING SETS ((report_year, school_code), (report_year, region_code), (report_year))"


def measures(pipelines):
    """The system calculations of all indicators: {table: [(id, SQL)]}, sums of others, ratios, breakdowns."""
    tables, sums, ratios, broken = {}, [], [], {}
    for path in sorted(Path(pipelines).glob("indicators/*.toml")):
        for indicator in tomllib.loads(path.read_text(encoding="utf-8"))["indicator"]:
            for kind, of in indicator.get("system", {}).items():
                name = indicator["id"]
                if kind == "sum_of":
                    sums.append((name, of))
                elif kind == "ratio":
                    ratios.append((name, of))
                else:
                    aggregate = {"count": "count(*)", "sum": f"sum({of.get('column')})", "max": f"max({of.get('column')})"}[kind]
                    where = of.get("where", "TRUE").replace("{residual}", "141099")
                    tables.setdefault(of["table"], []).append((name, f"coalesce({aggregate} FILTER (WHERE {where}), 0)"))
                    for breakdown in indicator.get("breakdowns", []):
                        broken.setdefault((of["table"], breakdown), []).append(tables[of["table"]][-1])
    # A sum of sums is the sum of what those are made of.
    made_of = dict(sums)
    flat = lambda part: [leaf for inner in made_of[part] for leaf in flat(inner)] if part in made_of else [part]
    sums = [(name, [leaf for part in parts for leaf in flat(part)]) for name, parts in sums]
    return tables, sums, ratios, broken


def statements(pipelines, of_school):
    """SQL for all of them at school, county and city: one statement a table and one a breakdown."""
    tables, sums, ratios, broken = measures(pipelines)
    place = "report_year, coalesce(school_code, '') AS school_code, coalesce(region_code, '') AS region_code"
    made = "CREATE OR REPLACE TEMP TABLE measured AS "
    parts = []
    for (table, breakdown), measured in [((table, None), measured) for table, measured in tables.items()] + list(broken.items()):
        columns = ", ".join(f"CAST({sql} AS DOUBLE) AS {name}" for name, sql in measured)
        levels, source, what = LEVELS, f'"{table}"', "'' AS breakdown, '' AS code"
        if breakdown:
            levels = levels.replace("(report_year", f"({breakdown}, report_year")
            what = f"'{breakdown}' AS breakdown, coalesce({breakdown}, '') AS code"
            if breakdown in of_school and table != "school":
                source = f'"{table}" JOIN (SELECT report_year, school_code, {breakdown} FROM dim_school) USING (report_year, school_code)'
        inner = f"SELECT {place}, {what}, {columns} FROM {source} WHERE counted GROUP BY {levels}"
        parts.append(f"(UNPIVOT ({inner}) ON {', '.join(name for name, _ in measured)} INTO NAME indicator_id VALUE value)")
    yield made + " UNION ALL ".join(f"SELECT report_year, school_code, region_code, breakdown, code, indicator_id, value FROM {part}" for part in parts)
    whole = "FROM measured WHERE breakdown = ''"
    for name, of in sums:
        ids = ", ".join(f"'{part}'" for part in of)
        yield (
            "INSERT INTO measured SELECT report_year, school_code, region_code, '', '', "
            f"'{name}', sum(value) {whole} AND indicator_id IN ({ids}) GROUP BY report_year, school_code, region_code"
        )
    wanted = ", ".join(f"('{name}', '{of['numerator']}', '{of['denominator']}', {of['factor']}, '{of.get('denominator_level', '')}')" for name, of in ratios)
    yield f"""CREATE OR REPLACE TEMP TABLE ratios AS
        SELECT part.report_year, part.school_code, part.region_code, wanted.id AS indicator_id,
               factor * part.value / nullif(whole.value, 0) AS value
        FROM (VALUES {wanted}) AS wanted(id, numerator, denominator, factor, level)
        JOIN measured AS part ON part.indicator_id = numerator AND part.breakdown = ''
        JOIN measured AS whole ON whole.indicator_id = denominator AND whole.breakdown = '' AND whole.report_year = part.report_year
             AND whole.school_code = if(level = 'city', '', part.school_code)
             AND whole.region_code = if(level = 'city', '', part.region_code)"""


def with_duckdb(release, pipelines, repeats=7):
    """The indicators on system data, from the Parquet of a release, compared with those published in it."""
    import duckdb

    connection = duckdb.connect()
    with contextlib.chdir(release):
        connection.execute(Path("catalog.sql").read_text(encoding="utf-8"))
        of_school = {row[0] for row in connection.sql("DESCRIBE dim_school").fetchall()}
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            for statement in statements(pipelines, of_school):
                connection.execute(statement)
            seconds.append(time.perf_counter() - start)
        compared, wrong = compare(connection)
    threads = connection.sql("SELECT current_setting('threads')").fetchall()[0][0]
    if wrong or not compared:
        sys.exit(f"DuckDB and the release disagree on {len(wrong)} of {compared} values: {wrong[:5]}")
    return {
        "first": seconds[0],
        "seconds": seconds,
        "median": statistics.median(seconds),
        "compared": compared,
        "threads": threads,
        "versions": versions("duckdb"),
    }


def compare(connection):
    """How many published values DuckDB has too, and those that it has otherwise."""
    published = """SELECT i.report_year, i.level, i.school_code, i.region_code, i.breakdown, i.breakdown_code, i.indicator_id,
               coalesce(i.value, 0), coalesce(o.value, 0)
        FROM indicator_value AS i LEFT JOIN
             (FROM measured UNION ALL SELECT report_year, school_code, region_code, '', '', indicator_id, value FROM ratios) AS o
          ON o.report_year = i.report_year AND o.indicator_id = i.indicator_id
             AND o.breakdown = i.breakdown AND o.code = if(i.breakdown_code = 'unknown', '', i.breakdown_code)
             AND o.school_code = if(i.level = 'school', i.school_code, '')
             AND o.region_code = if(i.level = 'county', i.region_code, '')
        WHERE i.basis = 'system' AND i.state = 'value'"""
    rows = connection.sql(published).fetchall()
    wrong = [row for row in rows if abs(float(row[-2]) - float(row[-1])) > 1e-6]
    return len(rows), wrong


def main():
    what, *arguments = sys.argv[1:]
    does = {"openpyxl": with_openpyxl, "fastexcel": with_fastexcel, "duckdb": with_duckdb}[what]
    print(json.dumps(does(*map(os.path.abspath, arguments))))


if __name__ == "__main__":
    main()
