//! Sizes of screens on the command line: `120x40`, columns by rows.

use super::error::CliError;

/// Columns and rows, each from 1 to 1000.
pub fn parse(text: &str, option: &str) -> Result<(u16, u16), CliError> {
    let number = |s: &str| s.parse::<u16>().ok().filter(|n| (1..=1000).contains(n));
    text.split_once('x').and_then(|(cols, rows)| Some((number(cols)?, number(rows)?))).ok_or_else(|| {
        CliError::usage(format!("{option} {text}: not a size; write columns and rows, each 1 to 1000, as in 120x40"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_columns_by_rows() {
        assert_eq!(parse("120x40", "--size").unwrap(), (120, 40));
        for bad in ["", "120", "x", "0x40", "120x", "1001x1", "80x-1"] {
            let error = parse(bad, "--size").expect_err(bad).to_string();
            assert!(error.contains("as in 120x40"), "{error}");
        }
    }
}
