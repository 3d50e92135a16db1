//! Telling a file that was cut off from one that was written anew: checksums of its beginnings.
//!
//! A file of lines that ends between two of them looks whole, however much of it is gone. What this
//! library wrote last is noted beside it, with checksums of about a thousand beginnings.

use std::fs::File;
use std::io::{self, Read, Write};

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

/// The distance of the first beginnings from each other, in bytes.
const FIRST_BLOCK: u64 = 1;

/// As many beginnings are noted at most; then every other one is left out.
const MAX_NOTED: usize = 2_048;

/// Checksums of the beginnings of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prefixes {
    /// The length of the first one in bytes, and how much longer each next one is.
    block: u64,
    /// The CRC-32 of each.
    sums: Vec<u32>,
}

impl Default for Prefixes {
    fn default() -> Self {
        Prefixes { block: FIRST_BLOCK, sums: Vec::new() }
    }
}

impl Prefixes {
    /// Whether a shorter file of so many bytes begins as this one did, as far as can be told.
    pub(crate) fn begins_alike(&self, file: &File, bytes: u64) -> io::Result<bool> {
        let blocks = usize::try_from(bytes / self.block.max(1)).unwrap_or(usize::MAX).min(self.sums.len());
        let Some(sum) = blocks.checked_sub(1).and_then(|last| self.sums.get(last)) else { return Ok(true) };
        let mut hasher = Hasher::new();
        let mut file = file.take(self.block * blocks as u64);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finalize() == *sum),
                count => hasher.update(&buffer[..count]),
            }
        }
    }
}

/// Passes on what is written, and takes checksums of it.
pub(crate) struct PrefixWriter<'a> {
    out: &'a mut (dyn Write + Send),
    prefixes: Prefixes,
    hasher: Hasher,
    written: u64,
}

impl<'a> PrefixWriter<'a> {
    pub(crate) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        PrefixWriter { out, prefixes: Prefixes::default(), hasher: Hasher::new(), written: 0 }
    }

    pub(crate) fn finish(self) -> Prefixes {
        self.prefixes
    }

    fn note(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let to_next = self.prefixes.block - self.written % self.prefixes.block;
            let taken = usize::try_from(to_next).unwrap_or(usize::MAX).min(bytes.len());
            self.hasher.update(&bytes[..taken]);
            self.written += taken as u64;
            bytes = &bytes[taken..];
            if self.written.is_multiple_of(self.prefixes.block) {
                self.prefixes.sums.push(self.hasher.clone().finalize());
                if self.prefixes.sums.len() == MAX_NOTED {
                    // Those of whole blocks of twice the size stay.
                    let every_other = self.prefixes.sums.iter().skip(1).step_by(2).copied();
                    self.prefixes.sums = every_other.collect();
                    self.prefixes.block *= 2;
                }
            }
        }
    }
}

impl Write for PrefixWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.note(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes_of(bytes: &[u8], step: usize) -> Prefixes {
        let mut out = Vec::new();
        let mut writer = PrefixWriter::new(&mut out);
        bytes.chunks(step).for_each(|part| writer.write_all(part).unwrap());
        let prefixes = writer.finish();
        assert_eq!(out, bytes);
        prefixes
    }

    fn begins_alike(prefixes: &Prefixes, bytes: &[u8]) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        prefixes.begins_alike(&File::open(file.path()).unwrap(), bytes.len() as u64).unwrap()
    }

    #[test]
    fn every_beginning_is_known_and_another_content_is_not() {
        for length in [0, 5, 16, 1_000, 40_000, 700_000] {
            let bytes: Vec<u8> = (0..length).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let prefixes = prefixes_of(&bytes, 7_001);
            assert_eq!(prefixes, prefixes_of(&bytes, 13), "however it is written");
            assert!(
                prefixes.sums.len() < MAX_NOTED && prefixes.block <= (u64::from(length) / 1_000).max(FIRST_BLOCK) * 2
            );
            for cut in [0, 1, 15, 16, 17, 999, 32_768, 39_999, 650_000].into_iter().filter(|cut| *cut < bytes.len()) {
                assert!(begins_alike(&prefixes, &bytes[..cut]), "{length} cut at {cut}");
                if cut as u64 >= prefixes.block {
                    let mut other = bytes[..cut].to_vec();
                    other[0] ^= 1;
                    assert!(!begins_alike(&prefixes, &other), "{length}, another one of {cut}");
                }
            }
        }
    }
}
