//! The run-length and bit-packed hybrid of Parquet: levels and indices into dictionaries.
//!
//! Source: the format's description of its encodings, "Run Length Encoding / Bit-Packing Hybrid".

use arrow_buffer::BooleanBufferBuilder;

/// Wider values are no indices.
const MAX_WIDTH: u8 = 32;

/// Values of so many bits, run by run.
pub(super) struct Hybrid<'a> {
    bytes: &'a [u8],
    width: u8,
    run: Run<'a>,
}

/// What is left of a run.
#[derive(Clone, Copy)]
enum Run<'a> {
    Same {
        value: u32,
        left: usize,
    },
    /// Values from this one on in these bytes.
    Packed {
        bytes: &'a [u8],
        at: usize,
        left: usize,
    },
}

impl<'a> Hybrid<'a> {
    /// None for a width that there is not.
    pub(super) fn new(bytes: &'a [u8], width: u8) -> Option<Self> {
        (width <= MAX_WIDTH).then_some(Hybrid { bytes, width, run: Run::Same { value: 0, left: 0 } })
    }

    /// Begins the next run. None at the end, and for what is no run.
    fn advance(&mut self) -> Option<()> {
        let mut header = 0_u64;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            header |= u64::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 35 {
                return None;
            }
        }
        let count = usize::try_from(header >> 1).ok()?;
        let width = usize::from(self.width);
        self.run = if header & 1 == 0 {
            let (value, rest) = self.bytes.split_at_checked(width.div_ceil(8))?;
            self.bytes = rest;
            let mut wide = [0; 4];
            wide[..value.len()].copy_from_slice(value);
            Run::Same { value: u32::from_le_bytes(wide), left: count }
        } else {
            // The last run of a page may be cut where its values end.
            let length = count.checked_mul(width)?.min(self.bytes.len());
            let (packed, rest) = self.bytes.split_at_checked(length)?;
            self.bytes = rest;
            let there = (length * 8).checked_div(width).unwrap_or(usize::MAX);
            Run::Packed { bytes: packed, at: 0, left: count.checked_mul(8)?.min(there) }
        };
        Some(())
    }

    /// Takes so many values off, as what is left of each run and how many of it.
    fn take(&mut self, count: usize, mut each: impl FnMut(Run<'a>, usize)) -> Option<()> {
        let mut missing = count;
        while missing > 0 {
            let run = self.run;
            match &mut self.run {
                Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } => self.advance()?,
                Run::Same { left, .. } => {
                    let taken = missing.min(*left);
                    *left -= taken;
                    missing -= taken;
                    each(run, taken);
                }
                Run::Packed { at, left, .. } => {
                    let taken = missing.min(*left);
                    *at += taken;
                    *left -= taken;
                    missing -= taken;
                    each(run, taken);
                }
            }
        }
        Some(())
    }

    /// Appends so many values.
    pub(super) fn extend(&mut self, out: &mut Vec<u32>, count: usize) -> Option<()> {
        let width = self.width;
        self.take(count, |run, count| match run {
            Run::Same { value, .. } => out.resize(out.len() + count, value),
            Run::Packed { bytes, at, .. } => out.extend((at..at + count).map(|at| value_at(bytes, width, at))),
        })
    }

    /// Appends the values at these places, which rise, and 0 where a place is none.
    pub(super) fn pick(&mut self, out: &mut Vec<u32>, places: &[u32], none: u32) -> Option<()> {
        // Where the run begins.
        let mut start = 0_usize;
        for place in places {
            if *place == none {
                out.push(0);
                continue;
            }
            let place = *place as usize;
            loop {
                let left = match self.run {
                    Run::Same { left, .. } | Run::Packed { left, .. } => left,
                };
                if place - start < left {
                    break;
                }
                start += left;
                self.advance()?;
            }
            out.push(match self.run {
                Run::Same { value, .. } => value,
                Run::Packed { bytes, at, .. } => value_at(bytes, self.width, at + place - start),
            });
        }
        Some(())
    }

    /// Appends so many values of one bit.
    pub(super) fn extend_bits(&mut self, out: &mut BooleanBufferBuilder, count: usize) -> Option<()> {
        self.take(count, |run, count| match run {
            Run::Same { value, .. } => out.append_n(count, value != 0),
            // Both count bits from the lowest one.
            Run::Packed { bytes, at, .. } => out.append_packed_range(at..at + count, bytes),
        })
    }
}

