//! The bytes of a journal: a header, then frames, each of which says whether it is whole.
//!
//! ```text
//! header  "dkjrnl1\n"  u32 length  u32 checksum  JSON {"base": …, "key": …}
//! frame   u32 length   u32 checksum of the payload   u32 number from 1   u32 checksum of these three   payload
//! ```
//! Numbers are little-endian, checksums CRC-32 (ISO 3309). A frame is one commit: all of it counts,
//! or nothing.

use dataknobs_data_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

const MAGIC: &[u8; 8] = b"dkjrnl1\n";

/// Magic, length and checksum.
const HEADER_PREFIX: usize = 16;

/// Length, two checksums and number.
pub(crate) const FRAME_PREFIX: usize = 16;

/// The largest payload. Larger commits are written as a whole new file.
pub(crate) const MAX_PAYLOAD: u64 = 1 << 30;

/// What a journal belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The file that the commits come on top of.
    pub(crate) base: Fingerprint,
    /// What the ids in it are.
    pub(crate) key: HeaderKey,
}

/// A key, as a journal names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeaderKey {
    /// `own`, `ordinal` or `field`.
    pub(crate) source: String,
    /// The field's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// The type of every key.
    #[serde(rename = "type")]
    pub(crate) field_type: String,
}

impl Header {
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(self)
            .map_err(|error| Error::corrupt("the journal's header cannot be written").with_source(error))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// The header and its length in bytes; none when the file ends within it, so that nothing was
    /// ever committed to it.
    ///
    /// # Errors
    /// Corrupt.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>> {
        let damaged = || Error::corrupt("the journal's header is damaged").with_context("byte", 0);
        let compared = bytes.len().min(MAGIC.len());
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if bytes[..compared] != MAGIC[..compared] {
            return Err(damaged());
        }
        if bytes.len() < HEADER_PREFIX {
            return Ok(None);
        }
        let length = number(&bytes[8..]) as usize;
        if length > 1 << 16 {
            return Err(damaged());
        }
        let Some(body) = bytes.get(HEADER_PREFIX..HEADER_PREFIX + length) else {
            // A body that is whole did not end here: the length is damaged.
            let mut bodies = serde_json::Deserializer::from_slice(&bytes[HEADER_PREFIX..]).into_iter::<Header>();
            return if matches!(bodies.next(), Some(Ok(_))) { Err(damaged()) } else { Ok(None) };
        };
        if crc32fast::hash(body) != number(&bytes[12..]) {
            // Blocks that were never written read as zeros.
            let never_written = bytes[HEADER_PREFIX + length.saturating_sub(1)..].iter().all(|byte| *byte == 0);
            return if never_written && length > 0 { Ok(None) } else { Err(damaged()) };
        }
        let header = serde_json::from_slice(body).map_err(|error| damaged().with_source(error))?;
        Ok(Some((header, HEADER_PREFIX + length)))
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// Makes room for a frame's prefix; the payload is to follow.
pub(crate) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.resize(FRAME_PREFIX, 0);
}

/// Fills in the prefix of a frame whose payload is complete.
pub(crate) fn seal(frame: &mut [u8], number: u32) {
    let (prefix, payload) = frame.split_at_mut(FRAME_PREFIX);
    prefix[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    prefix[4..8].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    prefix[8..12].copy_from_slice(&number.to_le_bytes());
    let own = crc32fast::hash(&prefix[..12]);
    prefix[12..].copy_from_slice(&own.to_le_bytes());
}

/// What stands at a place in a journal where a frame may begin.
pub(super) enum Found<'a> {
    /// A whole frame.
    Frame { number: u32, payload: &'a [u8], end: usize },
    /// The head is right and says where the next frame begins; the payload is damaged.
    DamagedPayload { end: usize },
    /// No right head.
    DamagedHead,
    /// The beginning of a frame whose writer did not get further.
    Torn,
}

/// Looks at the bytes from a place on.
pub(super) fn look(bytes: &[u8], at: usize) -> Found<'_> {
    let rest = &bytes[at..];
    if rest.len() < FRAME_PREFIX || rest.iter().all(|byte| *byte == 0) {
        return Found::Torn;
    }
    let (prefix, after) = rest.split_at(FRAME_PREFIX);
    if crc32fast::hash(&prefix[..12]) != number(&prefix[12..]) {
        return Found::DamagedHead;
    }
    let length = number(prefix) as usize;
    let Some(payload) = after.get(..length) else { return Found::Torn };
    let end = at + FRAME_PREFIX + length;
    if crc32fast::hash(payload) == number(&prefix[4..]) {
        return Found::Frame { number: number(&prefix[8..]), payload, end };
    }
    // No payload ends in a zero byte; blocks that were never written read as zeros.
    let never_written = length > 0 && after[length - 1..].iter().all(|byte| *byte == 0);
    if never_written && !is_last_bit_flipped(payload, number(&prefix[4..])) {
        Found::Torn
    } else {
        Found::DamagedPayload { end }
    }
}

