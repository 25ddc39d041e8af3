//! The other files that a profile names. Profiles are read without touching the file system: whoever reads one says where
//! its files come from.

/// A file that belongs to a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What errors call it: its path.
    pub name: String,
    pub text: String,
}

/// Where other files come from. Each `Err` is a sentence without its end: what is wrong with the file.
pub trait Library {
    /// The file of this path, as `@include` and `@frequency` of minijail0(5) name it.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    fn file(&self, path: &str) -> Result<Source, String>;

    /// Files in which a base profile of this name may stand, for `baseProfileName`. None: there is no such file.
    ///
    /// # Errors
    /// One cannot be read.
    fn bases(&self, name: &str) -> Result<Vec<Source>, String>;

    /// Files that change the unit that is read, systemd.unit(5), in the order in which they do.
    ///
    /// # Errors
    /// One cannot be read.
    fn drop_ins(&self) -> Result<Vec<Source>, String>;
}

/// No other files at all: for a text that came without a place.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Library for Alone {
    fn file(&self, _: &str) -> Result<Source, String> {
        Err("other files are only read beside a profile that is a file itself".into())
    }

    fn bases(&self, _: &str) -> Result<Vec<Source>, String> {
        Ok(Vec::new())
    }

    fn drop_ins(&self) -> Result<Vec<Source>, String> {
        Ok(Vec::new())
    }
}
