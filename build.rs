//! Compiles the tables of `assets/` into Rust source; a mistake in a table is a build error with file and line.

#[path = "src/abi/compile/mod.rs"]
mod tables;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use tables::numbers::Numbers;
use tables::{Assets, Source};

fn main() {
    // The tables of calls are full of pointers. In a position-independent program all of them are written anew at each
    // start, which takes longer than everything else that `sysview log -- true` does before the program runs.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/abi/compile");
    if let Err(message) = run() {
        // `cargo::error` shows the sentence without the noise of a panic.
        println!("cargo::error={message}");
        process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let assets = Assets {
        syscalls: folder("assets/syscalls")?,
        flags: folder("assets/flags")?,
        structs: folder("assets/structs")?,
        netlink: folder("assets/netlink")?,
        errno: file(Path::new("assets/errno.txt"))?,
    };
    let code = tables::compile(&assets, &Numbers::of_the_crate()).map_err(|e| e.to_string())?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo set no OUT_DIR")?).join("tables.rs");
    fs::write(&out, code).map_err(|e| format!("cannot write {}: {e}", out.display()))
}

/// Every file of a folder, by name, so that the result does not depend on the file system.
fn folder(path: &str) -> Result<Vec<Source>, String> {
    println!("cargo::rerun-if-changed={path}");
    let entries = fs::read_dir(path).map_err(|e| format!("cannot read {path}: {e}"))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|e| format!("cannot read {path}: {e}"))?.path());
    }
    paths.retain(|p| p.is_file() && p.extension().is_none_or(|e| e == "sys"));
    paths.sort();
    paths.iter().map(|p| file(p)).collect()
}

fn file(path: &Path) -> Result<Source, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(Source { path: path.display().to_string(), text })
}
