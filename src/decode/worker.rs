//! Decoding, in a child process that limits itself.
//!
//! A file of 2 KB can make a spreadsheet reader ask for terabytes, and an abort cannot be
//! caught. So the same program, started as `nianbao decode-worker`, reads every delivered file:
//! its address space and processor time are bounded, it writes no files and leaves no core dump.
//! Bytes go to it through one pipe, [`Event`]s come back through another, and a last frame states
//! how many there were: a worker that died can never look like a short file. It waits only for
//! its pipes, so a bound on processor time also bounds the time taken.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::{DecodeError, Decoded, Event, Limit, Numbers, Row, RowProblem};
use crate::settings::Settings;

/// The subcommand of the program that serves as a worker.
pub const COMMAND: &str = "decode-worker";
/// This program itself, even where its file was replaced since it started.
pub const OWN_PROGRAM: &str = "/proc/self/exe";

/// The most that a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Address space of the worker.
    pub memory_mb: u64,
    /// Processor time for one file.
    pub cpu_seconds: u64,
    /// What a workbook may unpack to.
    pub unpacked_mb: u64,
}

impl Limits {
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Limits {
            memory_mb: settings.decode_memory_max_mb,
            cpu_seconds: settings.decode_cpu_max_seconds,
            unpacked_mb: settings.unpacked_max_mb,
        }
    }
}

/// The reason why a worker ended before its file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Death {
    /// It asked for more memory than it may have, or gave up by itself.
    Aborted,
    /// It took more processor time than a file may.
    Time,
    /// It was killed, by an operator, or because the machine was short of memory.
    Killed,
    /// A fault such as a stack that overflowed.
    Fault,
}

/// A failure of the machine while a file was decoded: it says nothing about the file.
#[derive(Debug, thiserror::Error)]
#[error("decode worker: {0}")]
pub struct WorkerError(#[from] io::Error);

/// Decodes files one after another in a worker, which is replaced when it dies.
#[derive(Debug)]
pub struct Decoder {
    program: PathBuf,
    limits: Limits,
    numbers: Numbers,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    requests: ChildStdin,
    frames: BufReader<ChildStdout>,
    /// Bytes sent to it since it started.
    sent: u64,
}

/// A worker that has read so many bytes is replaced, so that what it leaks does not add up.
const RETIRED_AFTER_BYTES: u64 = 256 << 20;
/// No row takes more; the widest export seen has rows of 3 KB.
pub const ROW_MAX: usize = 4 << 20;
/// Bytes of all events of a file: the parent keeps them in memory, and waits for them.
pub const EVENTS_MAX: u64 = 2 << 30;
/// A row, and what a frame may hold besides.
const FRAME_MAX: usize = ROW_MAX + (1 << 16);

/// A frame of a worker's answer: first the [`Event`]s, at last the outcome.
#[derive(Serialize)]
enum Outgoing<'a> {
    /// The worker has limited itself, and waits for files.
    Ready,
    Sheet(&'a str),
    Row(&'a Row<'a>),
    BadRow {
        number: u32,
        problem: RowProblem,
    },
    End {
        events: u64,
        outcome: Result<Decoded, DecodeError>,
    },
}

/// [`Outgoing`] as it is read: the variants and their order are the same.
#[derive(Deserialize)]
enum Frame<'a> {
    Ready,
    Sheet(&'a str),
    #[serde(borrow)]
    Row(Row<'a>),
    BadRow {
        number: u32,
        problem: RowProblem,
    },
    End {
        events: u64,
        outcome: Result<Decoded, DecodeError>,
    },
}

impl Decoder {
    /// `program` is `nianbao`; [`OWN_PROGRAM`] where this program is `nianbao` itself.
    #[must_use]
    pub fn new(program: &Path, limits: Limits) -> Self {
        Decoder { program: program.to_owned(), limits, numbers: Numbers::Stored, worker: None }
    }

    /// Reads number cells as they are printed.
    #[must_use]
    pub fn as_printed(mut self) -> Self {
        self.numbers = Numbers::Printed;
        self
    }

    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Like [`super::decode`], in a worker. When the worker dies the file is
    /// [`DecodeError::ReaderDied`], and the next file gets a new worker.
    ///
    /// # Errors
    /// [`WorkerError`] when no worker can be started or reached.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        each: &mut dyn FnMut(Event<'_>),
    ) -> Result<Result<Decoded, DecodeError>, WorkerError> {
        let mut worker = match self.worker.take() {
            Some(worker) if worker.sent < RETIRED_AFTER_BYTES => worker,
            Some(worker) => {
                worker.end()?;
                Worker::start(&self.program, self.limits, self.numbers)?
            }
            None => Worker::start(&self.program, self.limits, self.numbers)?,
        };
        if let Ok(outcome) = worker.request(bytes).and_then(|()| worker.receive(each)) {
            self.worker = Some(worker);
            return Ok(outcome);
        }
        Ok(Err(DecodeError::ReaderDied(worker.death()?)))
    }
}

impl Worker {
    fn start(program: &Path, limits: Limits, numbers: Numbers) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg0("nianbao")
            .arg(COMMAND)
            .args(["--memory-mb", &limits.memory_mb.to_string()])
            .args(["--cpu-seconds", &limits.cpu_seconds.to_string()])
            .args(["--unpacked-mb", &limits.unpacked_mb.to_string()])
            .args((numbers == Numbers::Printed).then_some("--as-printed"))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A reader's messages may quote a person's name.
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(requests), Some(frames)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it was started without its pipes"));
        };
        let frames = BufReader::with_capacity(1 << 16, frames);
        let mut worker = Worker { child, requests, frames, sent: 0 };
        let mut frame = Vec::new();
        let ready = worker
            .next_frame(&mut frame)
            .is_ok_and(|()| matches!(postcard::from_bytes(&frame), Ok(Frame::Ready)));
        if ready {
            return Ok(worker);
        }
        let status = worker.end()?;
        Err(io::Error::other(format!("it did not start with the limits it was given: {status}")))
    }

    fn request(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sent += bytes.len() as u64;
        self.requests.write_all(&(bytes.len() as u64).to_le_bytes())?;
        self.requests.write_all(bytes)?;
        self.requests.flush()
    }

    fn receive(&mut self, each: &mut dyn FnMut(Event<'_>)) -> io::Result<Result<Decoded, DecodeError>> {
        let mut frame = Vec::new();
        let mut received = 0;
        loop {
            self.next_frame(&mut frame)?;
            match postcard::from_bytes(&frame).map_err(io::Error::other)? {
                Frame::Sheet(name) => each(Event::Sheet(name)),
                Frame::Row(row) => each(Event::Row(&row)),
                Frame::BadRow { number, problem } => each(Event::BadRow { number, problem }),
                Frame::End { events, outcome } if events == received => return Ok(outcome),
                Frame::End { .. } | Frame::Ready => {
                    return Err(io::Error::other("its count does not fit its rows"));
                }
            }
            received += 1;
        }
    }

    fn next_frame(&mut self, frame: &mut Vec<u8>) -> io::Result<()> {
        let mut length = [0; 4];
        self.frames.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > FRAME_MAX {
            return Err(io::Error::other("its answer is not a frame"));
        }
        frame.resize(length, 0);
        self.frames.read_exact(frame)
    }

    /// How the worker ended. Once its pipes are closed it ends by itself, whatever it was doing.
    fn death(self) -> io::Result<Death> {
        Ok(death_of(self.end()?))
    }

    fn end(self) -> io::Result<ExitStatus> {
        let Worker { mut child, requests, frames, .. } = self;
        drop((requests, frames));
        child.wait()
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            // It ends with its requests, and it no longer matters how.
            let _ = worker.end();
        }
    }
}

