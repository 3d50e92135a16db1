//! Replacing a whole file so that it is the old one or the new one, whatever happens.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use dataknobs_data_core::{Error, ErrorKind, Result};

use crate::config::Durability;
use crate::disk::{Disk, DiskWriter};
use crate::fingerprint::Fingerprint;

/// A new content of a file, complete on disk under another name, not yet in the file's place.
#[derive(Debug)]
pub(crate) struct Replacement {
    temporary: tempfile::NamedTempFile,
    target: PathBuf,
    disk: Disk,
    durability: Durability,
}

/// Gives a file new content: whatever happens, it holds the old or the new one. Symbolic links are
/// followed; owner and permissions stay. It is on disk when this returns.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("people.ini");
/// dataknobs_data_file::replace_file(&path, b"[ada]\nborn = 1815\n")?;
/// assert_eq!(std::fs::read(&path)?, b"[ada]\nborn = 1815\n");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`Auth`](ErrorKind::Auth) when the file is write-protected or the folder refuses, else
/// [`Io`](ErrorKind::Io) or [`NotFound`](ErrorKind::NotFound), with the path; the file is as it was.
pub fn replace_file(path: &Path, content: &[u8]) -> Result<()> {
    let target = resolve(path)?;
    let disk = Disk::default();
    Replacement::write(&target, &disk, Durability::Fsync, |out| Ok(out.write_all(content)?))?.commit()?;
    Ok(())
}

/// The file that a path means: symbolic links followed, also one whose file is yet to be made.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        match std::fs::read_link(&path) {
            Ok(target) => {
                path = match path.parent() {
                    Some(folder) => folder.join(target),
                    None => target,
                }
            }
            Err(_) => return Ok(path),
        }
    }
    Err(Error::new(ErrorKind::Io, "too many symbolic links").with_context("path", path.display()))
}

/// The path of a file with this at the end of its name.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl Replacement {
    /// Writes the new content beside the file and syncs it. Nothing is changed yet; dropping it
    /// takes the temporary file away.
    pub(crate) fn write(
        target: &Path,
        disk: &Disk,
        durability: Durability,
        content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
    ) -> Result<Self> {
        let place = |error: std::io::Error| Error::from(error).with_context("path", target.display());
        let old = match std::fs::metadata(target) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(place(error)),
        };
        if old.as_ref().is_some_and(|metadata| metadata.permissions().readonly()) {
            return Err(
                Error::new(ErrorKind::Auth, "the file is write-protected").with_context("path", target.display())
            );
        }
        let mut prefix = OsString::from(".");
        prefix.push(target.file_name().unwrap_or_default());
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".tmp");
        #[cfg(unix)]
        let new_file = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
        #[cfg(unix)]
        builder.permissions(new_file); // less what the process's umask takes away
        let temporary = builder.tempfile_in(folder_of(target)).map_err(place)?;
        if let Some(old) = &old {
            keep_owner(old, temporary.as_file());
            temporary.as_file().set_permissions(old.permissions()).map_err(place)?;
        }
        let file = DiskWriter { disk, file: temporary.as_file() };
        let mut writer = BufWriter::with_capacity(256 * 1024, file);
        let written = content(&mut writer).and_then(|()| writer.flush().map_err(place));
        if let Err(error) = written {
            // Dropping the writer must not try again.
            let _ = writer.into_parts();
            return Err(error);
        }
        drop(writer);
        if durability == Durability::Fsync {
            disk.sync_all(temporary.as_file()).map_err(place)?;
        }
        Ok(Replacement { temporary, target: target.to_owned(), disk: disk.clone(), durability })
    }

    /// The fingerprint that the file will have.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint> {
        Fingerprint::of_file(self.temporary.as_file())
    }

    /// Puts the new content in the file's place.
    pub(crate) fn commit(self) -> Result<Fingerprint> {
        let place = |error: std::io::Error| Error::from(error).with_context("path", self.target.display());
        let file = self.disk.persist(self.temporary, &self.target).map_err(place)?;
        if self.durability == Durability::Fsync {
            self.disk.sync_folder(folder_of(&self.target)).map_err(place)?;
        }
        Fingerprint::of_file(&file)
    }
}

#[cfg(unix)]
fn keep_owner(old: &std::fs::Metadata, new: &File) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let Ok(metadata) = new.metadata() else { return };
    if (metadata.uid(), metadata.gid()) != (old.uid(), old.gid()) {
        // Only a privileged process may; for all others the new file is their own.
        let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::Metadata, _: &File) {}

/// Opens a file of ours beside another, and makes it if it is not there, readable and writable for
/// whoever may read and write the other.
pub(crate) fn create_beside(path: &Path, base: &Path) -> Result<File> {
    let place = |error: std::io::Error| Error::from(error).with_context("path", path.display());
    let mut options = File::options();
    options.read(true).append(true);
    loop {
        match options.open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            opened => return opened.map_err(place),
        }
        let old = std::fs::metadata(base).ok();
        let mut new = options.clone();
        new.create_new(true);
        #[cfg(unix)]
        if let Some(old) = &old {
            use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
            new.mode(old.permissions().mode() & 0o666);
        }
        match new.open(path) {
            Ok(file) => {
                if let Some(old) = &old {
                    keep_owner(old, &file);
                    #[cfg(unix)]
                    {
                        use std::os::unix::fs::PermissionsExt;
                        let mode = std::fs::Permissions::from_mode(old.permissions().mode() & 0o666);
                        file.set_permissions(mode).map_err(place)?;
                    }
                }
                return Ok(file);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(place(error)),
        }
    }
}

/// Makes what was written to a file survive a power failure.
pub(crate) fn sync(path: &Path, disk: &Disk) -> Result<()> {
    let place = |error: std::io::Error| Error::from(error).with_context("path", path.display());
    match File::open(path) {
        Ok(file) => disk.sync_all(&file).map_err(place)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(place(error)),
    }
    disk.sync_folder(folder_of(path)).map_err(place)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn put(path: &Path, text: &str) -> Result<Fingerprint> {
        Replacement::write(path, &Disk::default(), Durability::Fsync, |writer| Ok(writer.write_all(text.as_bytes())?))?
            .commit()
    }

    #[test]
    fn permissions_stay_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let fingerprint = put(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(Fingerprint::of_path(&path).unwrap(), Some(fingerprint));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, "old").unwrap();
        let error = Replacement::write(&path, &Disk::default(), Durability::Buffered, |writer| {
            writer.write_all(b"half")?;
            Err(Error::invalid_record("no"))
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRecord);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_are_followed_and_stay_links() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link.json");
        symlink("real.json", &link).unwrap();
        put(&resolve(&link).unwrap(), "[]").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(folder.path().join("real.json")).unwrap(), "[]");
        symlink("loop", folder.path().join("loop")).unwrap();
        assert_eq!(resolve(&folder.path().join("loop")).unwrap_err().kind(), ErrorKind::Io);
    }

    #[test]
    fn a_write_protected_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(put(&path, "new").unwrap_err().kind(), ErrorKind::Auth);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    }
}
