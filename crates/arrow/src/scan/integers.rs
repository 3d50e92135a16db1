//! Integers as text.

use arrow_array::builder::StringBuilder;

/// Appends an integer as its digits, without a detour through a formatter.
///
/// ```
/// use arrow_array::builder::StringBuilder;
/// let mut texts = StringBuilder::new();
/// dataknobs_data_arrow::append_integer(&mut texts, -7);
/// assert_eq!(texts.finish().value(0), "-7");
/// ```
pub fn append_integer(builder: &mut StringBuilder, integer: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = integer.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    builder.append_value(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_their_text_form() {
        let mut builder = StringBuilder::new();
        let integers = [0, 7, -7, 10, i64::MAX, i64::MIN];
        integers.iter().for_each(|integer| append_integer(&mut builder, *integer));
        let written = builder.finish();
        assert!(written.iter().zip(integers).all(|(text, integer)| text == Some(integer.to_string().as_str())));
    }
}