fn death_of(status: ExitStatus) -> Death {
    const SIGNAL_ABORT: i32 = 6;
    const SIGNAL_KILL: i32 = 9;
    const SIGNAL_CPU: i32 = 24;
    match status.signal() {
        Some(SIGNAL_ABORT) => Death::Aborted,
        Some(SIGNAL_CPU) => Death::Time,
        Some(SIGNAL_KILL) => Death::Killed,
        _ => Death::Fault,
    }
}

/// Serves as a worker until its requests end: the body of `nianbao decode-worker`.
///
/// # Errors
/// When it cannot limit itself, or its pipes fail.
pub fn serve(limits: Limits, numbers: Numbers) -> io::Result<()> {
    limit(limits)?;
    let mut requests = io::stdin().lock();
    let mut frames = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write_frame(&Outgoing::Ready, &mut Vec::new(), &mut frames)?;
    frames.flush()?;
    loop {
        let mut length = [0; 8];
        match requests.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let length = u64::from_le_bytes(length);
        let mut bytes = Vec::new();
        match (&mut requests).take(length).read_to_end(&mut bytes) {
            // As everywhere else when memory runs out.
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => std::process::abort(),
            read => read?,
        };
        if bytes.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        allow_cpu(limits.cpu_seconds)?;
        answer(&bytes, (numbers, limits.unpacked_mb << 20), &mut frames)?;
        frames.flush()?;
    }
}

