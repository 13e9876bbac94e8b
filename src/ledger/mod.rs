//! The ledger: one writer at a time, the records of runs, and the files seen before.

mod format;

mod lock;

mod record;

mod seen;

mod select;

pub use format::{FormatError, refuse_newer, settle};
pub use lock::{Lock, LockError, lock};
pub use record::{
    Amount, DeliveredFile, Entry, Process, Run, Scheduled, Stage, begin, end, entries, outdated, remove,
};
pub use seen::SeenFiles;
pub use select::{SelectError, select};