/// Whether the zero at the end of a payload is a byte of which the only bit was lost.
fn is_last_bit_flipped(payload: &[u8], checksum: u32) -> bool {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&payload[..payload.len() - 1]);
    (0..8).any(|bit| {
        let mut hasher = hasher.clone();
        hasher.update(&[1 << bit]);
        hasher.finalize() == checksum
    })
}

pub(super) fn damaged_head() -> Error {
    Error::corrupt("the checksum of a journal frame's head is wrong")
}

pub(super) fn damaged_payload() -> Error {
    Error::corrupt("the checksum of a journal frame is wrong")
}

pub(super) fn out_of_order() -> Error {
    Error::corrupt("a journal frame is out of its order")
}

/// What stands at the end of a journal after the last whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing.
    Clean,
    /// The beginning of a frame whose writer did not get further, so that nobody was told of it.
    Torn,
}

/// The frames of a piece of a journal.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the piece stands in the journal.
    offset: u64,
    /// The number of the last frame before.
    number: u32,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(bytes: &'a [u8], offset: u64, number: u32) -> Self {
        Frames { bytes, at: 0, offset, number }
    }

    /// Where the next frame begins in the journal.
    pub(crate) fn position(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// The number of the last frame.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The payload of the next whole frame, or what the journal ends with.
    ///
    /// # Errors
    /// Corrupt, with the byte, where a checksum shows it.
    pub(crate) fn next(&mut self) -> Result<std::result::Result<&'a [u8], Tail>> {
        if self.at == self.bytes.len() {
            return Ok(Err(Tail::Clean));
        }
        let reason = match look(self.bytes, self.at) {
            Found::Torn => return Ok(Err(Tail::Torn)),
            Found::Frame { number, payload, end } if number == self.number.wrapping_add(1) => {
                (self.number, self.at) = (number, end);
                return Ok(Ok(payload));
            }
            Found::Frame { .. } => out_of_order(),
            Found::DamagedPayload { .. } => damaged_payload(),
            Found::DamagedHead => damaged_head(),
        };
        Err(reason.with_context("byte", self.position()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        begin(&mut frame);
        frame.extend_from_slice(payload);
        seal(&mut frame, number);
        frame
    }

    fn journal() -> Vec<u8> {
        [frame(1, b"first"), frame(2, b"second"), frame(3, b"third")].concat()
    }

    /// How many whole frames, and what comes then.
    fn read(bytes: &[u8]) -> (usize, Result<Tail>) {
        let mut frames = Frames::new(bytes, 0, 0);
        let mut count = 0;
        loop {
            match frames.next() {
                Ok(Ok(_)) => count += 1,
                Ok(Err(tail)) => return (count, Ok(tail)),
                Err(error) => return (count, Err(error)),
            }
        }
    }

    #[test]
    fn a_cut_leaves_the_frames_before_it() {
        let bytes = journal();
        let ends = [0, 21, 43, 64];
        for cut in 0..=bytes.len() {
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            let (count, tail) = read(&bytes[..cut]);
            assert_eq!(count, whole, "cut at {cut}");
            assert_eq!(tail.unwrap(), if ends.contains(&cut) { Tail::Clean } else { Tail::Torn }, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_shows_wherever_it_is() {
        let bytes = journal();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (count, tail) = read(&bytes);
            let error = tail.expect_err("a flipped bit");
            let frame = [0, 21, 43].iter().rposition(|start| *start <= bit / 8).unwrap();
            assert_eq!(count, frame, "bit {bit}");
            assert!(error.context_value("byte").is_some());
        }
    }

    #[test]
    fn blocks_that_were_never_written_are_a_torn_tail() {
        let mut bytes = journal();
        let length = bytes.len();
        bytes[length - 3..].fill(0);
        assert_eq!(read(&bytes).1.unwrap(), Tail::Torn);
        bytes.resize(length + 100, 0);
        assert_eq!(read(&bytes).1.unwrap(), Tail::Torn);
        bytes.push(1);
        assert!(read(&bytes).1.is_err(), "but not where something follows");
        let mut bytes = journal();
        bytes.resize(length + 100, 0);
        assert_eq!((read(&bytes).0, read(&bytes).1.unwrap()), (3, Tail::Torn));
    }

    #[test]
    fn frames_out_of_order_are_damage() {
        let bytes = [frame(1, b"a"), frame(3, b"b")].concat();
        assert!(read(&bytes).1.is_err());
        assert!(read(&[frame(1, b"a"), frame(1, b"b")].concat()).1.is_err());
    }
}