fn answer(bytes: &[u8], (numbers, unpacked_max): (Numbers, u64), frames: &mut impl Write) -> io::Result<()> {
    let mut buffer = Vec::new();
    let (mut events, mut event_bytes) = (0, 0);
    let mut failed = None;
    let mut over = None;
    let outcome = super::decode_with(bytes, numbers, unpacked_max, &mut |event| {
        let answer = match event {
            Event::Sheet(name) => Outgoing::Sheet(name),
            Event::Row(row) => Outgoing::Row(row),
            Event::BadRow { number, problem } => Outgoing::BadRow { number, problem },
        };
        let written = to_frame(&answer, &mut buffer).and_then(|()| {
            event_bytes += buffer.len() as u64;
            if buffer.len() > ROW_MAX || event_bytes > EVENTS_MAX {
                let limit = if buffer.len() > ROW_MAX { Limit::Row } else { Limit::AllRows };
                over = Some(DecodeError::Limit(limit));
                return Ok(());
            }
            events += 1;
            send(&buffer, frames)
        });
        failed = written.err();
        if failed.is_some() || over.is_some() {
            // The decoder cannot be asked to stop; its own `catch_unwind` catches this.
            resume_unwind(Box::new(()));
        }
    });
    let outcome = over.map_or(outcome, Err);
    match failed {
        Some(error) => Err(error),
        None => write_frame(&Outgoing::End { events, outcome }, &mut buffer, frames),
    }
}

fn write_frame(answer: &Outgoing<'_>, buffer: &mut Vec<u8>, frames: &mut impl Write) -> io::Result<()> {
    to_frame(answer, buffer)?;
    send(buffer, frames)
}

fn to_frame(answer: &Outgoing<'_>, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    *buffer = postcard::to_extend(answer, std::mem::take(buffer)).map_err(io::Error::other)?;
    Ok(())
}

fn send(buffer: &[u8], frames: &mut impl Write) -> io::Result<()> {
    let length = u32::try_from(buffer.len()).map_err(io::Error::other)?;
    frames.write_all(&length.to_le_bytes())?;
    frames.write_all(buffer)
}

fn limit(limits: Limits) -> io::Result<()> {
    let bound = |resource, most: u64| {
        // The parent may allow less.
        let allowed = getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
        setrlimit(resource, Rlimit { current: Some(allowed), maximum: Some(allowed) })
            .map_err(io::Error::from)
    };
    bound(Resource::Core, 0)?;
    // Pipes are not files: nothing else can be written.
    bound(Resource::Fsize, 0)?;
    bound(Resource::As, limits.memory_mb << 20)?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// The limit is on the whole life of the process: each file gets its share on top of the time used.
fn allow_cpu(seconds: u64) -> io::Result<()> {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
    let maximum = getrlimit(Resource::Cpu).maximum;
    let allowed = used + 1 + seconds;
    let current = Some(maximum.map_or(allowed, |maximum| maximum.min(allowed)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event as text, to compare events.
    fn text(event: &Event<'_>) -> String {
        format!("{event:?}")
    }

    #[test]
    fn frames_carry_what_the_decoder_emits() {
        let bytes = "姓名,号\n张三,1\n\"x,2\n".as_bytes();
        let mut direct = Vec::new();
        let decoded = super::super::decode(bytes, &mut |event| direct.push(text(&event)));
        let mut pipe = Vec::new();
        answer(bytes, (Numbers::Stored, u64::MAX), &mut pipe).unwrap();
        let (mut received, mut rest) = (Vec::new(), pipe.as_slice());
        let end = loop {
            let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            let (frame, after) = rest[4..].split_at(length);
            rest = after;
            match postcard::from_bytes(frame).unwrap() {
                Frame::Sheet(name) => received.push(text(&Event::Sheet(name))),
                Frame::Row(row) => received.push(text(&Event::Row(&row))),
                Frame::BadRow { number, problem } => received.push(text(&Event::BadRow { number, problem })),
                Frame::End { events, outcome } => break (events, outcome),
                Frame::Ready => panic!("a worker is ready once"),
            }
        };
        assert_eq!(received, direct);
        assert_eq!(end, (u64::try_from(received.len()).unwrap(), decoded));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_row_over_the_limit_ends_the_file_and_not_the_worker() {
        let long = format!("<table><tr><td>{}</td></tr></table>", "学".repeat(ROW_MAX / 2));
        let mut pipe = Vec::new();
        answer(long.as_bytes(), (Numbers::Stored, u64::MAX), &mut pipe).unwrap();
        assert!(pipe.len() < ROW_MAX);
        let last = pipe.len() - 4;
        let frames = (0..last).filter_map(|at| {
            let length = u32::from_le_bytes(pipe[at..at + 4].try_into().unwrap()) as usize;
            (at + 4 + length == pipe.len()).then(|| &pipe[at + 4..])
        });
        let ends = frames.filter_map(|frame| postcard::from_bytes(frame).ok());
        let limited =
            |frame: Frame<'_>| matches!(frame, Frame::End { outcome: Err(DecodeError::Limit(_)), .. });
        assert!(ends.into_iter().any(limited));
    }

    #[test]
    fn a_listener_that_went_away_ends_the_work() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(
            answer(b"a,b\n1,2\n", (Numbers::Stored, u64::MAX), &mut Closed).unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }
}
