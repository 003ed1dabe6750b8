//! How much people may bring to a project.

use serde::Deserialize;

/// Section `[api.uploads]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadSettings {
    /// Bytes of one file; a request's own limit (`body_bytes_max`) holds too.
    pub file_bytes_max: u64,
    /// Files of one project.
    pub files_max: u32,
    /// Bytes of all files of one project.
    pub project_bytes_max: u64,
    /// Days after which a file goes, once its project is put away; 0: it stays as long as the project.
    pub keep_days: u32,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self {
            file_bytes_max: 8 * 1024 * 1024,
            files_max: 50,
            project_bytes_max: 50 * 1024 * 1024,
            keep_days: 365,
        }
    }
}
