"""Nights that go wrong in other ways: two runs at once, clocks, full disks, limits, other locales, backfills, edited state."""

import json
import os
import random
import shutil
import signal
import subprocess

import city
import matrix
from lab import CLOCK, Broken, Missing, at_once, documents, standing

NEEDS = [("prlimit", "util-linux"), ("mount", "mount")]

DAY = 86_400


class Night:
    """Counts of what was tried under one name, and its violations."""

    def __init__(self, report, name):
        self.report, self.name, self.tried, self.wrong = report, name, 0, 0

    def holds(self, true, text):
        self.tried += 1
        if not true:
            self.wrong += 1
            self.report.violation(self.name, text)

    def all(self, faults, where=""):
        self.tried += 1
        self.wrong += bool(faults)
        for fault in faults:
            self.report.violation(self.name, f"{where}{fault}")


def run(lab, report, whole, seed):
    rng = random.Random(seed)
    made = matrix.scenarios(lab)
    rows = []
    for part in (same_again, whatever_the_machine, clock_set_back, backfill, two_at_once, without_lock, edited_state,
                 no_room_for_output, size_limit, disk_full, retention, one_night_after_another):
        night = Night(report, part.__doc__.split(":")[0])
        try:
            part(lab, night, made, rng, whole)
        except Missing as missing:
            report.skip(night.name, str(missing))
        except Broken as broken:
            night.holds(False, str(broken))
        rows.append([night.name, night.tried, night.wrong])
        print(f"  {night.name}: {night.tried} tried, {night.wrong} wrong", flush=True)
    report.table(["night", "tried", "wrong"], rows)


def same_again(lab, night, made, rng, whole):
    """the same inputs again: no new release, the same bytes, no matter how often."""
    scenario = made["unchanged"]
    data = lab.copy(scenario.data)
    before = standing(data)
    for _ in range(3):
        ended = lab.run(data, scenario.drop)
        night.holds(ended.published() and "Nothing to do" in ended.out, f"a run with nothing new ends with {ended.code}: {ended.out[-100:]}")
    # Other times of the same files cost a reading and change nothing.
    drop = city.deliver(lab.place("drop"))
    for path in drop.rglob("*.*"):
        os.utime(path)
    ended = lab.run(data, drop)
    after = standing(data)
    night.holds(after.number == before.number and after.content == before.content, "the same inputs again made another release")


