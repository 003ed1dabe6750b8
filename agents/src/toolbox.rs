//! The tools of agents that write files, and of agents that may ask a person: what they are called, how their arguments
//! are read, what they do. They change a set of texts in memory and nothing else; the same replies in the same order
//! always leave the same texts, so a loop that was broken off is taken up by reading its stored replies again.

mod arguments;

use crate::call::ModelReply;
use crate::check;
use crate::tool::{Part, ToolCall, ToolResult, ToolSpec, Turn};
use arguments::Request;
use groundwork_domain::document::files::{CodeFile, CodeFiles, CodeManifest, CodePath, Coverage, FileLimits};

pub use arguments::PersonQuestion;

/// How often `finish` is refused because something is missing; after that it is taken, and what is missing is written down.
const FINISH_REFUSALS_MAX: u32 = 2;

/// What may be done in a loop.
#[derive(Clone, Debug)]
pub struct Job {
    /// Files that the plan names.
    pub planned: Vec<String>,
    /// Requirements that must be covered.
    pub requirements: Vec<String>,
    /// True where the agent may ask a person.
    pub may_ask: bool,
    /// How many files and how large.
    pub limits: FileLimits,
}

/// What a reply leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on with this turn.
    Again(Turn),
    /// The work is done.
    Done {
        /// The files.
        files: Vec<CodeFile>,
        /// What they are and what they fulfil.
        manifest: CodeManifest,
    },
    /// A person is asked; the work waits. `turn` has the results of the other calls, and lacks that of the question.
    Ask {
        /// What is asked.
        question: PersonQuestion,
        /// The call that their answer is the result of.
        call_id: String,
        /// Results of what else the reply called.
        results: Vec<ToolResult>,
    },
}

/// A loop under way: the files so far.
#[derive(Clone, Debug)]
pub struct Bench {
    job: Job,
    files: CodeFiles,
    refusals: u32,
    /// What the last reply wrote.
    written: Vec<(CodePath, u64)>,
}

/// The tools of an agent that writes files.
#[must_use]
pub fn file_tools(may_ask: bool) -> Vec<ToolSpec> {
    arguments::file_tools(may_ask)
}

/// The tool of an agent that writes a document and may ask a person instead.
#[must_use]
pub fn ask_person() -> ToolSpec {
    arguments::ask_person()
}

/// The question that a reply asks a person, if it asks one.
///
/// # Errors
/// It calls a tool in a way that cannot be read, or another tool: what to tell it.
pub fn question(reply: &ModelReply) -> Result<Option<(String, PersonQuestion)>, String> {
    let Some(call) = reply.calls().next() else { return Ok(None) };
    match arguments::read(call) {
        Ok(Request::AskPerson(question)) => Ok(Some((call.id.clone(), question))),
        Ok(_) => Err(format!("there is no tool `{}` here", call.name)),
        Err(error) => Err(error),
    }
}

impl Bench {
    /// A loop that begins, with the files of an earlier one if they are to be changed.
    #[must_use]
    pub fn new(job: Job, earlier: &[CodeFile]) -> Self {
        let mut files = CodeFiles::new(job.limits);
        for file in earlier {
            // They passed the same rules before; a file that a smaller limit refuses now is not carried over.
            let _ = files.write(file.path.as_str(), &file.content);
        }
        Self { job, files, refusals: 0, written: Vec::new() }
    }

