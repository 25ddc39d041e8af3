//! `sysview explain 0644`: the type and the permissions that the mode of a file holds, inode(7).

use crate::cli::page::Page;

/// Bits by their names in C, from high to low.
const BITS: [(u64, &str, &str); 12] = [
    (0o4000, "S_ISUID", "runs as its owner"),
    (0o2000, "S_ISGID", "runs as its group; new files of a directory get its group"),
    (0o1000, "S_ISVTX", "files of the directory can be removed by their owner only"),
    (0o400, "S_IRUSR", "the owner reads"),
    (0o200, "S_IWUSR", "the owner writes"),
    (0o100, "S_IXUSR", "the owner runs it, or enters the directory"),
    (0o40, "S_IRGRP", "the group reads"),
    (0o20, "S_IWGRP", "the group writes"),
    (0o10, "S_IXGRP", "the group runs it, or enters the directory"),
    (0o4, "S_IROTH", "others read"),
    (0o2, "S_IWOTH", "others write"),
    (0o1, "S_IXOTH", "others run it, or enter the directory"),
];
const TYPES: [(u64, &str, char, &str); 7] = [
    (0o14, "S_IFSOCK", 's', "a socket"),
    (0o12, "S_IFLNK", 'l', "a symbolic link"),
    (0o10, "S_IFREG", '-', "a regular file"),
    (0o6, "S_IFBLK", 'b', "a block device"),
    (0o4, "S_IFDIR", 'd', "a directory"),
    (0o2, "S_IFCHR", 'c', "a character device"),
    (0o1, "S_IFIFO", 'p', "a pipe with a name"),
];
/// What fits a mode: the type and the twelve bits.
const MOST: u64 = 0o177_777;

/// The error is one sentence.
pub fn describe(page: &mut Page, word: &str, mode: u64) -> Result<(), String> {
    if mode > MOST {
        return Err(format!("{word} is too large for the mode of a file, which has 16 bits"));
    }
    let kind = TYPES.iter().find(|(number, ..)| *number == mode >> 12);
    if kind.is_none() && mode >> 12 != 0 {
        return Err(format!("{word} is no mode of a file: there is no type {:#o}", mode >> 12));
    }
    let letters: String = kind.map(|(_, _, letter, _)| *letter).into_iter().chain(permissions(mode)).collect();
    page.entry("", &format!("{word} - the mode of a file: {letters}"));
    page.heading("Bits");
    if let Some((number, name, _, what)) = kind {
        page.entry(&format!("  {:<8} {:>7}  ", name, format!("0{:o}", number << 12)), what);
    }
    for (bit, name, what) in BITS.iter().filter(|(bit, ..)| mode & bit != 0) {
        page.entry(&format!("  {:<8} {:>7}  ", name, format!("0{bit:o}")), what);
    }
    page.heading("The number");
    page.entry("  ", &format!("{mode}, {mode:#x}"));
    page.heading("More");
    page.entry("  calls    ", "chmod, fchmodat, open, mkdir, umask");
    page.entry("  manual   ", "chmod(2), inode(7)");
    Ok(())
}

/// `rwxr-xr-x`, as ls(1) shows it.
fn permissions(mode: u64) -> impl Iterator<Item = char> {
    let groups = [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')];
    groups.into_iter().flat_map(move |(shift, special, letter)| {
        let on = |bit: u64| mode >> shift & bit != 0;
        let last = match (mode & special != 0, on(1)) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        };
        [if on(4) { 'r' } else { '-' }, if on(2) { 'w' } else { '-' }, last]
    })
}
