"""What all the crash tests share: the program under test, a folder to break it in, and eyes of their own on what it left."""

import hashlib
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# 2024-10-27T03:33:20Z. The clock stands there, so that what holds a time can be compared byte for byte.
CLOCK = 1_730_000_000
# The run's own number and clock are in these two, and they are not compared.
OWN = ("tables/run/run.parquet", "manifest.json")
# Nor is the table that says on which day each delivery arrived: that is not in the delivery.
ARRIVALS = "delivery_status.parquet"
# How a document names its release.
NUMBER = re.compile("第 [0-9]{6} 版".encode())
KEY = "0123456789abcdef" * 4
# Longer than any run on any machine; a run that takes it hangs.
PATIENCE = 300


class Missing(Exception):
    """A tool that is not there, and the package that has it."""


def need(*tools):
    """Refuses to begin without these tools, and says all that is missing at once."""
    missing = [f"{tool} is missing: apt-get install {package}" for tool, package in tools if not shutil.which(tool)]
    if missing:
        raise Missing("\n       ".join(missing))


@dataclass
class Ended:
    """How a process ended: exit code, or minus the signal."""

    code: int
    out: str
    err: str

    def published(self):
        return self.code in (0, 10)


class Broken(Exception):
    """Published data that is not whole."""


@dataclass
class Release:
    number: int
    digest: str
    path: Path
    # Path below the release → SHA-256 of what lies there, without what holds the run's own clock.
    content: dict


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def standing(data):
    """The release that CURRENT.json names, read and hashed here and not by the program; None before the first."""
    pointer = data / "warehouse/CURRENT.json"
    try:
        current = json.loads(pointer.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Broken(f"CURRENT.json does not parse: {error}") from None
    folder = data / "warehouse" / current["path"]
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        raise Broken(f"the manifest that CURRENT.json names: {error}") from None
    if manifest["digest"] != current["digest"] or manifest["release"] != current["release"]:
        raise Broken("CURRENT.json and the manifest it names differ")
    told = {file["path"]: file["sha256"] for file in manifest["files"]}
    found = {str(path.relative_to(folder)): sha256(path) for path in folder.rglob("*") if path.is_file()}
    found.pop("manifest.json")
    if found != told:
        paths = sorted(path for path in found.keys() | told.keys() if found.get(path) != told.get(path))
        raise Broken(f"files that are not as the manifest says: {', '.join(paths)}")
    content = {path: hash for path, hash in found.items() if path not in OWN and not path.endswith(ARRIVALS)}
    return Release(current["release"], current["digest"], folder, content)


def documents(data):
    """Path below reports/ → SHA-256 of what a document says, whatever the number of its release."""

    def said(path):
        try:
            with zipfile.ZipFile(path) as book:
                parts = b"".join(name.encode() + book.read(name) for name in sorted(book.namelist()))
        except (zipfile.BadZipFile, EOFError, zlib.error):
            return "not a workbook"
        return hashlib.sha256(NUMBER.sub("版".encode(), parts)).hexdigest()

    folder = data / "reports"
    return {str(path.relative_to(folder)): said(path) for path in folder.rglob("*.xlsx")}


def leftovers(data, temporary):
    """What a finished run should have cleared away."""
    left = [path for path in data.rglob("*") if path.name.endswith(".tmp") or path.name.startswith(".trial")]
    left += (data / "staging/release").glob("*")
    left += (path for path in (data / "warehouse/releases").glob("*") if not (path / "manifest.json").exists())
    left += temporary.rglob("*") if temporary.exists() else ()
    return sorted(set(left))


class Lab:
    """A folder that goes away, the program, and the preload that breaks its calls."""

    def __init__(self, binary, folder=None):
        self.binary = Path(binary).resolve()
        if not self.binary.exists():
            raise Missing(f"{self.binary} is not there: make build")
        # Memory where there is plenty: thousands of runs, each synced to the disk dozens of times, tell nothing more.
        memory = Path("/dev/shm")
        if folder is None and memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30:
            folder = memory
        self.folder = Path(tempfile.mkdtemp(prefix="nianbao-crash-", dir=folder))
        self.preload = self.folder / "faults.so"
        compiled = subprocess.run(
            ["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", self.preload, HERE / "faults.c"],
            capture_output=True, text=True,
        )
        if compiled.returncode:
            raise Missing(f"cc does not compile faults.c:\n{compiled.stderr}")
        self.lock = threading.Lock()
        self.made = 0
        self.known = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name="place"):
        """A new empty folder."""
        with self.lock:
            self.made += 1
            folder = self.folder / f"{name}-{self.made}"
        folder.mkdir()
        return folder

    def environment(self, faults=None, **more):
        variables = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC",
            # One thread for the work and one for polars: the same calls in the same order.
            "NIANBAO_THREADS": "1", "POLARS_MAX_THREADS": "1",
        }
        if faults is not None:
            variables |= {"LD_PRELOAD": str(self.preload)} | {f"FAULTS_{name}": str(value) for name, value in faults.items()}
        return variables | {name: str(value) for name, value in more.items()}

    def start(self, data, *arguments, faults=None, before=(), environment=None, **streams):
        command = [str(self.binary), *map(str, arguments), "--data", str(data)]
        variables = self.environment({"CLOCK": CLOCK} | (faults or {}), **(environment or {}))
        if before:
            # The preload is for the program, not for what starts it.
            own = [f"{name}={variables.pop(name)}" for name in list(variables) if name.startswith(("LD_", "FAULTS_"))]
            given = [word for setting in own for word in ("-E", setting)] if before[0] == "strace" else ["env", *own]
            command = [*before, *given, *command]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        return subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, cwd=self.folder, **streams)

    def nianbao(self, data, *arguments, **how):
        process = self.start(data, *arguments, **how)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Ended(-255, "", f"error: still running after {PATIENCE} s")
        return Ended(process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"))

    def run(self, data, drop, *arguments, **how):
        return self.nianbao(data, "run", "--quiet", "--drop", drop, *arguments, **how)

    def publish(self, data, drop, *arguments, **how):
        """A run that must publish, and the release it left."""
        ended = self.run(data, drop, *arguments, **how)
        if not ended.published():
            raise Broken(f"a run without faults ended with {ended.code}: {ended.err}")
        return standing(data)

    def fresh(self, drop):
        """What one run from nothing publishes of a drop folder; asked again, it is known."""
        inputs = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(drop.rglob("*.*")))).hexdigest()
        if inputs not in self.known:
            self.known[inputs] = self.publish(self.with_key(), drop).content
        return self.known[inputs]

    def with_key(self, name="data"):
        """A data root with a key and nothing else: two of them give the same pseudonyms."""
        data = self.place(name) / "var"
        (data / "identity").mkdir(parents=True)
        key = data / "identity/pseudonym.key"
        key.write_text(KEY + "\n")
        key.chmod(0o600)
        (data / "identity").chmod(0o700)
        return data

    def copy(self, data, name="copy"):
        return Path(shutil.copytree(data, self.place(name) / "var", symlinks=True))

    def verify(self, data, *arguments):
        return self.nianbao(data, "verify", *arguments)


