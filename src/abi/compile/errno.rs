//! `assets/errno.txt`: `NUMBER NAME TEXT`, one error a line, in ascending order.

use super::Source;
use super::scan::{Cursor, Error, lines};

pub struct Errno {
    pub number: u16,
    pub name: String,
    pub text: String,
}

pub fn parse(source: &Source) -> Result<Vec<Errno>, Error> {
    let mut all: Vec<Errno> = Vec::new();
    for (line, text) in lines(&source.text) {
        let mut cur = Cursor::new(&source.path, line, text);
        let number = cur.number()?;
        let number = u16::try_from(number).map_err(|_| cur.error("no error number is that large"))?;
        let name = cur.word("the error's name")?.to_string();
        if all.last().is_some_and(|last| last.number >= number) {
            return Err(cur.error("the numbers must ascend"));
        }
        if cur.at_end() {
            return Err(cur.error(format!("`{name}` has no text")));
        }
        all.push(Errno { number, name, text: cur.rest().into() });
    }
    Ok(all)
}
