//! The compiler of the tables in `assets/`: text of `.sys`, flag and structure files in, Rust statics out.
//!
//! Pure (`build.rs` does the reading and writing), so that tests feed it broken tables. Any mistake is an `Error` with
//! file and line. It is compiled into the build script and into the tests of the tables, never into sysview itself.
//! Left out: the prose of `assets/explain`.

pub mod attrs;
pub mod calls;
pub mod emit;
pub mod errno;
pub mod flags;
pub mod numbers;
pub mod scan;
pub mod structs;
pub mod types;

use scan::Error;

/// The text of one file under `assets/`.
pub struct Source {
    /// `assets/syscalls/file.sys`
    pub path: String,
    pub text: String,
}

/// The four folders of tables and the error list.
pub struct Assets {
    pub syscalls: Vec<Source>,
    pub flags: Vec<Source>,
    pub structs: Vec<Source>,
    pub netlink: Vec<Source>,
    pub errno: Source,
}

/// Rust source of the statics that `src/abi/tables.rs` includes.
pub fn compile(assets: &Assets, numbers: &numbers::Numbers) -> Result<String, Error> {
    let flags = flags::parse(&assets.flags)?;
    let structs = structs::parse(&assets.structs, &flags)?;
    let calls = calls::parse(&assets.syscalls, &flags, &structs)?;
    numbers.check(&calls)?;
    let errno = errno::parse(&assets.errno)?;
    let attrs = attrs::parse(&assets.netlink, &flags, &structs)?;
    Ok(emit::tables(&flags, &structs, &calls, &attrs, &errno, numbers))
}
