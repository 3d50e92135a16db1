//! Numbers in their usual forms, fast.
//!
//! What is read here is what `format/csv/cell.rs` reads, whether or not the type is declared; all
//! other forms are left to it.

/// The integer of `text[start..end]`: digits without a leading zero, behind a minus or not.
#[inline]
pub(super) fn integer(text: &[u8], start: usize, end: usize) -> Option<i64> {
    let negative = text[start..end].first() == Some(&b'-');
    let start = start + usize::from(negative);
    let digits = end - start;
    if digits == 0 || (text[start] == b'0' && (digits > 1 || negative)) {
        return None;
    }
    let magnitude = match digits {
        1..=8 if end >= 8 => eight_digits(padded(text, end, digits))?,
        9..=16 if end >= 16 => {
            let high = eight_digits(padded(text, end - 8, digits - 8))?;
            high * 100_000_000 + eight_digits(padded(text, end, 8))?
        }
        1..=18 => one_by_one(&text[start..end])?,
        _ => return None,
    };
    // At most 18 digits.
    let magnitude = magnitude.cast_signed();
    Some(if negative { -magnitude } else { magnitude })
}

/// The last digits before `end`, zeros in front of them, as eight characters.
#[inline]
fn padded(text: &[u8], end: usize, digits: usize) -> u64 {
    let Some(eight) = text[..end].last_chunk::<8>() else { return 0 };
    let others = (8 - digits) * 8;
    let word = u64::from_le_bytes(*eight);
    if others == 0 { word } else { (word >> others << others) | (0x3030_3030_3030_3030 >> (64 - others)) }
}

/// The number of eight digits whose first stands in the lowest byte.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    let high_halves = word & 0xF0F0_F0F0_F0F0_F0F0;
    let past_nine = word.wrapping_add(0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0;
    if high_halves != 0x3030_3030_3030_3030 || past_nine != 0x3030_3030_3030_3030 {
        return None;
    }
    // Pairs, then fours, then all eight.
    let pairs = (word & 0x0F0F_0F0F_0F0F_0F0F).wrapping_mul(1 + (10 << 8)) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul(1 + (100 << 16)) >> 16;
    Some((fours & 0x0000_FFFF_0000_FFFF).wrapping_mul(1 + (10_000 << 32)) >> 32)
}

fn one_by_one(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The float of up to 15 digits with or without a point among them: both the digits and the power of
/// ten are floats exactly, so that one division rounds once, as it should.
#[inline]
pub(crate) fn float(text: &[u8], start: usize, end: usize) -> Option<f64> {
    let cell = &text[start..end];
    let (negative, unsigned) = match cell {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if unsigned.len() > 16 {
        return None;
    }
    let mut digits = 0_u64;
    let mut point = None;
    for (at, byte) in unsigned.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let whole = point.unwrap_or(unsigned.len());
    let count = unsigned.len() - usize::from(point.is_some());
    if count == 0 || count > 15 || (whole > 1 && unsigned[0] == b'0') {
        return None;
    }
    let float = digits as f64 / POWERS[count - whole];
    Some(if negative { -float } else { float })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::csv::cell;

    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn numbers_are_read_as_cells_are() {
        const SIGNS: &[u8] = b"0123456789-+.eE x,:/\x00\xC3";
        let mut state = 0x9E37_79B9_7F4A_7C15;
        let (mut integers, mut floats) = (0, 0);
        for round in 0..2_000_000 {
            let length = random(&mut state) as usize % 22;
            // Mostly digits, so that many are numbers.
            let digits_only = !random(&mut state).is_multiple_of(4);
            let mut text = String::new();
            if random(&mut state).is_multiple_of(4) {
                text.push('-');
            }
            for _ in 0..length {
                let range = if digits_only { 10 } else { SIGNS.len() as u64 - 1 };
                text.push(char::from(SIGNS[(random(&mut state) % range) as usize]));
            }
            if digits_only && random(&mut state).is_multiple_of(2) && !text.is_empty() {
                text.insert(random(&mut state) as usize % text.len(), '.');
            }
            let before = ["", "1", "12345678", "1234567890123456"][round % 4];
            let whole = format!("{before}{text},9");
            let (start, end) = (before.len(), before.len() + text.len());
            if let Some(integer) = integer(whole.as_bytes(), start, end) {
                integers += 1;
                for declared in [false, true] {
                    assert_eq!(cell::integer(&text, declared), Some(integer), "{text}");
                }
            } else if text.len() < 17 {
                assert_eq!(cell::integer(&text, false), None, "{text}");
            }
            if let Some(float) = float(whole.as_bytes(), start, end) {
                floats += 1;
                for declared in [false, true] {
                    assert_eq!(cell::float(&text, declared).map(f64::to_bits), Some(float.to_bits()), "{text}");
                }
            }
        }
        assert!(integers > 100_000 && floats > 100_000, "{integers} {floats}");
    }
}
