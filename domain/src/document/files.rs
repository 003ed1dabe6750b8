//! Files that an agent wrote: which paths they may have, how many there may be and how large. The rules are strict
//! because the files are unpacked on machines of people: what no file system could mistake is all that passes.

use crate::ids::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 240;
/// Longest name of a folder or file, in bytes.
pub const NAME_BYTES_MAX: usize = 100;
/// Most folders above a file.
pub const DEPTH_MAX: usize = 16;

/// Names that are devices on Windows, whatever their extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// Devices that have numbers.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];
/// Letters that one file system or shell or another reads as something else.
const FORBIDDEN: [char; 8] = ['\\', ':', '<', '>', '"', '|', '?', '*'];

/// Bounds on the files of one artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileLimits {
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of all files together.
    pub total_bytes_max: u64,
    /// Files.
    pub files_max: u32,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self { file_bytes_max: 256 * 1024, total_bytes_max: 10 * 1024 * 1024, files_max: 500 }
    }
}

/// Where a file stands: a relative path of `/` that cannot leave its root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodePath(String);

/// A path that is refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Nothing there.
    #[error("a path has at least one letter")]
    Empty,
    /// Too long, or too deep.
    #[error("a path has at most {PATH_BYTES_MAX} bytes, {NAME_BYTES_MAX} a name, and {DEPTH_MAX} folders")]
    Length,
    /// It begins at a root: `/`, `~`.
    #[error("a path is relative to the project's folder")]
    Absolute,
    /// `..`, `.`, or nothing between two slashes.
    #[error("no part of a path is `..`, `.` or empty")]
    Escape,
    /// A letter that is not only a letter everywhere: backslash, colon, control and invisible characters.
    #[error("a path has no backslash, no colon, none of <>\"|?*, no control and no invisible characters")]
    Letter,
    /// Two spellings of one name are possible.
    #[error("a path is in Unicode's composed form (NFC)")]
    NotNormal,
    /// A name that means something to an operating system or to git.
    #[error(
        "no part of a path is a reserved name such as `.git`, `con` or `nul`, or begins or ends with a space or ends with a dot"
    )]
    Reserved,
}

impl CodePath {
    /// Reads a path.
    ///
    /// # Errors
    /// The first rule that it breaks.
    ///
    /// ```
    /// # use groundwork_domain::document::files::{CodePath, PathFault};
    /// assert_eq!(CodePath::parse("src/app.ts").map(|path| path.to_string()), Ok("src/app.ts".into()));
    /// assert_eq!(CodePath::parse("../etc/passwd"), Err(PathFault::Escape));
    /// assert_eq!(CodePath::parse("C:\\x"), Err(PathFault::Letter));
    /// ```
    pub fn parse(text: &str) -> Result<Self, PathFault> {
        if text.is_empty() {
            return Err(PathFault::Empty);
        }
        if text.len() > PATH_BYTES_MAX {
            return Err(PathFault::Length);
        }
        if text.starts_with(['/', '~']) {
            return Err(PathFault::Absolute);
        }
        if text
            .chars()
            .any(|letter| letter.is_control() || FORBIDDEN.contains(&letter) || is_invisible(letter))
        {
            return Err(PathFault::Letter);
        }
        if !is_nfc(text) {
            return Err(PathFault::NotNormal);
        }
        for (depth, name) in text.split('/').enumerate() {
            if depth > DEPTH_MAX || name.len() > NAME_BYTES_MAX {
                return Err(PathFault::Length);
            }
            check_name(name)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path and all folders above it, outermost first, each with the key under which a file system that knows no
    /// case and no compatibility forms would keep it.
    fn places(&self) -> impl Iterator<Item = (String, &str)> {
        let ends = self.0.match_indices('/').map(|(at, _)| at).chain([self.0.len()]);
        ends.map(|end| (folded(&self.0[..end]), &self.0[..end]))
    }
}

impl fmt::Display for CodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CodePath {
    type Error = PathFault;

    fn try_from(text: String) -> Result<Self, PathFault> {
        Self::parse(&text)
    }
}

impl From<CodePath> for String {
    fn from(path: CodePath) -> Self {
        path.0
    }
}

/// Characters that are not seen or turn the direction of writing; HFS+ ignores some of them in names.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}'
    ) || (letter.is_whitespace() && letter != ' ')
}

fn check_name(name: &str) -> Result<(), PathFault> {
    if name.is_empty() || name == "." || name == ".." {
        return Err(PathFault::Escape);
    }
    let lower = folded(name);
    // What Windows leaves away at the end of a name makes two names one, and turns `.. ` into `..`.
    if name.ends_with(['.', ' ']) || name.starts_with(' ') || lower.trim_matches(['.', ' ']).is_empty() {
        return Err(PathFault::Reserved);
    }
    let stem = lower.split('.').next().unwrap_or_default().trim_end();
    let numbered = NUMBERED_DEVICES.iter().filter_map(|device| stem.strip_prefix(device));
    let is_device = DEVICES.contains(&stem)
        || numbered.into_iter().any(|rest| rest.chars().count() == 1 && rest.chars().all(char::is_numeric));
    if is_device || lower == ".git" || lower == "git~1" {
        return Err(PathFault::Reserved);
    }
    Ok(())
}

