//! Text for the clipboard of the user's terminal, also over ssh: the escape sequence OSC 52, which the terminal may refuse.
//! Left out: writing it (`terminal`).

/// The most that is sent, in bytes of text: xterm takes no more, and others cut without a word.
pub const LIMIT: usize = 74_994;

/// `text` as OSC 52 (XTerm Control Sequences, "Manipulate Selection Data").
pub fn sequence(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", base64(text.as_bytes()))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// A word as a POSIX shell reads it back: as it is where nothing in it has a meaning, otherwise in quotes; bytes that are
/// no printable text as `$'\x..'`, which bash, zsh, ksh and POSIX.1-2024 shells know.
pub fn shell_word(word: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(b);
    match std::str::from_utf8(word) {
        Ok(text) if !word.is_empty() && word.iter().all(plain) => text.to_owned(),
        Ok(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => {
            let mut out = String::from("$'");
            for byte in word {
                match byte {
                    b'\'' | b'\\' => out.extend(['\\', char::from(*byte)]),
                    b' '..=b'~' => out.push(char::from(*byte)),
                    _ => out.push_str(&format!("\\x{byte:02x}")),
                }
            }
            out + "'"
        }
    }
}

/// A command line that a shell reads back as these words.
pub fn shell_command<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> String {
    words.into_iter().map(shell_word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // The test vectors of RFC 4648, section 10.
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
        assert_eq!(sequence("foo"), "\x1b]52;c;Zm9v\x07");
    }

    #[test]
    fn a_shell_reads_back_what_was_copied() {
        let words: [&[u8]; 9] = [
            b"ls",
            b"",
            b"a b",
            b"it's",
            b"$HOME `id` !x \"y\"",
            b"tab\there",
            b"new\nline",
            b"\xff\xfe'\\",
            "ä*?[~#".as_bytes(),
        ];
        let line = format!("printf '%s\\0' {}", shell_command(words));
        let output = Command::new("bash").args(["-c", &line]).output().expect("bash");
        let read: Vec<&[u8]> = output.stdout.split(|b| *b == 0).collect();
        assert_eq!(read[..words.len()], words, "{line}");
    }
}
