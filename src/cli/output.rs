//! Printing: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{ExitCode, Failure};
use crate::ledger::Stage;
use crate::pipeline::Watch;

/// Why standard output could not be written, reported when the command is done.
static WRITE_ERROR: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line of the result. A reader that went away ends the program quietly, as with other tools.
pub fn line(text: &str) {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            if let Ok(mut first) = WRITE_ERROR.lock() {
                first.get_or_insert(error);
            }
        }
    }
}

/// The first error of writing to standard output.
pub fn write_failure() -> Option<Failure> {
    let error = WRITE_ERROR.lock().ok()?.take()?;
    Some(
        Failure::new(ExitCode::Internal, &format!("standard output: {error}"))
            .hint("the command was carried out; only its result could not be printed"),
    )
}

pub fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    line(&text);
    Ok(())
}

pub fn error(message: &str, hint: Option<&str>) {
    // Nothing can be printed when standard error is gone.
    let _ = writeln!(io::stderr(), "error: {message}");
    if let Some(hint) = hint {
        let _ = writeln!(io::stderr(), "hint: {hint}");
    }
}

pub fn note(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Shows progress: a bar on a terminal, a line per stage in a log, nothing when quiet.
pub struct Progress {
    bar: Mutex<Option<ProgressBar>>,
    ended: Mutex<Vec<Stage>>,
    quiet: bool,
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        Progress { bar: Mutex::new(None), ended: Mutex::default(), quiet }
    }

    /// The stages that have ended, which a run that fails does not return.
    pub fn stages(&self) -> Vec<Stage> {
        self.ended.lock().map(|ended| ended.clone()).unwrap_or_default()
    }

    pub fn finish(&self) {
        if let Ok(mut bar) = self.bar.lock()
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Progress {
    fn stage(&self, name: &str, steps: usize) {
        self.finish();
        if self.quiet {
            return;
        }
        if !io::stderr().is_terminal() {
            note(&format!("{name}: {steps} files"));
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg:22} {bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        if let Ok(mut slot) = self.bar.lock() {
            *slot = Some(bar);
        }
    }

    fn ended(&self, stage: &Stage) {
        if let Ok(mut ended) = self.ended.lock() {
            ended.push(stage.clone());
        }
    }

    fn step(&self) {
        if let Ok(bar) = self.bar.lock()
            && let Some(bar) = bar.as_ref()
        {
            bar.inc(1);
        }
    }
}

/// The width of a text in terminal columns: Han characters take two.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}')
}

/// `text` padded with blanks on the right to `columns`.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` padded with blanks on the left to `columns`.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_han_characters() {
        assert_eq!(left("学校", 6), "学校  ");
        assert_eq!(right("12", 4), "  12");
        assert_eq!(width("表1"), 3);
    }
}
