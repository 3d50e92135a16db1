//! Reading as much as possible of a damaged journal.

use std::ops::Range;

use dataknobs_data_core::{Error, Result};

use super::change::{Change, Changes};
use super::frame::{FRAME_PREFIX, Header, number};
use crate::fingerprint::Fingerprint;
use crate::format::json_record::Assembler;

/// A number that is further ahead than this is no number of a frame.
const MAX_STEP: u32 = 1 << 24;

/// What was found in a journal.
#[derive(Debug, Default)]
pub(crate) struct Salvage {
    /// None when it is damaged, or nobody finished it.
    pub(crate) header: Option<Header>,
    /// The changes of each whole commit that the file does not hold yet.
    pub(crate) commits: Vec<Vec<Change>>,
    /// Whether a commit says that the file holds everything before it.
    pub(crate) is_folded: bool,
    /// What was skipped, in order.
    pub(crate) gaps: Vec<Gap>,
    /// Bytes of a write at the end that was never acknowledged.
    pub(crate) torn_bytes: u64,
}

/// Bytes that were skipped.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) byte: u64,
    pub(crate) bytes: u64,
    pub(crate) reason: Error,
}

/// A whole frame.
struct Frame<'a> {
    number: u32,
    payload: &'a [u8],
    end: usize,
}

/// What stands at a place in a journal.
enum Found<'a> {
    Frame(Frame<'a>),
    /// The head is right and says where the next frame begins; the payload is damaged.
    Payload(usize),
    Damage,
    Torn,
}

impl Salvage {
    fn gap(&mut self, range: Range<usize>, reason: Error) {
        self.gaps.push(Gap { byte: range.start as u64, bytes: range.len() as u64, reason });
    }
}

/// Reads all whole commits of a journal, also behind damage where a frame can be found again.
pub(crate) fn salvage(bytes: &[u8], base: Option<&Fingerprint>) -> Salvage {
    let mut found = Salvage::default();
    let mut at = match Header::parse(bytes) {
        Ok(Some((header, length))) => {
            found.header = Some(header);
            length
        }
        Ok(None) => {
            found.torn_bytes = bytes.len() as u64;
            return found;
        }
        Err(reason) => {
            let next = next_frame(bytes, 0, 0);
            found.gap(0..next, reason);
            next
        }
    };
    let mut assembler = Assembler::default();
    let mut last = 0_u32;
    while at < bytes.len() {
        match look(bytes, at) {
            Found::Torn => {
                found.torn_bytes = (bytes.len() - at) as u64;
                break;
            }
            Found::Frame(frame) => {
                let expected = last.saturating_add(1);
                if frame.number < expected {
                    found.gap(at..frame.end, Error::corrupt("a journal frame is out of its order"));
                } else {
                    let is_after_gap = found.gaps.last().is_some_and(|gap| gap.byte + gap.bytes == at as u64);
                    if frame.number > expected && !is_after_gap {
                        let missing = u64::from(frame.number - expected);
                        let reason = Error::corrupt("commits are missing").with_context("commits", missing);
                        found.gap(at..at, reason);
                    }
                    last = frame.number;
                    match changes(frame.payload, &mut assembler) {
                        Ok(changes) => match changes.last() {
                            Some(Change::Folded(file)) if base == Some(file) => {
                                found.commits.clear();
                                found.is_folded = true;
                            }
                            Some(Change::Folded(_)) => {}
                            _ => found.commits.push(changes),
                        },
                        Err(reason) => found.gap(at..frame.end, reason),
                    }
                }
                at = frame.end;
            }
            Found::Payload(end) => {
                last = last.saturating_add(1);
                found.gap(at..end, Error::corrupt("the checksum of a journal frame is wrong"));
                at = end;
            }
            Found::Damage => {
                let next = next_frame(bytes, at + 1, last);
                found.gap(at..next, Error::corrupt("the checksum of a journal frame's head is wrong"));
                at = next;
            }
        }
    }
    found
}

fn look(bytes: &[u8], at: usize) -> Found<'_> {
    let rest = &bytes[at..];
    if rest.len() < FRAME_PREFIX || rest.iter().all(|byte| *byte == 0) {
        return Found::Torn;
    }
    let (prefix, after) = rest.split_at(FRAME_PREFIX);
    if crc32fast::hash(&prefix[..12]) != number(&prefix[12..]) {
        return Found::Damage;
    }
    let length = number(prefix) as usize;
    let Some(payload) = after.get(..length) else { return Found::Torn };
    let end = at + FRAME_PREFIX + length;
    if crc32fast::hash(payload) != number(&prefix[4..]) {
        let never_written = length > 0 && after[length - 1..].iter().all(|byte| *byte == 0);
        return if never_written { Found::Torn } else { Found::Payload(end) };
    }
    Found::Frame(Frame { number: number(&prefix[8..]), payload, end })
}

/// Where the next whole frame begins, or the end.
fn next_frame(bytes: &[u8], from: usize, last: u32) -> usize {
    let is_frame = |at: &usize| match look(bytes, *at) {
        Found::Frame(frame) => (last.saturating_add(1)..last.saturating_add(MAX_STEP)).contains(&frame.number),
        _ => false,
    };
    let until = bytes.len().saturating_sub(FRAME_PREFIX - 1);
    // Zeros are no frame, and looking at many of them again and again would take long.
    (from..until)
        .filter(|at| bytes[*at..*at + FRAME_PREFIX].iter().any(|byte| *byte != 0))
        .find(is_frame)
        .unwrap_or(bytes.len())
}

fn changes(payload: &[u8], assembler: &mut Assembler) -> Result<Vec<Change>> {
    let mut changes = Changes::new(payload);
    std::iter::from_fn(|| changes.next(assembler).transpose()).collect()
}
