"""Every call of a run that touches files is made to fail, one at a time, and what is left is looked at.

A point is one call of one scenario with one fault. After it, the published release must be the old one or the new
one, whole; after the next run without a fault it must be what an uninterrupted run publishes, byte for byte.
"""

import errno
import os
import random
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import city
from lab import Broken, at_once, documents, leftovers, standing

NEEDS = [("strace", "strace")]

# What strace may trace, by the name that the preload has for it.
CALLS = {
    "open": "open,openat,creat",
    "write": "write,pwrite64,writev,pwritev,pwritev2",
    "fsync": "fsync,fdatasync,syncfs,sync_file_range",
    "rename": "rename,renameat,renameat2",
    "link": "link,linkat,symlink,symlinkat",
    "unlink": "unlink,unlinkat,rmdir",
    "mkdir": "mkdir,mkdirat",
    "ftruncate": "ftruncate,truncate",
    "copy": "copy_file_range,sendfile,splice",
}
DISK = ("open", "write", "fsync", "rename", "link", "mkdir", "ftruncate", "copy")
# Faults after which a run must go on as if nothing was: a part of the bytes written, a call interrupted.
HARMLESS = ("short write", "EINTR")


@dataclass
class Scenario:
    """A data root as it was before the run, a drop folder, and what may stand afterwards."""

    name: str
    data: Path
    drop: Path
    old: object
    new: object
    documents: dict
    calls: list = field(default_factory=list)
    looks: list = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    number: int
    kind: str
    thread: str
    path: str

    def place(self):
        """Its path without what differs from run to run."""
        path = re.sub(r"^.*?/?var(/|$)", r"var\1", self.path) if "var" in self.path else self.path
        path = re.sub(r"\.trial-[0-9]+", ".trial", re.sub(r"[0-9a-f]{64}", "HASH", path))
        path = re.sub(r"/(landing|fragments)/[0-9a-f]{2}(/|$)", r"/\1/XX\2", path)
        path = re.sub(r"-[0-9a-f]{16}\.parquet", "-HASH.parquet", path)
        return re.sub(r"\.[0-9]+-ThreadId\([0-9]+\)", ".PROCESS", path)


@dataclass(frozen=True)
class Point:
    scenario: str
    call: Call
    fault: str
    faults: tuple

    def reproduction(self):
        return f"{self.scenario}: {self.fault} at {self.call.kind} {self.call.place()}"

    def command(self):
        """How to make it happen again: `--only matrix --point` with these."""
        return ",".join([self.scenario, *(f"{name}={value}" for name, value in self.faults)])


def scenarios(lab):
    """A first run (of one year), one after a file of two years changed, one with nothing new, one without a key."""
    drops = [city.deliver(lab.place("drop"), version) for version in range(2)]
    one_year = city.deliver(lab.place("drop"), years=(2023,))
    empty = lab.with_key("empty")
    first = lab.copy(empty, "first")
    begun = lab.publish(first, one_year)
    base = lab.copy(empty, "published")
    published = lab.publish(base, drops[0])
    second = lab.copy(base, "second")
    changed = lab.publish(second, drops[1])
    nothing = lab.place("nothing") / "var"
    made = [
        Scenario("first", empty, one_year, None, begun, documents(first)),
        Scenario("changed", base, drops[1], published, changed, documents(second)),
        Scenario("unchanged", base, drops[0], published, published, documents(base)),
        Scenario("no key", nothing, one_year, None, None, {}),
    ]
    for scenario in made:
        scenario.calls = census(lab, scenario, "change")
        scenario.looks = census(lab, scenario, "look")
    # Until the key is made, nothing else differs from a first run.
    key = [call.number for call in made[3].calls if "identity" in call.path or call.kind == "mkdir"]
    until = max(call.number for call in made[3].calls if "pseudonym.key" in call.path and call.number in key) + 1
    made[3].calls = [call for call in made[3].calls if call.number <= until]
    made[3].looks = []
    return {scenario.name: scenario for scenario in made}