def remaining(folder):
    """Processes that still work below a folder, after time to end: what a killed run started must go with it."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) != folder:
                continue
            watched = os.pidfd_open(int(process.name))
        except OSError:
            continue
        if not select.select([watched], [], [], 30)[0]:
            left.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        os.close(watched)
    return left


def at_once(work, items, workers=2, minutes=None):
    """Results of `work` over items, a few at a time; those that came within the time, where there is one."""
    done, waiting, items = [], set(), iter(items)
    end = None if minutes is None else time.monotonic() + 60 * minutes
    with ThreadPoolExecutor(workers) as pool:
        while True:
            while len(waiting) < workers and (end is None or time.monotonic() < end):
                try:
                    waiting.add(pool.submit(work, next(items)))
                except StopIteration:
                    break
            if not waiting:
                return done
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            done += (one.result() for one in ended)


class Report:
    """Rows of tables and violations of all parts; says at the end whether everything held."""

    def __init__(self):
        self.violations = []
        self.skipped = []

    def violation(self, part, text):
        self.violations.append((part, text))

    def skip(self, part, why):
        self.skipped.append((part, why))
        print(f"SKIPPED {part}: {why}", flush=True)

    def table(self, head, rows):
        rows = [[str(cell) for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        for row in [head, *rows]:
            cells = [cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
            print("  " + "  ".join(cells))
        sys.stdout.flush()

    def end(self):
        grouped = Counter(self.violations)
        for (part, text), count in grouped.items():
            print(f"VIOLATION {part}: {text}" + (f" ({count} times)" if count > 1 else ""))
        for part, why in self.skipped:
            print(f"SKIPPED {part}: {why}")
        print(f"{len(self.violations)} violations, {len(self.skipped)} parts skipped", flush=True)
        return 1 if self.violations else 0