/// The same for all spellings that some file system takes for one name.
fn folded(text: &str) -> String {
    // Up and down again: `ß` and `SS`, `ſ` and `s` are one letter to case-insensitive file systems.
    text.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().collect()
}

/// A file with its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeFile {
    /// Where it stands.
    pub path: CodePath,
    /// The whole text.
    pub content: String,
}

/// A file that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Its path.
    #[error("{0}")]
    Path(#[from] PathFault),
    /// Another file or folder has a name that some file systems take for the same.
    #[error("`{0}` is there already, and some file systems know no difference")]
    Collision(String),
    /// It would be a file and a folder.
    #[error("`{0}` is a file, or a folder, already")]
    Kind(String),
    /// It has a NUL.
    #[error("a file is text and has no NUL")]
    Nul,
    /// Too long.
    #[error("the file has {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// Its length.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// All files together are too long.
    #[error("all files together would have {bytes} bytes; at most {max} are allowed")]
    TooMuch {
        /// Their length with it.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// Too many files.
    #[error("at most {max} files are allowed")]
    TooMany {
        /// The limit.
        max: u32,
    },
}

/// The files of one artifact while they are being written. The same writes in the same order give the same files.
#[derive(Clone, Debug, Default)]
pub struct CodeFiles {
    limits: FileLimits,
    files: BTreeMap<CodePath, String>,
    /// Every file and folder by its folded path: how it is spelled, and whether it is a file.
    places: BTreeMap<String, (String, bool)>,
    bytes: u64,
}

impl CodeFiles {
    /// No files yet.
    #[must_use]
    pub fn new(limits: FileLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Writes a file, or writes it anew. True where it is new.
    ///
    /// # Errors
    /// Why it is refused; nothing is changed then.
    pub fn write(&mut self, path: &str, content: &str) -> Result<bool, FileFault> {
        let path = CodePath::parse(path)?;
        if content.contains('\0') {
            return Err(FileFault::Nul);
        }
        let limits = self.limits;
        let bytes = content.len() as u64;
        if bytes > limits.file_bytes_max {
            return Err(FileFault::TooLong { bytes, max: limits.file_bytes_max });
        }
        let old = self.files.get(&path).map(|content| content.len() as u64);
        let total = self.bytes - old.unwrap_or(0) + bytes;
        if total > limits.total_bytes_max {
            return Err(FileFault::TooMuch { bytes: total, max: limits.total_bytes_max });
        }
        if old.is_none() {
            if self.files.len() >= usize::try_from(limits.files_max).unwrap_or(usize::MAX) {
                return Err(FileFault::TooMany { max: limits.files_max });
            }
            self.take_places(&path)?;
        }
        self.bytes = total;
        self.files.insert(path, content.to_owned());
        Ok(old.is_none())
    }

    fn take_places(&mut self, path: &CodePath) -> Result<(), FileFault> {
        for (key, spelled) in path.places() {
            let is_file = spelled.len() == path.0.len();
            match self.places.get(&key) {
                Some((other, _)) if other != spelled => return Err(FileFault::Collision(other.clone())),
                Some((other, file)) if *file || is_file => return Err(FileFault::Kind(other.clone())),
                Some(_) | None => {}
            }
        }
        for (key, spelled) in path.places() {
            self.places.insert(key, (spelled.to_owned(), spelled.len() == path.0.len()));
        }
        Ok(())
    }

    /// The text of a file.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<&str> {
        let path = CodePath::parse(path).ok()?;
        self.files.get(&path).map(String::as_str)
    }

    /// Paths with lengths in bytes, in order.
    pub fn list(&self) -> impl Iterator<Item = (&CodePath, u64)> {
        self.files.iter().map(|(path, content)| (path, content.len() as u64))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The files, in the order of their paths.
    #[must_use]
    pub fn into_files(self) -> Vec<CodeFile> {
        self.files.into_iter().map(|(path, content)| CodeFile { path, content }).collect()
    }
}

/// A file in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Where it stands.
    pub path: CodePath,
    /// Of its content.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// Which files and tests fulfil a requirement, as the implementer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// `FR-001`, …
    pub requirement: String,
    /// Files that do it.
    pub files: Vec<CodePath>,
    /// Files that test it.
    #[serde(default)]
    pub tests: Vec<CodePath>,
}

/// The content of an artifact of files: what lies beside it, and what its writer says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeManifest {
    /// In the order of their paths.
    pub files: Vec<FileEntry>,
    /// A few sentences of the writer.
    pub summary: String,
    /// In the order of the requirements.
    #[serde(default)]
    pub coverage: Vec<Coverage>,
    /// What is missing by checks of code and was taken as it is, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

impl CodeManifest {
    /// The manifest of these files.
    #[must_use]
    pub fn of(files: &[CodeFile], summary: String, coverage: Vec<Coverage>) -> Self {
        let entry = |file: &CodeFile| FileEntry {
            path: file.path.clone(),
            digest: Digest::of(file.content.as_bytes()),
            bytes: file.content.len() as u64,
        };
        Self { files: files.iter().map(entry).collect(), summary, coverage, gaps: Vec::new() }
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
