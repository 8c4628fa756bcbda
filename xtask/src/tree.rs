//! The project's files, read once: what every check looks at.
//!
//! A check is a pure function over a [`Tree`], so that its tests can hand it a few lines of a
//! project that does not exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// All files of a checkout, but for what cargo and the fuzzer leave behind.
pub(crate) struct Tree {
    root: PathBuf,
    files: BTreeMap<String, Option<String>>,
    rust: Vec<Source>,
}

/// One Rust file, with what the parser made of it.
pub(crate) struct Source {
    /// Its path from the root, with forward slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its syntax, or why there is none.
    pub(crate) syntax: syn::Result<syn::File>,
}

impl Tree {
    /// Reads the checkout at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, Problem> {
        let skipped = skipped(root)?;
        let mut files = BTreeMap::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for path in entries(&folder)? {
                let name = name_from(root, &path);
                if name == ".git" || skipped.contains(&name) {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).map_err(|cause| Problem::Read { path, cause })?;
                    files.insert(name, String::from_utf8(bytes).ok());
                }
            }
        }
        Ok(Self::of(root.to_path_buf(), files))
    }

    fn of(root: PathBuf, files: BTreeMap<String, Option<String>>) -> Self {
        let rust = files
            .iter()
            .filter(|(path, _)| has_extension(path, "rs"))
            .filter_map(|(path, text)| {
                let text = text.clone()?;
                let syntax = syn::parse_file(&text);
                Some(Source {
                    path: path.clone(),
                    text,
                    syntax,
                })
            })
            .collect();
        Self { root, files, rust }
    }

    /// A project that exists only in a test.
    #[cfg(test)]
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|&(path, text)| (path.to_owned(), Some(text.to_owned())))
            .collect();
        Self::of(PathBuf::from("/nowhere/sample"), files)
    }

    /// Where the checkout stands on this machine.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every path, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every file that is text, with its text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text of one file, if it is there and is text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Every Rust file.
    pub(crate) fn rust(&self) -> &[Source] {
        &self.rust
    }

    /// Every document: the files in Markdown.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| has_extension(path, "md"))
    }

    /// Whether a file of this path exists.
    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether a folder of this path exists; the root is the empty path.
    pub(crate) fn has_folder(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.has_prefix(&format!("{path}/"))
    }

    /// Whether any path begins with these letters.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        self.files
            .range(prefix.to_owned()..)
            .next()
            .is_some_and(|(path, _)| path.starts_with(prefix))
    }
}

/// Whether a path ends in this extension, in any case.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The folder part of a path; empty for a file at the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from the root, out of a folder and a path relative to it; `None` if it leads outside.
pub(crate) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What `.gitignore` takes out, as far as its lines name one path from the root: the rest of that
/// language is not spoken here.
fn skipped(root: &Path) -> Result<Vec<String>, Problem> {
    let path = root.join(".gitignore");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(cause) => return Err(Problem::Read { path, cause }),
    };
    Ok(text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('/'))
        .map(|line| line.trim_end_matches('/').to_owned())
        .collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |cause| Problem::Read {
        path: folder.to_path_buf(),
        cause,
    };
    fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable))
        .collect()
}

fn name_from(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_never_leave_the_root() {
        assert_eq!(
            join("docs/adr", "../README.md").as_deref(),
            Some("docs/README.md")
        );
        assert_eq!(join("", "./a//b").as_deref(), Some("a/b"));
        assert_eq!(join("docs", "../../x"), None);
    }

    #[test]
    fn folders_are_known_by_what_they_hold() {
        let tree = Tree::sample(&[("core/src/lib.rs", ""), ("core-notes.md", "")]);
        assert!(tree.has_folder("core") && tree.has_folder("core/src/"));
        assert!(!tree.has_folder("core/sr") && !tree.has_folder("core-notes.md"));
        assert!(tree.has_prefix("core/src/l") && !tree.has_prefix("core/x"));
    }
}