def census(lab, scenario, what):
    """All calls of an undisturbed run."""
    place = lab.place("census")
    data = place / "var"
    if scenario.data.exists():
        shutil.copytree(scenario.data, data)
    log = place / "log"
    ended = lab.run(data, scenario.drop, faults={"COUNT": what, "LOG": log})
    if not ended.published():
        raise Broken(f"{scenario.name}: a run without faults ended with {ended.code}: {ended.err}")
    return logged(log)


def logged(log):
    """The calls that the preload wrote down, in their order."""
    calls = []
    for line in log.read_text().splitlines():
        number, kind, thread, path = line.split("\t")
        calls.append(Call(int(number), kind, thread, path))
    calls.sort(key=lambda call: call.number)
    return calls


def seen_by_strace(lab, scenario):
    """The same calls as the kernel counts them, by kind; those on files alone."""
    place = lab.place("strace")
    data = place / "var"
    if scenario.data.exists():
        shutil.copytree(scenario.data, data)
    log = place / "log"
    # `-b execve` lets child processes go once they become another program.
    strace = ["strace", "-f", "-y", "-qq", "-s", "0", "-b", "execve", "-o", str(log), "-e", f"trace={','.join(CALLS.values())}"]
    ended = lab.run(data, scenario.drop, before=strace)
    if not ended.published():
        raise Broken(f"{scenario.name}: under strace a run ended with {ended.code}: {ended.err}")
    kinds = {name: kind for kind, names in CALLS.items() for name in names.split(",")}
    counts, lines = Counter(), []
    for line in joined(log.read_text().splitlines()):
        match = re.match(r"(\d+) +(\w+)\((.*)", line)
        if not match or match[2] not in kinds:
            continue
        kind, arguments = kinds[match[2]], match[3]
        lines.append((match[1], match[2], kind, arguments))
        if kind == "open" and not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments):
            continue
        # Pipes, sockets and event counters have no slash at the head of their names; the terminal is no file.
        if kind in ("write", "copy") and not re.match(r"\d+<(/dev/shm)?/(?!dev/)", arguments):
            continue
        counts[kind] += 1
    return counts, lines, data


def joined(lines):
    """Lines of strace, with calls that it tells in two halves put together."""
    open_calls = {}
    for line in lines:
        if line.endswith("<unfinished ...>"):
            open_calls[line.split()[0]] = line.removesuffix("<unfinished ...>")
        elif match := re.match(r"(\d+) +<\.\.\. \w+ resumed>(.*)", line):
            yield open_calls.pop(match[1], match[1] + " ") + match[2]
        else:
            yield line


def points(lab, made, rng, at_most):
    """Every point there is; of a seeded part, some of each kind and fault first."""
    every = []
    for scenario in made.values():
        for call in scenario.calls:
            faults = {"kill": {"ACT": "kill"}}
            if call.kind == "write":
                faults |= {"kill in a write": {"ACT": "tear"}, "short write": {"ACT": "short"}}
            if call.kind in ("open", "write", "fsync"):
                faults["EINTR"] = {"ACT": errno.EINTR}
            for name in ("EIO", "ENOSPC", "EDQUOT") if call.kind in DISK else ("EIO",):
                number = getattr(errno, name)
                faults[name] = {"ACT": number}
                faults[f"{name}, lasting"] = {"ACT": number, "UNTIL": "all"}
            if call.kind in DISK:
                faults["ENOSPC, lasting for its kind"] = {"ACT": errno.ENOSPC, "UNTIL": "kind"}
            for fault, settings in faults.items():
                every.append(point(scenario, call, fault, settings))
        seen = set()
        for call in scenario.looks:
            # A file is read in many pieces; the first of them stands for all.
            if call.path.startswith(str(lab.folder)) and (call.kind, call.path) not in seen:
                seen.add((call.kind, call.path))
                settings = {"ACT": errno.EIO, "COUNT": "look"}
                every.append(point(scenario, call, "EIO", settings))
                every.append(point(scenario, call, "EIO, lasting for its kind", settings | {"UNTIL": "kind"}))
    # What differs from another fault in its name alone is tried at some calls.
    rare = {"EDQUOT": 16, "EDQUOT, lasting": 16, "EINTR": 4, "ENOSPC, lasting for its kind": 8, "EIO, lasting for its kind": 8}
    met = Counter()
    kept = []
    for one in every:
        met[one.fault] += 1
        if met[one.fault] % rare.get(one.fault, 1) == 0:
            kept.append(one)
    groups = defaultdict(list)
    for one in kept:
        groups[one.scenario, one.call.kind, one.fault].append(one)
    groups = list(groups.values())
    rng.shuffle(groups)
    for group in groups:
        rng.shuffle(group)
    chosen = []
    at_most = min(at_most or len(kept), len(kept))
    while len(chosen) < at_most:
        for group in [group for group in groups if group]:
            chosen.append(group.pop())
    return chosen[:at_most]


