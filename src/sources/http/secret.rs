//! Values of definitions that may be secrets, which lie in the environment or in a file of their own.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A value that is written down, or where a secret lies: `env:NAME`, `file:/etc/nianbao/key`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Given {
    Plain(String),
    Environment(String),
    File(PathBuf),
}

impl TryFrom<String> for Given {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("env:") {
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return if is_name {
                Ok(Given::Environment(name.to_owned()))
            } else {
                Err(format!("`{text}` names no environment variable"))
            };
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Given::File(path))
            } else {
                Err(format!("`{text}`: the path of a secret is absolute"))
            };
        }
        Ok(Given::Plain(text))
    }
}

impl Given {
    /// Whether the value itself is in the definition.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self, Given::Plain(_))
    }

    /// The value.
    ///
    /// # Errors
    /// A variable that is not set, or a file that cannot be read or is open to others; without the value.
    pub fn resolve(&self) -> Result<Secret, String> {
        match self {
            Given::Plain(text) => Ok(Secret(text.clone())),
            Given::Environment(name) => std::env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .map(Secret)
                .ok_or_else(|| format!("the environment variable `{name}` is not set")),
            Given::File(path) => {
                let shown = path.display();
                let mode = std::fs::metadata(path).map_err(|error| format!("`{shown}`: {error}"))?.mode();
                if mode & 0o077 != 0 {
                    return Err(format!("`{shown}` is open to others: chmod 600 {shown}"));
                }
                let text = std::fs::read_to_string(path).map_err(|error| format!("`{shown}`: {error}"))?;
                let text = text.trim_end_matches(['\r', '\n']);
                if text.is_empty() { Err(format!("`{shown}` is empty")) } else { Ok(Secret(text.to_owned())) }
            }
        }
    }
}

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Eight digits that are others for another value of the same secret, and show nothing more of it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::new().chain_update("nianbao secret ").chain_update(&self.0).finalize())[..8]
            .to_owned()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_lies_in_the_environment_or_in_a_file_of_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "geheim\n").unwrap();
        let given = Given::try_from(format!("file:{}", path.display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = given.resolve().unwrap_err();
        assert!(refused.contains("chmod 600") && !refused.contains("geheim"), "{refused}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(given.resolve().unwrap().expose(), "geheim");
        assert!(Given::try_from("file:key".to_owned()).is_err());
        let unset = Given::try_from("env:NB_SURELY_NOT_SET".to_owned()).unwrap();
        assert!(unset.resolve().unwrap_err().contains("NB_SURELY_NOT_SET"));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Given::Plain("pass-1".to_owned()).resolve().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.fingerprint().len(), 8);
        assert_ne!(secret.fingerprint(), Given::Plain("pass-2".to_owned()).resolve().unwrap().fingerprint());
    }
}