    /// Files and bytes so far.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        (self.files.len(), self.files.bytes())
    }

    /// Paths and bytes of what the last reply wrote, once.
    pub fn take_written(&mut self) -> Vec<(CodePath, u64)> {
        std::mem::take(&mut self.written)
    }

    /// Does what a reply asks for.
    pub fn answer(&mut self, reply: &ModelReply) -> Next {
        let calls: Vec<&ToolCall> = reply.parts.iter().filter_map(Part::call).collect();
        if calls.is_empty() {
            let text = "You ended without calling a tool, and nothing outside of tools is kept. Go on with \
                        `write_files`, or call `finish` if everything is there.";
            return Next::Again(Turn::User { text: text.to_owned() });
        }
        let mut results = Vec::with_capacity(calls.len());
        let (mut ended, mut asked) = (None, None);
        for call in calls {
            let done = match arguments::read(call) {
                Ok(Request::Finish { summary, coverage }) => match self.finish(&coverage) {
                    Ok(gaps) => {
                        ended.get_or_insert((summary, coverage, gaps));
                        Ok("Finished.".to_owned())
                    }
                    Err(missing) => Err(missing),
                },
                Ok(Request::AskPerson(question)) if self.job.may_ask && asked.is_none() => {
                    asked = Some((question, call.id.clone()));
                    continue;
                }
                Ok(request) => self.act(request),
                Err(error) if reply.is_cut() => Err(format!(
                    "The reply was cut at its limit, so this call could not be read ({error}). Write fewer files a call."
                )),
                Err(error) => Err(error),
            };
            let is_error = done.is_err();
            let content = done.unwrap_or_else(|error| error);
            results.push(ToolResult { call_id: call.id.clone(), content, is_error });
        }
        match (asked, ended) {
            (Some((question, call_id)), _) => Next::Ask { question, call_id, results },
            (None, Some((summary, coverage, gaps))) => self.done(summary, coverage, gaps),
            (None, None) => Next::Again(Turn::Results { results }),
        }
    }

    fn done(&self, summary: String, coverage: Vec<Coverage>, gaps: Vec<String>) -> Next {
        let files = self.files.clone().into_files();
        let manifest = CodeManifest { gaps, ..CodeManifest::of(&files, summary, coverage) };
        Next::Done { files, manifest }
    }

    fn act(&mut self, request: Request) -> Result<String, String> {
        match request {
            Request::WriteFiles { files } => self.write(&files),
            Request::ReadFile { path } => {
                self.files.read(&path).map(str::to_owned).ok_or_else(|| format!("There is no file `{path}`."))
            }
            Request::ListFiles => Ok(self.list()),
            Request::Finish { .. } => Err("`finish` is called once.".to_owned()),
            Request::AskPerson(_) => Err("There is nobody to ask here: take the plainest choice.".to_owned()),
        }
    }

    /// Every file by itself: what can be written is, and the rest is told.
    fn write(&mut self, files: &[(String, String)]) -> Result<String, String> {
        let mut refused = Vec::new();
        let mut written = 0;
        for (path, content) in files {
            match self.files.write(path, content) {
                Ok(_) => {
                    written += 1;
                    // What could be written has a path that parses.
                    let path = CodePath::parse(path).ok();
                    self.written.extend(path.map(|path| (path, content.len() as u64)));
                }
                Err(fault) => refused.push(format!("`{path}` is refused: {fault}")),
            }
        }
        let said = format!(
            "{written} written; {} files with {} bytes so far.",
            self.files.len(),
            self.files.bytes()
        );
        if refused.is_empty() { Ok(said) } else { Err(format!("{}\n{said}", refused.join("\n"))) }
    }

    fn list(&self) -> String {
        let lines: Vec<String> = self.files.list().map(|(path, bytes)| format!("{path} {bytes}")).collect();
        if lines.is_empty() { "No files yet.".to_owned() } else { lines.join("\n") }
    }

    /// What is missing and has to be taken as it is; an error where it can still be mended.
    fn finish(&mut self, coverage: &[Coverage]) -> Result<Vec<String>, String> {
        if self.files.is_empty() {
            return Err("There are no files yet: write them first.".to_owned());
        }
        let paths: Vec<&str> = self.files.list().map(|(path, _)| path.as_str()).collect();
        let Err(errors) = check::finished(&paths, &self.job.planned, &self.job.requirements, coverage) else {
            return Ok(Vec::new());
        };
        if self.refusals >= FINISH_REFUSALS_MAX {
            return Ok(errors.0.iter().map(|error| format!("{}: {}", error.rule, error.found)).collect());
        }
        self.refusals += 1;
        Err(format!("Not finished yet:\n{errors}"))
    }
}

#[cfg(test)]
#[path = "toolbox_tests.rs"]
mod tests;
