//! Names and texts inside SQL. Values are bound; what must stand in the text goes through here.

/// A quoted identifier: any Unicode name but one with U+0000, which the settings refuse.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string constant, whatever `standard_conforming_strings` says.
pub(crate) fn constant(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(identifier(r#"a"; DROP TABLE x; --"#), r#""a""; DROP TABLE x; --""#);
        assert_eq!(constant("it's"), "'it''s'");
        assert_eq!(constant(r"a\'b"), r"E'a\\''b'");
    }
}
