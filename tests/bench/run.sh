#!/bin/sh
# Times three things on the same exports, in one go, three times each in turn:
#   cold       nianbao run into an empty data root
#   unchanged  nianbao run again, with nothing new
#   openpyxl   Python counting the data rows of the same students workbooks (xlsx alone, read-only mode)
# Prints every time, the medians and their ratios. A cold run reads all datasets of both years, in every
# format, and publishes; openpyxl only counts rows of some of the files: the ratio is to the program's disadvantage.
# The binaries are those of the profile that `make run` builds. Times differ between machines; ratios less.
set -eu
cd "$(dirname "$0")/../.."

BIN=${BIN:-target/debug}
PYTHON=${PYTHON:-target/readers-venv/bin/python}
FOLDER=${FOLDER:-target/bench}
TIMES=3

rm -rf "$FOLDER"
mkdir -p "$FOLDER"
"$BIN/mirror" generate --out "$FOLDER/drop" --scale 1

cat >"$FOLDER/count.py" <<'PY'
import io, sys, zipfile
from pathlib import Path
import openpyxl

def workbooks(folder):
    for path in sorted(folder.glob("*/students/*")):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as bundle:
                for name in bundle.namelist():
                    yield io.BytesIO(bundle.read(name))
        elif path.suffix == ".xlsx":
            yield path

rows = files = 0
for workbook in workbooks(Path(sys.argv[1])):
    book = openpyxl.load_workbook(workbook, read_only=True)
    for sheet in book.worksheets:
        rows += sum(1 for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row))
    files += 1
print(f"openpyxl: {rows} rows in {files} workbooks", file=sys.stderr)
PY

# Prints a command's wall-clock seconds, and its peak memory in MB where GNU time is there.
timed() {
    what=$1
    shift
    log="$FOLDER/$what.time"
    code=0
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f '%e %M' -o "$log" "$@" >"$FOLDER/$what.out" 2>&1 || code=$?
    else
        start=$(date +%s.%N)
        "$@" >"$FOLDER/$what.out" 2>&1 || code=$?
        echo "$start $(date +%s.%N)" | awk '{ printf "%.2f 0\n", $2 - $1 }' >"$log"
    fi
    case $code in
        # A draft is a run that did its work.
        0 | 10) ;;
        *)
            echo "bench: $what ended with exit code $code" >&2
            cat "$FOLDER/$what.out" >&2
            exit 1
            ;;
    esac
    # With a code that is not 0, GNU time writes a line about it first.
    tail -n 1 "$log" >>"$FOLDER/$what.times"
}

n=0
while [ "$n" -lt "$TIMES" ]; do
    n=$((n + 1))
    echo "round $n of $TIMES" >&2
    rm -rf "$FOLDER/var"
    timed cold "$BIN/nianbao" run --quiet --drop "$FOLDER/drop" --data "$FOLDER/var"
    timed unchanged "$BIN/nianbao" run --quiet --drop "$FOLDER/drop" --data "$FOLDER/var"
    timed openpyxl "$PYTHON" "$FOLDER/count.py" "$FOLDER/drop"
done

grep '^Nothing to do' "$FOLDER/unchanged.out" >/dev/null || { echo "bench: the unchanged run did something" >&2; exit 1; }

echo
echo "$(date -u +%Y-%m-%d), $(uname -sm), $(getconf _NPROCESSORS_ONLN) processors, binaries in $BIN, $(du -sh "$FOLDER/drop" | cut -f1) of exports"
cat "$FOLDER/openpyxl.out"
echo
cold=$(cut -d' ' -f1 "$FOLDER/cold.times" | sort -n | sed -n 2p)
printf '%-10s %8s %8s %8s %8s %9s %9s\n' what 1st 2nd 3rd median '÷ cold' 'peak MB'
for what in cold unchanged openpyxl; do
    set -- $(cut -d' ' -f1 "$FOLDER/$what.times")
    median=$(cut -d' ' -f1 "$FOLDER/$what.times" | sort -n | sed -n 2p)
    peak=$(cut -d' ' -f2 "$FOLDER/$what.times" | sort -n | tail -n 1)
    ratio=$(echo "$median $cold" | awk '{ printf "%.3f", $1 / $2 }')
    if [ "$peak" -gt 0 ]; then peak=$((peak / 1024)); else peak=-; fi
    printf '%-10s %8s %8s %8s %8s %9s %9s\n' "$what" "$1" "$2" "$3" "$median" "$ratio" "$peak"
done