def point(scenario, call, fault, settings):
    return Point(scenario.name, call, fault, tuple(sorted((settings | {"AT": call.number}).items())))


def judge(scenario, data, ended, fault):
    """Which release stands after a run, and what is wrong with it or with what the run said."""
    try:
        release = standing(data)
    except Broken as broken:
        return "broken", [f"the published release is not whole: {broken}"]
    if release is None:
        which, wrong = "none", [] if scenario.old is None else ["the published release is gone"]
    elif scenario.new and release.content == scenario.new.content and release.digest == scenario.new.digest:
        which, wrong = "new", []
    elif scenario.old and release.content == scenario.old.content and release.digest == scenario.old.digest:
        which, wrong = "old", []
    elif scenario.new is None:
        which, wrong = "new", []
    else:
        which, wrong = "another", ["the published release is neither the old nor the new one"]
    if scenario.new is scenario.old and which == "new":
        which = "old"
    if ended is None:
        return which, wrong
    if "internal fault" in ended.err or "panicked" in ended.err:
        wrong.append(f"a fault of the program: {last_line(ended.err)}")
    errors = [line for line in ended.err.splitlines() if line.startswith("error:")]
    done = which == "new" or (scenario.new is scenario.old and which == "old")
    if ended.code < 0 and fault not in ("kill", "kill in a write"):
        wrong.append(f"ended by signal {-ended.code}")
    if ended.code >= 0:
        if which == "new" and scenario.new is not scenario.old and "untouched" in ended.err:
            wrong.append("the release was published, and the run says that nothing was touched")
        if ended.published() and not done:
            wrong.append(f"exit code {ended.code}, and nothing was published")
        if ended.published() and scenario.documents and documents(data) != scenario.documents:
            wrong.append(f"exit code {ended.code}, and documents are missing or old")
        if not ended.published() and len(errors) != 1:
            wrong.append(f"exit code {ended.code} with {len(errors)} lines that begin `error:`")
        if not ended.published() and ended.code not in (1, 30):
            wrong.append(f"exit code {ended.code} for a fault of the machine")
        if fault in HARMLESS and not (ended.published() and done):
            wrong.append(f"exit code {ended.code} for what a program must take: {last_line(ended.err)}")
    return which, wrong


def last_line(text):
    return re.sub(r"/\S*nianbao-crash-[^/]*/[^/]*/", "", (text.strip().splitlines() or [""])[-1])[:160]


def run_point(lab, scenario, one, spoil=None):
    """The run with the fault, what stands, the next run, what stands then."""
    place = lab.place("point")
    data, temporary, log = place / "var", place / "tmp", place / "log"
    temporary.mkdir()
    if scenario.data.exists():
        shutil.copytree(scenario.data, data)
    ended = lab.run(data, scenario.drop, faults=dict(one.faults) | {"LOG": log}, environment={"TMPDIR": temporary})
    reached = log.exists()
    if spoil:
        spoil(data)
    which, wrong = judge(scenario, data, ended, one.fault)
    # A delivery that cannot be opened is one file, not the whole run: a draft without it is published, and is whole.
    if which == "another" and one.call.path.startswith(str(scenario.drop)) and ended.code == 10:
        which, wrong = "draft", []
    checked = lab.verify(data)
    # The first release may be whole before anything points at it; verify misses the pointer, the next run makes it.
    unpointed = which == "none" and "CURRENT.json" in checked.out + checked.err and not (data / "warehouse/CURRENT.json").exists()
    # A run that could not make the data root made none, and there is nothing to verify.
    rootless = checked.code == 2 and not any((data / name).is_dir() for name in ("ledger", "warehouse"))
    if checked.code != 0 and not unpointed and not rootless:
        wrong.append(f"verify after the fault ends with {checked.code}: {last_line(checked.out + checked.err)}")
    wrong += after(lab, scenario, data, temporary)
    shutil.rmtree(place)
    return one, reached, which, ended.code, wrong