def whatever_the_machine(lab, night, made, rng, whole):
    """threads, locale, time zone, clock, folder and order of files: the same digest and the same bytes of tables."""
    scenario = made["changed"]
    backwards = lab.place("drop")
    for path, content in reversed(city.files(1).items()):
        (backwards / path).parent.mkdir(parents=True, exist_ok=True)
        (backwards / path).write_bytes(content)
    ways = {
        "two threads": ({"NIANBAO_THREADS": 2, "POLARS_MAX_THREADS": 2}, {}, scenario.drop),
        "eight threads": ({"NIANBAO_THREADS": 8, "POLARS_MAX_THREADS": 8}, {}, scenario.drop),
        "LANG=C": ({"LANG": "C", "LC_ALL": "C", "TZ": "UTC"}, {}, scenario.drop),
        "Chinese": ({"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "TZ": "Asia/Shanghai"}, {}, scenario.drop),
        "another day": ({}, {"CLOCK": CLOCK + 40 * DAY}, scenario.drop),
        "files made in another order": ({}, {}, backwards),
        "no HOME, another folder for temporary files": ({"HOME": "", "TMPDIR": lab.place("tmp")}, {}, scenario.drop),
    }
    for name, (environment, faults, drop) in ways.items():
        release = lab.publish(lab.with_key(), drop, environment=environment, faults=faults)
        night.holds(release.digest == scenario.new.digest, f"{name}: another digest")
        night.holds(release.content == scenario.new.content, f"{name}: other bytes of tables")


def clock_set_back(lab, night, made, rng, whole):
    """the clock set back a day: nothing lost, nothing twice."""
    drops = [city.deliver(lab.place("drop"), version) for version in range(2)]
    data = lab.with_key()
    lab.publish(data, drops[0])
    yesterday = {"CLOCK": CLOCK - DAY}
    ended = lab.run(data, drops[0], faults=yesterday)
    night.holds("Nothing to do" in ended.out, f"a day earlier the same inputs are done again: {ended.out[-100:]}")
    release = lab.publish(data, drops[1], faults=yesterday)
    night.holds(release.number == 2 and release.content == made["changed"].new.content, "a day earlier a change is not published as it is")
    again = lab.run(data, drops[1])
    night.holds("Nothing to do" in again.out and standing(data).number == 2, "with the clock right again the change is published twice")
    listed = json.loads(lab.nianbao(data, "runs", "list", "--json").out)
    night.holds(len(listed) == 4, f"four runs are {len(listed)} in the ledger")
    # A corrected file of the same length that carries the time of the old one, as a restored or a dated copy does.
    drop = city.deliver(lab.place("drop"), 1)
    path = drop / city.CHANGING
    old, content = path.stat(), path.read_bytes()
    corrected = content.replace("计算机应用".encode("gb18030"), "护理　　　".encode("gb18030"), 1)
    data = lab.with_key()
    lab.publish(data, drop)
    path.write_bytes(corrected)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    ended = lab.run(data, drop)
    night.holds(len(corrected) == len(content) and "Published" in ended.out,
                "a file of other content, but the same length and time, is not seen as changed")


def backfill(lab, night, made, rng, whole):
    """a backfill of one year: no byte outside that year changes."""
    for year, other in ((2023, 2024), (2024, 2023)):
        data = lab.copy(made["changed"].data)
        before, printed = standing(data), documents(data)
        # Both years were delivered anew; one is asked for.
        drop = city.deliver(lab.place("drop"), 2, earlier=2)
        after = lab.publish(data, drop, "--year", year)
        night.holds(after.number == before.number + 1, f"{year}: nothing was published")
        changed = [path for path in before.content.keys() | after.content.keys()
                   if path.startswith("tables/") and before.content.get(path) != after.content.get(path)]
        outside = [path for path in changed if f"report_year={year}" not in path]
        night.holds(not outside, f"{year}: changed as well: {', '.join(sorted(outside))}")
        night.holds(any(path.startswith("tables/student/") for path in changed), f"{year}: its students are the old ones")
        again = documents(data)
        night.holds(all(printed[path] == again.get(path) for path in printed if path.startswith(str(other))), f"{year}: the documents of {other} changed")
        # What was not asked for is still to be done, and comes out as if both had been done at once.
        last = lab.publish(data, drop)
        fresh = lab.publish(lab.with_key(), drop)
        night.holds(last.content == fresh.content, f"{year}: a run of all years afterwards gives other tables than one from nothing")


def stopped(lab, data, scenario, at, **faults):
    """A run that waits before one of its calls, holding what it holds."""
    process = lab.start(data, "run", "--quiet", "--drop", scenario.drop, faults={"ACT": "stop", "AT": at} | faults)
    pid, status = os.waitpid(process.pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        raise Broken(f"the run did not get to call {at}: {process.stderr.read().decode()}")
    return process


def finished(process):
    os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=300)
    return process.returncode, err.decode()


def after_lock(scenario):
    """Calls of a run that holds the lock, with its name in it; it may be emptied again at the end."""
    written = [index for index, call in enumerate(scenario.calls) if call.path.endswith("ledger/lock")]
    named = next(index for index in written if index + 1 not in written)
    return scenario.calls[named + 1 : written[-1] if written[-1] > named else None]


def two_at_once(lab, night, made, rng, whole):
    """two runs at once: the second ends with 75 and names the first, and a dead one holds nothing."""
    for name in ("first", "changed"):
        scenario = made[name]
        for call in rng.sample(after_lock(scenario), 12 if whole else 3):
            data = lab.copy(scenario.data)
            where = f"{name}, the first at call {call.number} ({call.kind} {call.place()}): "
            holder = stopped(lab, data, scenario, call.number)
            second = lab.run(data, scenario.drop)
            night.holds(second.code == 75, f"{where}the second ends with {second.code}: {second.err}")
            night.holds(str(holder.pid) in second.err and second.err.startswith("error:"), f"{where}the second does not name {holder.pid}: {second.err}")
            if call.number % 2:
                holder.kill()
                holder.communicate()
                night.holds(lab.run(data, scenario.drop).published(), f"{where}a killed run still holds the lock")
            else:
                code, err = finished(holder)
                night.holds(code in (0, 10), f"{where}the first ends with {code} because of the second: {err}")
                lab.run(data, scenario.drop)
            release = standing(data)
            night.holds(release and release.content == scenario.new.content, f"{where}the wrong release stands")
            shutil.rmtree(data.parent)


def without_lock(lab, night, made, rng, whole):
    """two runs on a file system that does not lock: published data stays whole, and no release is overwritten."""
    scenario = made["changed"]
    for call in rng.sample(after_lock(scenario), 40 if whole else 6):
        data = lab.copy(scenario.data)
        where = f"the first at call {call.number} ({call.kind} {call.place()}): "
        first = stopped(lab, data, scenario, call.number, NOLOCK="lock")
        second = lab.run(data, scenario.drop, faults={"NOLOCK": "lock"})
        code, err = finished(first)
        night.all([] if second.published() or code in (0, 10) else [f"neither publishes: {second.code} {second.err} {code} {err}"], where)
        faults = []
        try:
            release = standing(data)
            if release is None or release.content not in (scenario.new.content, scenario.old.content):
                faults.append("the release that stands is neither the old nor the new one")
        except Broken as broken:
            faults.append(str(broken))
        checked = lab.verify(data)
        if checked.code:
            faults.append(f"verify ends with {checked.code}: {matrix.last_line(checked.out + checked.err)}")
        night.all(faults, where)
        night.all([] if lab.run(data, scenario.drop).published() and standing(data).content == scenario.new.content else ["the next run does not mend it"], where)
        shutil.rmtree(data.parent)


def edited_state(lab, night, made, rng, whole):
    """state that was edited, cut, lost, or is of a newer program: refused by name, and nothing is begun afresh."""
    scenario = made["changed"]

    def newer(path):
        content = json.loads(path.read_text())
        content["format"] += 98
        path.write_text(json.dumps(content))

    def cut(path):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def emptied(path):
        path.write_bytes(b"")

    current, manifest, key = "warehouse/CURRENT.json", "warehouse/releases/000001/manifest.json", "identity/pseudonym.key"
    for file, damage in [(current, newer), (current, cut), (current, emptied), (manifest, newer), (manifest, cut), (manifest, emptied),
                         (manifest, os.unlink), (key, cut), (key, emptied), (key, os.unlink), (key, lambda path: path.write_text("f" * 64 + "\n"))]:
        data = lab.copy(scenario.data)
        damage(data / file)
        was = {path: path.read_bytes() for path in (data / "warehouse").rglob("*") if path.is_file()}
        ended = lab.run(data, scenario.drop)
        what = f"{file} {getattr(damage, '__name__', 'replaced').replace('<lambda>', 'replaced')}: "
        night.holds(ended.code in (1, 2), f"{what}the run ends with {ended.code}")
        night.holds(os.path.basename(file) in ended.err, f"{what}the error does not name it: {ended.err.strip()}")
        now = {path: path.read_bytes() for path in (data / "warehouse").rglob("*") if path.is_file()}
        night.holds(was == now, f"{what}the warehouse was changed")
    # What is only a memory may be lost, and what is lost of it costs time.
    for file, damage in [("ledger/seen.json", cut), ("ledger/seen.json", emptied), ("ledger/seen.json", os.unlink), ("ledger/lock", os.unlink),
                         (current, os.unlink), ("staging", shutil.rmtree)]:
        data = lab.copy(scenario.data)
        damage(data / file)
        release = lab.publish(data, scenario.drop)
        night.holds(release.content == scenario.new.content, f"{file} lost: another release than without")


def no_room_for_output(lab, night, made, rng, whole):
    """standard output that takes nothing: the run does its work, and says that its words are lost."""
    scenario = made["first"]
    data = lab.copy(scenario.data)
    with open("/dev/full", "w") as full:
        ended = lab.run(data, scenario.drop, stdout=full)
    release = standing(data)
    night.holds(release and release.content == scenario.new.content, "the release is not that of other runs")
    night.holds("panicked" not in ended.err and "internal fault" not in ended.err, f"a fault of the program: {ended.err}")
    night.holds(ended.code == 1 and "error:" in ended.err, f"exit code {ended.code} and no word about it: {ended.err.strip()!r}")


def size_limit(lab, night, made, rng, whole):
    """a limit on the size of files: killed or failed at that byte, old or new afterwards, and the next run mends it."""
    largest = max(path.stat().st_size for path in made["unchanged"].data.rglob("*") if path.is_file())
    limits = sorted({0, 1, 20, 64, *range(100, largest, max(1, largest // (60 if whole else 6))), largest})
    items = [(name, limit, ignored) for name in ("first", "changed") for limit in limits for ignored in (False, True)]

    def one(item):
        name, limit, ignored = item
        scenario, place = made[name], lab.place("limit")
        data = place / "var"
        shutil.copytree(scenario.data, data)
        # Ignored, the signal leaves the call to fail.
        before = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"] if ignored else []
        ended = lab.run(data, scenario.drop, before=[*before, "prlimit", f"--fsize={limit}", "--core=0"])
        which, wrong = matrix.judge(scenario, data, ended, "kill" if not ignored else "EFBIG")
        wrong += matrix.after(lab, scenario, data, place / "tmp")
        shutil.rmtree(place)
        return f"{name}, {limit} bytes, signal {'ignored' if ignored else 'deadly'}: ", wrong

    for where, wrong in at_once(one, items):
        night.all(wrong, where)


def disk_full(lab, night, made, rng, whole):
    """a disk that is full, tmpfs of every size: old or new, an error that says so, and the next run mends it."""
    if os.geteuid() != 0:
        raise Missing("mounting a tmpfs needs root")
    for name in ("first", "changed"):
        scenario = made[name]
        used = sum(-(-path.stat().st_size // 4096) * 4 for path in scenario.data.rglob("*") if path.is_file())
        step = 16 if whole else 160
        size, published = max(16, used // step * step), False
        while not published:
            at = lab.place("tmpfs")
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", at], capture_output=True, text=True)
            if mounted.returncode:
                raise Missing(f"a tmpfs cannot be mounted: {mounted.stderr.strip()}")
            try:
                data = at / "var"
                shutil.copytree(scenario.data, data)
                # With room for less than there is, the remount is refused: that is below the first size.
                shrunk = subprocess.run(["mount", "-o", f"remount,size={size}k", at], capture_output=True)
                if shrunk.returncode == 0:
                    ended = lab.run(data, scenario.drop)
                    published = ended.published()
                    which, wrong = matrix.judge(scenario, data, ended, "ENOSPC")
                    subprocess.run(["mount", "-o", "remount,size=64m", at], check=True)
                    wrong += matrix.after(lab, scenario, data, lab.place("tmp"))
                    night.all(wrong, f"{name}, {size} KiB: ")
            finally:
                subprocess.run(["umount", at], check=True)
            size += step


def retention(lab, night, made, rng, whole):
    """old releases removed, and each call of that killed or failed: what is kept is whole, and the next one finishes it."""
    drops = [city.deliver(lab.place("drop"), version) for version in range(3)]
    base = lab.with_key()
    for number, drop in enumerate((*drops, drops[0], drops[1])):
        # A release a day.
        lab.publish(base, drop, faults={"CLOCK": CLOCK + number * DAY})
    later = {"CLOCK": CLOCK + 10 * DAY}
    prune = ("releases", "prune", "--keep", "2", "--grace-days", "3")
    if lab.nianbao(lab.copy(base), "releases", "prune", "--dry-run").code == 2:
        raise Missing("this program has no `releases prune`")

    def numbers(data):
        return sorted(int(path.parent.name) for path in (data / "warehouse/releases").glob("[0-9]*/manifest.json"))

    # Somebody may still read what was replaced less than the days of grace ago.
    data = lab.copy(base)
    ended = lab.nianbao(data, *prune, faults={"CLOCK": CLOCK + 5 * DAY})
    night.holds(ended.code == 0 and numbers(data) == [2, 3, 4, 5], f"with 3 days of grace on day 5, {numbers(data)} are left: {ended.err}")
    log = lab.place("log") / "log"
    data = lab.copy(base)
    ended = lab.nianbao(data, *prune, faults=later | {"LOG": log})
    night.holds(ended.code == 0 and numbers(data) == [4, 5], f"on day 10, {numbers(data)} are left: {ended.err}")
    pruned = {path.relative_to(data) for path in data.rglob("*") if path.is_file()}
    calls = matrix.logged(log)
    chosen = calls if whole else rng.sample(calls, min(8, len(calls)))
    kept = {number: {path: path.read_bytes() for path in (base / f"warehouse/releases/{number:06}").rglob("*") if path.is_file()} for number in (4, 5)}

    def one(item):
        call, fault = item
        data = lab.copy(base)
        ended = lab.nianbao(data, *prune, faults=later | {"AT": call.number, "ACT": fault})
        wrong = []
        if fault != "kill" and ended.code == 0 and numbers(data) != [4, 5]:
            wrong.append(f"exit code 0, and {numbers(data)} are left")
        if fault != "kill" and ended.code and ended.err.count("error:") != 1:
            wrong.append(f"exit code {ended.code}: {ended.err}")
        for number, files in kept.items():
            for path, content in files.items():
                now = data / path.relative_to(base)
                if not now.exists() or now.read_bytes() != content:
                    wrong.append(f"release {number} lost {path.name}")
        for again in ("verify", "prune", "verify"):
            ended = lab.nianbao(data, *(prune if again == "prune" else [again]), faults=later)
            if ended.code:
                wrong.append(f"the next {again} ends with {ended.code}: {matrix.last_line(ended.err + ended.out)}")
        left = {path.relative_to(data) for path in data.rglob("*") if path.is_file()} - pruned
        if left:
            wrong.append(f"the next prune leaves {', '.join(sorted(map(str, left)))}")
        # What is kept is enough to go on: both the version that stands and one whose release went.
        for drop in (drops[1], drops[2]):
            if not lab.run(data, drop, faults=later).published():
                wrong.append("a run afterwards does not publish")
        if standing(data).content != lab.fresh(drops[2]):
            wrong.append("a run afterwards publishes something else than one from nothing")
        shutil.rmtree(data.parent)
        return f"{fault} at {call.kind} {call.place()} ({call.number}): ", wrong

    for where, wrong in at_once(one, [(call, fault) for call in chosen for fault in ("kill", 5)]):
        night.all(wrong, where)


def one_night_after_another(lab, night, made, rng, whole):
    """nights in a row, seeded, with kills, faults, backfills and changes: what stands at the end is what one run from nothing gives."""
    for sequence in range(30 if whole else 3):
        data, told = lab.with_key(), []
        state = [0, 0]
        for _ in range(6):
            if rng.random() < 0.6:
                state[rng.randrange(2)] = rng.randrange(3)
            drop = city.deliver(lab.place("drop"), state[1], earlier=state[0])
            year = rng.choice([[], [], ["--year", "2023"], ["--year", "2024"]])
            at = rng.randrange(1, 520)
            faults = rng.choice([{}, {"ACT": "kill", "AT": at}, {"ACT": 28, "AT": at, "UNTIL": "all"}, {"ACT": 5, "AT": at}, {"ACT": "tear", "AT": at}])
            ended = lab.run(data, drop, *year, faults=faults)
            told.append(f"{state}{' '.join(year)} {faults} → {ended.code}")
            try:
                standing(data)
            except Broken as broken:
                night.all([str(broken)], f"{' · '.join(told)}: ")
        drop = city.deliver(lab.place("drop"), state[1], earlier=state[0])
        wrong = []
        ended = lab.run(data, drop)
        if not ended.published():
            wrong.append(f"the last run ends with {ended.code}: {ended.err}")
        elif standing(data).content != lab.fresh(drop):
            wrong.append("another release than one run from nothing gives")
        if lab.verify(data).code:
            wrong.append("verify finds damage")
        night.all(wrong, f"{' · '.join(told)}: ")
        shutil.rmtree(data.parent)
