"""Seeded damage to published releases, a piece at a time: `verify` ends with 1 and names each."""

import json
import random
import re
from collections import Counter

import city
from lab import at_once


class Tree:
    """A published tree that a mutation changes and that is then put right again."""

    def __init__(self, data):
        self.data = data
        self.warehouse = data / "warehouse"
        self.files = sorted(path for path in self.warehouse.rglob("*") if path.is_file())
        self.bytes = {path: path.read_bytes() for path in self.files}

    def below(self, rng, *ends):
        return rng.choice([path for path in self.files if not ends or path.name.endswith(ends)])

    def restore(self):
        for path in self.warehouse.rglob("*"):
            if path.is_symlink() or (path.is_file() and path not in self.bytes):
                path.unlink()
        for path, content in self.bytes.items():
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def flip(tree, rng):
    path = tree.below(rng)
    content = bytearray(tree.bytes[path])
    at = rng.randrange(len(content))
    content[at] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return path


def flip_table(tree, rng):
    path = tree.below(rng, ".parquet")
    content = bytearray(tree.bytes[path])
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return path


def truncate(tree, rng):
    path = tree.below(rng)
    path.write_bytes(tree.bytes[path][: rng.randrange(len(tree.bytes[path]))])
    return path


def lengthen(tree, rng):
    path = tree.below(rng, ".parquet", ".sql")
    path.write_bytes(tree.bytes[path] + bytes(rng.randrange(1, 9)))
    return path


def blank(tree, rng):
    """As a disk that lost a block gives it back."""
    path = tree.below(rng)
    content = bytearray(tree.bytes[path])
    start = rng.randrange(len(content))
    end = min(len(content), start + 4096)
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    return path


def delete(tree, rng):
    path = tree.below(rng)
    path.unlink()
    return path


def extra(tree, rng):
    folder = tree.below(rng, ".parquet").parent
    path = folder / rng.choice(["extra.parquet", ".hidden", "部分.parquet", "student-0000000000000000.parquet"])
    path.write_bytes(rng.randbytes(rng.randrange(20)))
    return path


def extra_link(tree, rng):
    target = tree.below(rng, ".parquet")
    path = target.parent / "linked.parquet"
    path.symlink_to(target)
    return path


def swap(tree, rng):
    """Two files of one release under each other's names."""
    first = tree.below(rng, ".parquet")
    of = first.relative_to(tree.warehouse).parts[1]
    second = rng.choice([path for path in tree.files if path.suffix == ".parquet" and path.relative_to(tree.warehouse).parts[1] == of])
    first.write_bytes(tree.bytes[second])
    second.write_bytes(tree.bytes[first])
    return first


def swap_release(tree, rng):
    """The file of another release."""
    first = tree.below(rng, ".parquet")
    parts = list(first.relative_to(tree.warehouse).parts)
    others = [path for path in tree.files if path.relative_to(tree.warehouse).parts[2:4] == tuple(parts[2:4])]
    second = rng.choice(others)
    first.write_bytes(tree.bytes[second])
    return first


def pointer(tree, rng):
    path = tree.warehouse / "CURRENT.json"
    current = json.loads(tree.bytes[path])
    name = rng.choice(sorted(current))
    value = current[name]
    other = rng.choice(sorted({"format": [0, 2, 99], "release": [0, 1, 3], "path": ["releases/000001", "releases/000009", ""], "digest": ["", "0" * 64]}.get(name, [None]), key=str))
    if other == value:
        return path
    current[name] = other
    path.write_text(json.dumps(current))
    return path


def manifest(tree, rng):
    path = tree.below(rng, "manifest.json")
    told = json.loads(tree.bytes[path])
    kind = rng.choice(["rows", "sha256", "bytes", "drop", "add", "digest", "release", "created", "program", "outcome", "input", "loaded"])
    file = rng.choice(told["files"])
    if kind in ("rows", "bytes"):
        file[kind] += 1
    elif kind == "sha256":
        file[kind] = rng.choice(told["files"])["sha256"]
    elif kind == "drop":
        told["files"].remove(file)
    elif kind == "add":
        told["files"].append(file | {"path": "flat/more.parquet"})
    elif kind == "digest":
        told["digest"] = "0" * 64
    elif kind == "release":
        told["release"] += 1
    elif kind == "input":
        told["inputs"].pop()
    elif kind == "loaded":
        told["summary"]["rows"]["loaded"] += 1
    elif kind == "outcome":
        told["outcome"] = "clean"
    else:
        told[kind] += "0"
    path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    return path


KINDS = [flip, flip_table, truncate, lengthen, blank, delete, extra, extra_link, swap, swap_release, pointer, manifest]


def run(lab, report, whole, seed):
    drops = [city.deliver(lab.place("drop"), version) for version in range(2)]
    data = lab.with_key()
    for drop in drops:
        lab.publish(data, drop)
    total = 2000 if whole else 200
    counts, missed = Counter(), Counter()

    def part(worker):
        # Copies have no links between releases: what is damaged in one is whole in the other.
        tree = Tree(lab.copy(data))
        for number in range(worker, total, 2):
            one(tree, number)

    def one(tree, number):
        rng = random.Random(f"{seed} {number}")
        kind = KINDS[number % len(KINDS)]
        changed = False
        while not changed:
            path = kind(tree, rng)
            changed = not path.exists() or path.is_symlink() or path.read_bytes() != tree.bytes.get(path)
        told = lab.verify(tree.data)
        # A manifest or pointer that names the wrong thing may be told by what it names.
        named = path.name in told.out + told.err or (path.suffix == ".json" and re.search(r"manifest|CURRENT|parquet|sql", told.out + told.err))
        counts[kind.__name__] += 1
        if told.code != 1 or not named:
            missed[kind.__name__] += 1
            what = difference(tree.bytes.get(path, b""), path)
            report.violation("verify", f"{kind.__name__}: {path.relative_to(tree.warehouse)}{what}: exit code {told.code}, {'named' if named else 'not named'} [seed {seed}, mutation {number}]")
        tree.restore()

    at_once(part, range(2))
    checked = lab.verify(data)
    if checked.code:
        report.violation("test of the test", f"verify of the undamaged tree ends with {checked.code}")
    report.table(["mutation", "made", "missed"], [[kind.__name__, counts[kind.__name__], missed[kind.__name__]] for kind in KINDS] + [["all", sum(counts.values()), sum(missed.values())]])


def difference(was, path):
    """What a JSON says otherwise than before, for the one who mends it."""
    if path.suffix != ".json" or not path.exists():
        return ""
    now = path.read_bytes()
    at = next((at for at, (one, other) in enumerate(zip(was, now)) if one != other), min(len(was), len(now)))
    try:
        before, after = json.loads(was), json.loads(now)
        keys = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
        return f" says another {', '.join(keys)}" + (f": {after.get(keys[0])!r}" if path.name == "CURRENT.json" else "")
    except ValueError:
        return f" at byte {at}"