def after(lab, scenario, data, temporary):
    """What is wrong after the next run, to which nothing is done."""
    ended = lab.run(data, scenario.drop, environment={"TMPDIR": temporary})
    if not ended.published():
        return [f"the next run ends with {ended.code}: {last_line(ended.err)}"]
    new, said = scenario.new, scenario.documents
    if new is None:
        # The key was made in this run: a fresh run with the same key tells what must come out.
        fresh = lab.place("fresh") / "var"
        (fresh / "identity").mkdir(parents=True)
        shutil.copy(data / "identity/pseudonym.key", fresh / "identity/pseudonym.key")
        new = lab.publish(fresh, scenario.drop)
        said = documents(fresh)
        shutil.rmtree(fresh.parent)
    wrong = []
    try:
        release = standing(data)
    except Broken as broken:
        return [f"after the next run the release is not whole: {broken}"]
    if release is None or release.digest != new.digest or release.content != new.content:
        wrong.append("after the next run the release is not that of an uninterrupted run")
    found = documents(data)
    for path in sorted(said.keys() | found.keys()):
        if found.get(path) != said.get(path):
            state = "missing" if path not in found else "not expected" if path not in said else "not that of an uninterrupted run"
            wrong.append(f"after the next run reports/{path} is {state}")
    for command in (["verify"], ["runs", "list"]):
        checked = lab.nianbao(data, *command)
        if checked.code != 0:
            told = last_line(checked.out + checked.err)
            wrong.append(f"`{' '.join(command)}` after the next run ends with {checked.code}: {told}")
    for path in leftovers(data, temporary):
        wrong.append(f"after the next run {Call(0, '', '', str(path)).place()} is still there")
    return wrong


def spoils():
    """Ways to damage what a run left; each must be told."""

    def pointer(data):
        path = data / "warehouse/CURRENT.json"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def swapped(data):
        first, second = sorted(standing(data).path.glob("flat/*.parquet"))[:2]
        one, two = first.read_bytes(), second.read_bytes()
        first.write_bytes(two)
        second.write_bytes(one)

    def manifest(data):
        (standing(data).path / "manifest.json").unlink()

    def mixed(data):
        # A table of the next release in the folder of this one, as an in-place replacement would leave it.
        path = sorted(standing(data).path.glob("tables/student/report_year=2024/*.parquet"))[0]
        path.write_bytes(path.read_bytes()[::-1])

    def gone(data):
        shutil.rmtree(data / "warehouse")

    return {"CURRENT.json half written": pointer, "two files swapped": swapped, "manifest gone": manifest,
            "a table replaced in place": mixed, "warehouse gone": gone}


