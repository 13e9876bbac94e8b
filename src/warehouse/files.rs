//! Writing files so that each is either whole and durable, or not there.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The readers of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The bureau: folders 0755, files 0644.
    Open,
    /// The program's own user and its group: folders 0750, files 0640.
    Group,
    /// The program's own user: folders 0700, files 0600.
    Restricted,
}

/// The rights of everybody else in a mode.
pub const OTHERS: u32 = 0o007;

/// Takes every right from everybody else, and the right to write from the group.
///
/// # Errors
/// When the mode cannot be changed.
pub fn close_to_others(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS & !0o020))
}

/// Makes a folder and the folders above it, with durable names.
///
/// # Errors
/// File system errors.
pub fn make_folder(path: &Path, access: Access) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = path.parent().unwrap_or(Path::new(""));
    make_folder(above, access)?;
    match DirBuilder::new().mode(mode(access)).create(path) {
        // Another thread was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(if above.as_os_str().is_empty() { Path::new(".") } else { above }),
    }
}

fn mode(access: Access) -> u32 {
    match access {
        Access::Open => 0o755,
        Access::Group => 0o750,
        Access::Restricted => 0o700,
    }
}

/// Writes a new file next to its place, syncs it and moves it there; an old one is replaced as a whole.
///
/// # Errors
/// File system errors.
pub fn write_whole(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    write_and_rename(path, bytes, access, true)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Like [`write_whole`], without waiting for the disk: for files that can be made again, and whose
/// hash is kept elsewhere, so that a power cut costs work and nothing else.
///
/// # Errors
/// File system errors.
pub fn write_derived(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    write_and_rename(path, bytes, access, false)
}

/// Makes files that were written without waiting durable, with their names and those of their folders.
///
/// # Errors
/// File system errors.
pub fn make_durable(written: &[PathBuf]) -> io::Result<()> {
    // The disk serves files that wait at the same time together.
    let sync = |paths: &[PathBuf]| paths.iter().try_for_each(|path| File::open(path)?.sync_all());
    let share = written.len().div_ceil(WAITING_AT_ONCE).max(1);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = written.chunks(share).map(|paths| scope.spawn(move || sync(paths))).collect();
        waiting
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    })?;
    let folders: BTreeSet<&Path> = written.iter().flat_map(|path| path.ancestors().skip(1).take(2)).collect();
    folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()).try_for_each(sync_folder)
}

/// Files that wait for the disk at the same time.
const WAITING_AT_ONCE: usize = 8;

fn write_and_rename(path: &Path, bytes: &[u8], access: Access, durable: bool) -> io::Result<()> {
    let temporary = write_temporary(path, bytes, access, durable)?;
    let placed = fs::rename(&temporary, path);
    if placed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    placed
}

/// Writes the future content of `path` next to it, under a name that [`remove_half_written`] knows, and
/// returns that name: only renaming is left to do.
///
/// # Errors
/// File system errors; then nothing is left behind.
pub fn write_temporary(path: &Path, bytes: &[u8], access: Access, durable: bool) -> io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if durable {
        make_folder(folder, access)?;
    } else {
        DirBuilder::new().recursive(true).mode(mode(access)).create(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Worker threads may write the same content under the same name at once.
    let unique = format!(".{name}.{}-{:?}.tmp", std::process::id(), std::thread::current().id());
    let temporary = folder.join(unique);
    let mode = mode(access) & 0o666;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| if durable { file.sync_all() } else { Ok(()) });
    drop(file);
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(temporary)
}

/// `.name.4711-ThreadId(3).tmp`.
fn is_temporary(name: &str) -> bool {
    let ending = name.strip_prefix('.').and_then(|name| name.strip_suffix(").tmp"));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let ending = ending.and_then(|name| name.rsplit_once("-ThreadId("));
    ending.is_some_and(|(name, thread)| {
        number(thread) && name.rsplit_once('.').is_some_and(|(_, process)| number(process))
    })
}

/// Removes half-written files of a process that died from a folder and those below it. Only the holder
/// of the lock may, as no other process writes there.
///
/// # Errors
/// File system errors.
pub fn remove_half_written(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            remove_half_written(&entry.path())?;
        } else if is_temporary(&name.to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes the names in a folder durable.
///
/// # Errors
/// File system errors.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// SHA-256 of a file's bytes, in hexadecimal digits.
///
/// # Errors
/// File system errors.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// SHA-256 of bytes, in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
