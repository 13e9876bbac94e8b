//! `nianbao schedule`: waits for the next slot and starts `run --due` in a process of its own, so that a run that
//! crashes does not end it.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::notify::{notify, watchdog};
use super::{ExitCode, Failure, Global, output};
use crate::schedule::due::Verdict;

/// How often it looks at the clock, at signals and at its child: a machine that slept is noticed by this.
const TICK: Duration = Duration::from_millis(500);
/// How long it waits while another run is under way, or after a run that was not done.
const WAIT: SignedDuration = SignedDuration::from_mins(1);
/// How long at most until it asks again, as the clock and the ledger may be set by others.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(15);

/// Runs until SIGTERM or SIGINT. `ask` gives the verdict of every entry at a time.
pub fn run(
    global: &Global,
    ask: &dyn Fn(Timestamp) -> Result<Vec<(String, Verdict)>, Failure>,
) -> Result<ExitCode, Failure> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&ended)).map_err(|error| Failure::internal(&error))?;
    }
    let clock = Timestamp::now;
    // What cannot be read now is refused now, not at two in the morning.
    ask(clock())?;
    notify("READY=1");
    let mut life = Life { every: watchdog(), last: Instant::now() };
    let mut asleep: Option<(Timestamp, Timestamp)> = None;
    while !ended.load(Ordering::Relaxed) {
        life.sign();
        let now = clock();
        if asleep.is_some_and(|(from, until)| from <= now && now < until) {
            std::thread::sleep(TICK);
            continue;
        }
        let wait = match ask(now) {
            Ok(verdicts) if verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Due { .. })) => {
                run_child(global, &ended, &mut life)?
            }
            Ok(verdicts) => until_next(&verdicts, now),
            Err(failure) => {
                output::error(&failure.message, failure.hint);
                WAIT_MAX
            }
        };
        let now = clock();
        // A clock that runs out has no next slot.
        asleep = now.checked_add(wait.min(WAIT_MAX)).ok().map(|until| (now, until));
    }
    notify("STOPPING=1");
    Ok(ExitCode::Done)
}

fn until_next(verdicts: &[(String, Verdict)], now: Timestamp) -> SignedDuration {
    if verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::UnderWay { .. })) {
        return WAIT;
    }
    let next = verdicts.iter().filter_map(|(_, verdict)| verdict.wakes()).min();
    next.map_or(WAIT_MAX, |next| next.duration_since(now))
}

struct Life {
    every: Option<Duration>,
    last: Instant,
}

impl Life {
    fn sign(&mut self) {
        if self.every.is_some_and(|every| self.last.elapsed() >= every) {
            notify("WATCHDOG=1");
            self.last = Instant::now();
        }
    }
}

/// Starts a run and waits for its end, also when this process is to end. Returns when to ask again.
fn run_child(global: &Global, ended: &AtomicBool, life: &mut Life) -> Result<SignedDuration, Failure> {
    let mut child = start(global).map_err(|error| Failure::internal(&error))?;
    let mut said = false;
    loop {
        match child.try_wait().map_err(|error| Failure::internal(&error))? {
            Some(status) => {
                output::note(&format!("the run ended: {status}"));
                // Wrong settings leave no record by which the run would be known to have failed.
                return Ok(if status.code() == Some(ExitCode::Usage as i32) { WAIT_MAX } else { WAIT });
            }
            None => std::thread::sleep(TICK),
        }
        life.sign();
        if ended.load(Ordering::Relaxed) && !said {
            said = true;
            notify("STOPPING=1");
            output::note("ends when the run under way has ended");
        }
    }
}

fn start(global: &Global) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["run", "--due"]);
    for (name, value) in
        [("--data", &global.data), ("--config", &global.config), ("--pipelines", &global.pipelines)]
    {
        if let Some(value) = value {
            command.arg(name).arg(value);
        }
    }
    for (flag, is_set) in [("--quiet", global.quiet), ("--json", global.json)] {
        if is_set {
            command.arg(flag);
        }
    }
    // A group of its own: what a terminal sends to this process does not reach the run.
    command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").process_group(0).spawn()
}