def run(lab, report, seed, at_most=None, only=None, minutes=None):
    rng = random.Random(seed)
    made = scenarios(lab)
    if only:
        return run_one(lab, report, made, only)
    traced = compare_with_strace(lab, report, made)
    check_the_check(lab, report, made)
    chosen = points(lab, made, rng, at_most)
    print(f"crash matrix: {len(chosen)} points, seed {seed}", flush=True)
    results = at_once(lambda one: run_point(lab, made[one.scenario], one), chosen, minutes=minutes)
    if len(results) < len(chosen):
        print(f"the time was up after {len(results)} of {len(chosen)} points", flush=True)
    tabulate(report, results)
    killed_by_strace(lab, report, made, traced, rng, at_most and at_most // 6, minutes)
    return None


def run_one(lab, report, made, only):
    """One point again, with all it said."""
    name, *settings = only.split(",")
    faults = dict(setting.split("=") for setting in settings)
    scenario = made[name]
    calls = scenario.looks if faults.get("COUNT") == "look" else scenario.calls
    call = next(call for call in calls if call.number == int(faults["AT"]))
    print(call)
    for wrong in run_point(lab, scenario, Point(name, call, faults["ACT"], tuple(faults.items())))[4]:
        report.violation(only, wrong)


def tabulate(report, results):
    rows, codes = defaultdict(Counter), defaultdict(Counter)
    for one, reached, which, code, wrong in results:
        row = rows[one.scenario, one.call.kind, one.fault]
        row["points"] += 1
        row["not reached"] += not reached
        row[which] += 1
        row["violations"] += len(wrong)
        codes[one.fault][code] += 1
        for text in wrong:
            report.violation("matrix", f"{one.reproduction()}: {text} [{one.command()}]")
    columns = ["points", "none", "old", "new", "draft", "another", "broken", "not reached", "violations"]
    report.table(["scenario", "call", "fault", *columns], [[*key, *(row[column] for column in columns)] for key, row in sorted(rows.items())])
    total = sum(rows.values(), Counter())
    report.table(["fault", "exit codes (count)"], [[fault, ", ".join(f"{code} ({count})" for code, count in sorted(counts.items()))] for fault, counts in sorted(codes.items())])
    kinds = Counter(text for *_, wrong in results for text in wrong)
    report.table(["what was wrong", "points"], kinds.most_common())
    print("crash matrix: " + ", ".join(f"{column} {total[column]}" for column in columns), flush=True)


def compare_with_strace(lab, report, made):
    """The preload sees all that the kernel sees; else points would be missing without a word."""
    rows, traced = [], {}
    for name in ("first", "changed", "unchanged"):
        scenario = made[name]
        counts, lines, data = seen_by_strace(lab, scenario)
        for fault in not_synced(lines, data):
            report.violation("order of syncs", f"{name}: {fault}")
        traced[name] = lines
        ours = Counter(call.kind for call in scenario.calls)
        for kind in sorted(counts.keys() | ours.keys()):
            rows.append([name, kind, ours[kind], counts[kind]])
            if ours[kind] != counts[kind]:
                report.violation("census", f"{name}: {kind}: the preload sees {ours[kind]} calls, strace {counts[kind]}")
    print("calls of a run that change files, as the preload and as strace counts them")
    report.table(["scenario", "call", "preload", "strace"], rows)
    return traced


def not_synced(lines, data):
    """What is promised before it is on the disk: file contents, and names in folders on the way to them."""
    unsynced, names, faults, root = set(), {}, set(), str(data)
    released = f"{root}/warehouse/releases/"

    def below(path):
        return path[len(root) - len("var"):] if path.startswith(root) else path

    def pending(path):
        """Names on the way from the data root to a path that no folder's sync has made lasting."""
        while len(path) >= len(root):
            folder = os.path.dirname(path)
            if path in names.get(folder, ()):
                yield f"the name of {Call(0, '', '', below(path)).place()}"
            path = folder

    def check(when, paths):
        for path in sorted(paths):
            if path in unsynced:
                faults.add(f"{when}, {Call(0, '', '', below(path)).place()} is not synced")
            faults.update(f"{when}, {name} is not synced" for name in pending(path))

    known = set()
    for _, name, kind, arguments in lines:
        if not re.search(r"\) += [0-9]", arguments):
            continue
        paths = [path for path in re.findall(r'"([^"]*)"', arguments)]
        of = re.match(r"\d+<([^>]*)>", arguments)
        if kind == "open" and "O_CREAT" in arguments and paths[0].startswith(root):
            if paths[0] not in known:
                names.setdefault(os.path.dirname(paths[0]), set()).add(paths[0])
            known.add(paths[0])
            unsynced.add(paths[0])
        elif kind in ("write", "ftruncate", "copy") and of and of[1].startswith(root):
            unsynced.add(of[1])
        elif kind == "fsync":
            unsynced.discard(of[1])
            names.pop(of[1], None)
        elif kind == "mkdir" and paths[0].startswith(root):
            names.setdefault(os.path.dirname(paths[0]), set()).add(paths[0])
        elif kind == "unlink":
            gone = paths[-1]
            unsynced.discard(gone)
            known.discard(gone)
        elif kind in ("rename", "link") and paths[-1].startswith(root):
            source, to = paths
            if source in unsynced:
                unsynced.add(to)
                if kind == "rename":
                    unsynced.discard(source)
            known.add(to)
            names.setdefault(os.path.dirname(source), set()).discard(source)
            names.setdefault(os.path.dirname(to), set()).add(to)
            release = re.match(re.escape(released) + "[0-9]+", to)
            if to.endswith("/manifest.json"):
                check("when the manifest gets its name", {path for path in known if path.startswith(release[0]) and path != to})
                check("when the manifest gets its name", {to} & unsynced)
            elif to.endswith("/CURRENT.json"):
                check("when CURRENT.json gets its name", {path for path in known if path.startswith(released)})
                check("when CURRENT.json gets its name", {to} & unsynced)
    lasting = ("warehouse/", "ledger/runs/", "landing/", "reports/", "identity/pseudonym.key")
    check("at the end", {path for path in known if path.startswith(tuple(f"{root}/{part}" for part in lasting)) and os.path.exists(path)})
    return sorted(faults)


def killed_by_strace(lab, report, made, traced, rng, at_most, minutes):
    """The kernel's side of it: a kill at the Nth call of each name, N counted by strace for each thread.

    The first thread to get to its Nth call dies and all with it: of the calls of other threads with a lower number
    some are not met this way. The preload meets them.
    """
    tried = []
    for name in ("changed", "first"):
        threads = Counter((thread, call) for thread, call, *_ in traced[name])
        most = Counter()
        for (_, call), count in threads.items():
            most[call] = max(most[call], count)
        tried += [(name, call, number) for call, count in most.items() for number in range(1, count + 1) if call != "openat" or number > 20]
    rng.shuffle(tried)

    def one(item):
        name, call, number = item
        place = lab.place("strace-kill")
        data, temporary = place / "var", place / "tmp"
        shutil.copytree(made[name].data, data)
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-b", "execve", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        ended = lab.run(data, made[name].drop, before=strace)
        which, wrong = judge(made[name], data, ended, "kill")
        wrong += after(lab, made[name], data, temporary)
        shutil.rmtree(place)
        return name, call, number, which, ended.code, wrong

    rows = defaultdict(Counter)
    for name, call, number, which, code, wrong in at_once(one, tried[:at_most], minutes=minutes):
        row = rows[name, call]
        row["points"] += 1
        row[which] += 1
        row["not reached"] += code >= 0
        row["violations"] += len(wrong)
        for text in wrong:
            report.violation("kill by strace", f"{name}: kill at {call} {number}: {text}")
    columns = ["points", "none", "old", "new", "not reached", "violations"]
    print("kills by strace")
    report.table(["scenario", "call", *columns], [[*key, *(row[column] for column in columns)] for key, row in sorted(rows.items())])


def check_the_check(lab, report, made):
    """A harness that cannot fail says nothing: damage done by hand after a kill must be told, each kind of it."""
    scenario = made["changed"]
    rows = []
    late = [call for call in scenario.calls if "CURRENT" in call.path][-1]
    for name, spoil in spoils().items():
        one = point(scenario, late, "kill", {"ACT": "kill"})
        *_, wrong = run_point(lab, scenario, one, spoil)
        rows.append([name, len(wrong), wrong[0] if wrong else ""])
        if not wrong:
            report.violation("test of the test", f"{name}: nothing was found wrong")
    print("what must be found: damage done by hand to what a killed run left")
    report.table(["damage", "told", "first"], rows)
