//! Datetimes in their usual forms, fast.
//!
//! What is read here is what `format/csv/cell.rs` reads; all other forms are left to it.

/// Microseconds since 1970 and the offset in seconds, of `YYYY-MM-DDTHH:MM:SS`, with a blank instead
/// of the `T` or not, with a `Z` behind it or not.
#[inline]
pub(super) fn datetime(text: &[u8]) -> Option<(i64, Option<i32>)> {
    let (time, offset) = match text {
        [time @ .., b'Z'] => (time, Some(0)),
        time => (time, None),
    };
    let time: &[u8; 19] = time.try_into().ok()?;
    if time[4] != b'-' || time[7] != b'-' || !matches!(time[10], b'T' | b' ') || time[13] != b':' || time[16] != b':' {
        return None;
    }
    let mut wrong = false;
    let mut two = |at: usize| {
        let (tens, ones) = (time[at].wrapping_sub(b'0'), time[at + 1].wrapping_sub(b'0'));
        wrong |= tens > 9 || ones > 9;
        u32::from(tens) * 10 + u32::from(ones)
    };
    let year = two(0) * 100 + two(2);
    let (month, day, hour, minute, second) = (two(5), two(8), two(11), two(14), two(17));
    if wrong || year == 0 || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day == 0 || day > length {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some((seconds * 1_000_000, offset))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that
/// the leap day is their last.
#[inline]
fn days_since_1970(year: u32, month: u32, day: u32) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    i64::from(year * 365 + leap_days + day_of_year) - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::csv::cell;

    #[test]
    fn datetimes_are_read_as_cells_are() {
        let mut read = 0;
        for year in (0..=9999).step_by(7).chain([1, 4, 100, 400, 1900, 1970, 2000, 2024, 9999]) {
            for (month, day) in (0..=13).flat_map(|month| [0, 1, 28, 29, 30, 31, 32].map(|day| (month, day))) {
                for rest in
                    ["T00:00:00", " 23:59:59Z", "T12:34:56Z", "T24:00:00", "T10:60:00", "T10:00:60", "T10:0x:00"]
                {
                    let text = format!("{year:04}-{month:02}-{day:02}{rest}");
                    let expected = cell::datetime(&text, false).map(|time| (time.micros(), time.offset_seconds()));
                    match datetime(text.as_bytes()) {
                        None => assert!(expected.is_none() || rest.contains(":60") || year == 0, "{text}"),
                        found => {
                            read += 1;
                            assert_eq!(found, expected, "{text}");
                        }
                    }
                }
            }
        }
        assert!(read > 100_000);
        for text in ["", "2024-05-01", "2024-05-01T10:00:00+02:00", "2024-05-01t10:00:00", "2024-05-01T10:00:00.5Z"] {
            assert_eq!(datetime(text.as_bytes()), None);
        }
    }
}
