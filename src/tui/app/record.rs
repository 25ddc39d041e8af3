//! Recording the session into a file: begun and ended by a key, and ended with the view. A recording that fails ends, and
//! the trace goes on.

use std::fs::File;

use super::App;
use crate::session::Recorder;
use crate::tui::format;
use crate::tui::state::layer::{Input, Layer};
use crate::tui::state::recording::Recording;

impl App {
    /// Asks for a file, or ends the recording.
    pub(super) fn record(&mut self) {
        match &mut self.recording {
            Some(recording) if recording.stopping() => self.say("The recording is being completed."),
            Some(recording) => {
                recording.stop();
                self.work_slice();
            }
            None => {
                let text = self.recording_name();
                self.layers.push(Layer::Record(Input { text, error: None }));
            }
        }
    }

    /// `make-20231114-221320.sysview`: the program and when it began, UTC.
    fn recording_name(&self) -> String {
        let Some(started) = &self.session.started else { return String::new() };
        let path = started.argv.first().map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(40).collect();
        let name = name.trim_start_matches(['.', '-']);
        let name = if name.is_empty() { "run" } else { name };
        format::stamp(started.began).map_or(format!("{name}.sysview"), |stamp| format!("{name}-{stamp}.sysview"))
    }

    /// Begins a recording in the file that was named; a name that cannot be used stays to be changed.
    pub(super) fn begin_recording(&mut self, mut input: Input) {
        let Some(started) = &self.session.started else { return };
        let name = input.text.trim().to_owned();
        // A file that is there is somebody's.
        let begun = File::create_new(&name)
            .map_err(|error| format!("{name} cannot be made: {error}; choose another name."))
            .and_then(|file| Recorder::begin(file, started).map_err(|error| error.to_string()));
        match begun {
            Ok(recorder) => {
                let screen = if self.session.has_terminal() { self.program.picture() } else { Vec::new() };
                self.recording = Some(Recording::new(name, recorder, screen));
                if let Some(end) = self.session.end() {
                    self.end_recording(end);
                }
                self.work_slice();
            }
            Err(sentence) => {
                input.error = Some(sentence);
                self.layers.push(Layer::Record(input));
            }
        }
    }

    pub(super) fn end_recording(&mut self, end: crate::source::End) {
        if let Some(recording) = &mut self.recording {
            recording.end(end);
        }
    }

    /// Says what became of a recording that is over.
    pub(super) fn look_at_recording(&mut self) {
        let Some(outcome) = self.recording.as_ref().and_then(Recording::outcome) else { return };
        let Some(recording) = self.recording.take() else { return };
        self.say(match outcome {
            Ok(()) => format!("Recorded in {}, {}.", recording.name, format::size(recording.written())),
            Err(why) => format!("{}: {why}. The trace goes on.", recording.name),
        });
    }

    /// The view is left: what was to be recorded is written to its end.
    pub(in crate::tui) fn finish_recording(&mut self) -> Option<String> {
        let recording = self.recording.take()?;
        let name = recording.name.clone();
        let done = recording.finish(&self.session.store, self.session.newest_ns());
        done.err().map(|why| format!("{name}: {why}"))
    }
}
