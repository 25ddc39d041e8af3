//! What a user says of the circumstances under which a profile is judged; the rest is as on the traced machine.

use super::runtime::Runtime;
use super::{Context, capabilities, capability};

/// Changes to a [`Context`], in this order: capabilities dropped, capabilities added, kernel, runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    pub cap_drop: Vec<Cap>,
    pub cap_add: Vec<Cap>,
    /// Kernel version and major revision.
    pub kernel: Option<(u32, u32)>,
    pub runtime: Option<Runtime>,
}

/// `CAP_CHOWN`, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap(Option<&'static str>);

impl Circumstances {
    /// Capabilities by name, with or without `CAP_`, or ALL; the kernel as `5.10`.
    ///
    /// # Errors
    /// A sentence with the option and the nearest valid word.
    pub fn read(
        cap_add: &[String],
        cap_drop: &[String],
        kernel: Option<&str>,
        runtime: Option<&str>,
    ) -> Result<Circumstances, String> {
        let caps = |option: &str, words: &[String]| {
            let cap = |word: &String| Ok(Cap(capability(word).map_err(|e| format!("{option} {word}: {e}"))?));
            words.iter().map(cap).collect::<Result<Vec<_>, String>>()
        };
        Ok(Circumstances {
            cap_drop: caps("--cap-drop", cap_drop)?,
            cap_add: caps("--cap-add", cap_add)?,
            kernel: kernel.map(version).transpose()?,
            runtime: runtime.map(Runtime::from_name).transpose().map_err(|e| format!("--runtime: {e}"))?,
        })
    }

    /// Gives a capability to the context that comes of this, or takes it away.
    pub fn flip(&mut self, capability: &'static str, context: &Context) {
        let cap = Cap(Some(capability));
        self.cap_add.retain(|added| *added != cap);
        if context.has(capability) {
            // What is dropped first could come back by an ALL that is added; the context's own list is what remains.
            self.spell_out(context);
            self.cap_add.retain(|added| *added != cap);
        } else {
            self.cap_add.push(cap);
        }
    }

    /// The context's capabilities one by one.
    fn spell_out(&mut self, context: &Context) {
        self.cap_drop = vec![Cap(None)];
        self.cap_add = capabilities().iter().filter(|cap| context.has(cap)).map(|cap| Cap(Some(cap))).collect();
    }

    pub fn apply(&self, context: &mut Context) {
        for Cap(cap) in &self.cap_drop {
            context.capabilities.retain(|c| cap.is_some_and(|cap| c != cap));
        }
        for Cap(cap) in &self.cap_add {
            match cap {
                Some(cap) if context.has(cap) => {}
                Some(cap) => context.capabilities.push((*cap).to_owned()),
                None => context.capabilities = capabilities().iter().map(|c| (*c).to_owned()).collect(),
            }
        }
        context.kernel = self.kernel.unwrap_or(context.kernel);
        context.runtime = self.runtime.or(context.runtime);
    }
}

fn version(word: &str) -> Result<(u32, u32), String> {
    let (version, revision) = word.split_once('.').unwrap_or((word, "0"));
    let revision = revision.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    match (version.parse(), revision.parse()) {
        (Ok(version), Ok(revision)) if (version, revision) != (0, 0) => Ok((version, revision)),
        _ => Err(format!("--kernel {word:?}: write a version, as in 5.10")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(add: &[&str], drop: &[&str], kernel: Option<&str>) -> Context {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let mut context = Context::docker("6.18.1", "x86_64");
        Circumstances::read(&words(add), &words(drop), kernel, Some("crun")).expect("valid").apply(&mut context);
        context
    }

    #[test]
    fn what_is_dropped_can_be_added_again() {
        let context = after(&["sys_admin", "CAP_CHOWN"], &["all"], Some("5"));
        assert_eq!(context.capabilities, ["CAP_SYS_ADMIN", "CAP_CHOWN"]);
        assert_eq!((context.kernel, context.runtime), ((5, 0), Some(Runtime::Crun)));
        assert_eq!(after(&["ALL"], &[], Some("5.10.3-x")).capabilities.len(), capabilities().len());
        assert_eq!(after(&[], &["chown"], Some("5.10.3-x")).kernel, (5, 10));
    }

    #[test]
    fn flipping_twice_is_nothing() {
        for add in [&[][..], &["ALL"]] {
            let words: Vec<String> = add.iter().map(|w| (*w).to_owned()).collect();
            let mut circumstances = Circumstances::read(&words, &[], None, None).expect("valid");
            let context = |circumstances: &Circumstances| {
                let mut context = Context::docker("6.18.1", "x86_64");
                circumstances.apply(&mut context);
                context.capabilities.sort();
                context
            };
            for cap in capabilities() {
                let before = context(&circumstances);
                circumstances.flip(cap, &before);
                let flipped = context(&circumstances);
                assert_ne!(before.has(cap), flipped.has(cap), "{cap}");
                assert_eq!(before.capabilities.len().abs_diff(flipped.capabilities.len()), 1, "{cap}");
                circumstances.flip(cap, &flipped);
                assert_eq!(context(&circumstances), before, "{cap}");
            }
        }
    }

    #[test]
    fn wrong_words_are_told_with_their_option() {
        let read = |add: &str, kernel, runtime| Circumstances::read(&[add.to_owned()], &[], kernel, runtime);
        for (result, told) in [
            (read("CHWN", None, None), "--cap-add CHWN: \"CHWN\" is no capability"),
            (read("CHOWN", Some("new"), None), "--kernel \"new\": write a version"),
            (
                read("CHOWN", None, Some("dcoker")),
                "--runtime: \"dcoker\" is no runtime; the nearest valid one is \"docker\"",
            ),
        ] {
            let error = result.expect_err(told);
            assert!(error.starts_with(told), "{error}");
        }
    }
}