/// One value of many that are packed; the bytes hold it.
#[inline]
fn value_at(bytes: &[u8], width: u8, at: usize) -> u32 {
    let mask = if width >= 32 { u64::from(u32::MAX) } else { (1 << width) - 1 };
    let bit = at * usize::from(width);
    let byte = bit / 8;
    let word = match bytes.get(byte..byte + 8) {
        Some(word) => u64::from_le_bytes(word.try_into().unwrap_or_default()),
        None => {
            let mut word = [0; 8];
            let rest = bytes.get(byte..).unwrap_or_default();
            word[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(word)
        }
    };
    ((word >> (bit % 8)) & mask) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs values as the format says.
    fn packed(values: &[u32], width: u8) -> Vec<u8> {
        let groups = values.len().div_ceil(8);
        let mut bytes = vec![((groups << 1) | 1) as u8];
        let mut bits = vec![0_u8; groups * usize::from(width)];
        for (row, value) in values.iter().enumerate() {
            for bit in 0..usize::from(width) {
                let place = row * usize::from(width) + bit;
                bits[place / 8] |= ((value >> bit & 1) as u8) << (place % 8);
            }
        }
        bytes.extend(bits);
        bytes
    }

    #[test]
    fn values_of_any_width_come_back() {
        for width in 0..=32 {
            let mask = if width == 32 { u32::MAX } else { (1 << width) - 1 };
            let values: Vec<u32> = (0..40_u32).map(|n| n.wrapping_mul(0x9E37_79B9) & mask).collect();
            let mut bytes = packed(&values, width);
            // A run of nine equal ones, then more packed ones.
            bytes.push(9 << 1);
            bytes.extend(&(7 & mask).to_le_bytes()[..usize::from(width).div_ceil(8)]);
            bytes.extend(packed(&values[..16], width));
            let mut expected = values.clone();
            expected.extend([7 & mask; 9]);
            expected.extend(&values[..16]);
            for first in [1, 8, 39, 41, 50, 65] {
                let mut hybrid = Hybrid::new(&bytes, width).unwrap();
                let mut found = Vec::new();
                hybrid.extend(&mut found, first).unwrap();
                hybrid.extend(&mut found, 65 - first).unwrap();
                assert_eq!(found, expected, "width {width}, first {first}");
                assert!(width == 0 || hybrid.extend(&mut found, 1).is_none());
            }
            let places = [0, 7, 8, u32::MAX, 31, 39, 40, 41, 48, 49, u32::MAX, 64];
            let mut picked = Vec::new();
            Hybrid::new(&bytes, width).unwrap().pick(&mut picked, &places, u32::MAX).unwrap();
            let at = |place: &u32| expected.get(*place as usize).copied().unwrap_or(0);
            assert!(picked.iter().copied().eq(places.iter().map(at)), "width {width}");
            assert!(width == 0 || Hybrid::new(&bytes, width).unwrap().pick(&mut picked, &[65], u32::MAX).is_none());
            if width == 1 {
                let mut bits = BooleanBufferBuilder::new(0);
                let mut hybrid = Hybrid::new(&bytes, 1).unwrap();
                hybrid.extend_bits(&mut bits, 43).unwrap();
                hybrid.extend_bits(&mut bits, 22).unwrap();
                assert!(bits.finish().iter().eq(expected.iter().map(|value| *value == 1)));
            }
        }
    }

    #[test]
    fn what_is_no_run_is_an_error() {
        let mut out = Vec::new();
        for bytes in [&[][..], &[0x80], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &[2], &[3]] {
            assert!(Hybrid::new(bytes, 9).unwrap().extend(&mut out, 1).is_none(), "{bytes:?}");
        }
        assert!(Hybrid::new(&[], 33).is_none());
        // An empty run is passed over.
        Hybrid::new(&[0, 0, 2, 5], 3).unwrap().extend(&mut out, 1).unwrap();
        assert_eq!(out, [5]);
    }
}
