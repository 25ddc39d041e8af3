//! The seccomp overlay: a profile, its judge, and what was judged so far.

use std::fmt;

use crate::model::{CallView, Store};
use crate::policy::{Context, Judge, Profile, ProfileError, Verdict};
use crate::tui::layout::Pane;
use crate::tui::state::blocked::Blocked;
use crate::tui::state::enforced::{By, Enforced};

use super::App;

/// A profile that rows are judged by.
pub struct Overlay {
    pub profile: Profile,
    pub context: Context,
    pub judge: Judge,
    /// Marks are shown.
    pub on: bool,
    pub blocked: Blocked,
    pub enforced: Option<Enforced>,
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("on", &self.on).field("blocked", &self.blocked).finish_non_exhaustive()
    }
}

impl Overlay {
    /// # Errors
    /// The container runtime would refuse the profile; the sentence says where and why.
    pub fn new(profile: Profile, context: Context) -> Result<Overlay, ProfileError> {
        let judge = profile.resolve(&context)?;
        Ok(Overlay { profile, context, judge, on: true, blocked: Blocked::default(), enforced: None })
    }

    /// None if it depends on what only text could tell and does not.
    pub fn verdict(&self, view: &CallView<'_>) -> Option<Verdict> {
        self.judge.verdict_on(view)
    }

    /// Judges up to `budget` more rows; true while there are more.
    pub fn scan(&mut self, store: &Store, budget: u64) -> bool {
        let judge = &self.judge;
        self.blocked.scan(store, budget, |seq, call| match judge.looks_at(call.arch, call.nr, &call.args) {
            0 => Some(judge.verdict(call.arch, call.nr, &call.args)),
            _ => judge.verdict_on(&store.call(seq)?.view()),
        })
    }
}

impl App {
    /// Judges by a profile from now on. Its context needs the machine, which is known once the source has started.
    pub(super) fn judge_by(&mut self, profile: Profile) -> Result<(), ProfileError> {
        self.dirty = true;
        match &self.session.started {
            Some(started) => {
                let mut context = Context::docker(&started.machine.kernel_release, &started.machine.machine);
                self.options.circumstances.apply(&mut context);
                let mut overlay = Overlay::new(profile, context)?;
                // The tracer follows to the new profile; the kernel's filter stays what it is.
                overlay.enforced = self.overlay.as_ref().and_then(|old| old.enforced).filter(|e| e.by == By::Tracer);
                let enforced = overlay.enforced.is_some();
                self.overlay = Some(overlay);
                if enforced {
                    self.enforce();
                }
                self.explained = None;
                self.tours.look_again();
                self.judge_points();
                if self.trace.narrow.as_ref().is_some_and(|n| n.filter.needs_profile()) {
                    self.narrow_again();
                }
            }
            None => self.options.profile = Some(profile),
        }
        Ok(())
    }

    /// Works out why the selected call got its verdict, unless that is known or not in view.
    pub(super) fn explain_selected(&mut self) {
        let selected = self.selected().filter(|_| self.layout.area(Pane::Call).is_some());
        let known = self.explained.as_ref().map(|(seq, _)| *seq);
        let (Some(overlay), Some(seq)) = (&self.overlay, selected.filter(|seq| Some(*seq) != known)) else { return };
        let call = self.session.store.call(seq);
        let explain = |view: CallView<'_>| overlay.judge.explain(view.arch, view.nr, view.args);
        self.explained = call.map(|call| (seq, explain(call.view())));
        self.dirty = true;
    }

    /// Takes up the profile of the command line.
    pub(super) fn judge_from_start(&mut self) {
        let on = self.options.seccomp_on;
        if let Some(profile) = self.options.profile.take() {
            if let Err(error) = self.judge_by(profile) {
                self.say(error.to_string());
            }
            if let Some(overlay) = &mut self.overlay {
                overlay.on = on;
            }
            match self.options.enforce {
                Some(By::Tracer) => self.enforce(),
                Some(By::Kernel) => self.enforced_by_kernel(),
                None => {}
            }
        }
    }
}
