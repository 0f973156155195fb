//! The line grammar of the original daemons (deployment.md §1.1). Not the shell's: no expansion, no escapes, no
//! continuation lines, no single quotes, no `export`.

/// Longest line in bytes, newline included; what follows on the same line is read as a line of its own.
const LINE_MAX: usize = 32768;

/// One line of the form `NAME = value`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Assignment<'a> {
    /// Number of the line in the file, from 1.
    pub line: u32,
    /// Text up to the first blank or `=`.
    pub name: &'a [u8],
    /// The value, or nothing when its closing quote is missing.
    pub value: Option<&'a [u8]>,
}

/// The assignments of a file, in order.
pub(crate) fn assignments(text: &[u8]) -> impl Iterator<Item = Assignment<'_>> {
    text.split_inclusive(|byte| *byte == b'\n')
        .zip(1..)
        .flat_map(|(line, number)| line.chunks(LINE_MAX).filter_map(move |chunk| assignment(number, chunk)))
}

fn assignment(line: u32, text: &[u8]) -> Option<Assignment<'_>> {
    let text = skip_blanks(text);
    if text.first() == Some(&b'#') {
        return None;
    }
    let (name, rest) = split_before(text, |byte| is_blank(byte) || byte == b'=');
    let value = skip_blanks(skip_blanks(rest).strip_prefix(b"=")?);
    let value = match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.iter().position(|byte| *byte == b'"').map(|end| &quoted[..end]),
        None => Some(split_before(value, |byte| is_blank(byte) || byte == b'#').0),
    };
    Some(Assignment { line, name, value })
}

/// C's `isspace` in the C locale.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    split_before(text, |byte| !is_blank(byte)).1
}

fn split_before(text: &[u8], stop: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| stop(*byte)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Value of NAME by the rules of the original look-up, for one file: found, absent, or a parse error.
    fn look_up(text: &str) -> Option<Option<String>> {
        assignments(text.as_bytes())
            .find(|found| found.name == b"NAME")
            .map(|found| found.value.map(|value| String::from_utf8_lossy(value).into_owned()))
    }

    // nc_014, nc_015, and the quoting cases of deployment.md §1.1 and §15 row 3.
    #[test]
    fn values_are_read_as_the_original_reads_them() {
        let found = |value: &str| Some(Some(value.to_owned()));
        let broken = Some(None);
        let absent = None;
        for (text, expected) in [
            ("NAME=value", found("value")),
            ("NAME=\"value\"", found("value")),
            (" \t NAME \t = \t value \t", found("value")),
            ("NAME = \"two words\" # comment", found("two words")),
            ("NAME=\"value\"rest is ignored", found("value")),
            ("NAME=value#comment", found("value")),
            ("NAME=value # comment", found("value")),
            ("NAME=\"a # b\"", found("a # b")),
            ("NAME=one two", found("one")),
            ("NAME=", found("")),
            ("NAME=\n", found("")),
            ("NAME=   # comment", found("")),
            ("NAME=\"\"", found("")),
            ("NAME='single quoted'", found("'single")),
            ("NAME=\"back\\\\slash $HOME \\\"", found("back\\\\slash $HOME \\")),
            ("NAME=\"$EUCALYPTUS/x\"", found("$EUCALYPTUS/x")),
            ("NAME=a\"b", found("a\"b")),
            ("NAME=a=b", found("a=b")),
            ("NAME==b", found("=b")),
            ("NAME=first\nNAME=second", found("first")),
            ("NAME=\nNAME=second", found("")),
            ("#NAME=no\n # NAME=no\nNAME=yes", found("yes")),
            ("NAMES=no\nNAME_X=no\nXNAME=no\nNAME=yes", found("yes")),
            ("export NAME=no", absent.clone()),
            ("NAME", absent.clone()),
            ("NAME value", absent.clone()),
            ("name=no", absent.clone()),
            ("OTHER=NAME=no", absent.clone()),
            ("OTHER=x \\\nNAME=yes", found("yes")),
            ("NAME=crlf\r\n", found("crlf")),
            ("NAME\u{b}=\u{c}vt", found("vt")),
            ("NAME=\"unterminated", broken.clone()),
            ("NAME=\"unterminated\nNAME=\"fine\"", broken.clone()),
            ("NAME=\"two\nlines\"", broken.clone()),
            ("OTHER=\"unterminated\nNAME=yes", found("yes")),
            ("", absent),
        ] {
            assert_eq!(look_up(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_longer_than_the_buffer_goes_on_as_a_new_line() {
        let padding = "x".repeat(LINE_MAX);
        assert_eq!(look_up(&format!("{padding}NAME=yes")), Some(Some("yes".into())));
        assert_eq!(look_up(&format!("x{padding}NAME=yes")), None);

        let quoted = |length: usize| format!("NAME=\"{}\"\n", "v".repeat(length - 8));
        assert!(look_up(&quoted(LINE_MAX)).is_some_and(|value| value.is_some()));
        assert_eq!(look_up(&format!("NAME=\"{}\"", "v".repeat(LINE_MAX))), Some(None));
    }

    #[test]
    fn lines_are_counted_from_one_and_a_long_line_counts_once() {
        let text = format!("\n#\n{}A=1\nB=2", " ".repeat(2 * LINE_MAX));
        let lines: Vec<_> =
            assignments(text.as_bytes()).map(|found| (found.name.to_vec(), found.line)).collect();
        assert_eq!(lines, [(b"A".to_vec(), 3), (b"B".to_vec(), 4)]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_grammar_panic(text in proptest::collection::vec(any::<u8>(), 0..4096)) {
            for found in assignments(&text) {
                prop_assert!(!found.name.contains(&b'='));
            }
        }

        #[test]
        fn a_quoted_value_comes_back_unchanged(value in "[^\"\n]*") {
            let text = format!("NAME=\"{value}\"");
            prop_assert_eq!(look_up(&text), Some(Some(value)));
        }
    }
}
