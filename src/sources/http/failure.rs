//! Why a pull failed, and what follows from it.

use serde::{Deserialize, Serialize};

use super::definition::ErrorKind;

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// It may go well the next time; the delivery before stays.
    Transient,
    /// The credentials, the signature or the certificate are refused: nothing more is tried until they are others.
    Auth,
    /// What came is not proven to be whole; it does not count, and the delivery before stays.
    Unproven,
    /// What came is whole, and must not count: another year than asked for, or no rows.
    Harmful,
    /// The definition of the source is wrong, or a secret is missing.
    Definition,
}

impl FailureClass {
    #[must_use]
    pub fn title_zh(self) -> &'static str {
        match self {
            FailureClass::Transient => "暂时取不到",
            FailureClass::Auth => "身份未被接受",
            FailureClass::Unproven => "不能证明完整",
            FailureClass::Harmful => "完整但不能采用",
            FailureClass::Definition => "来源定义或密钥有误",
        }
    }
}

/// What a caller may know to do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Status(u16),
    Said(ErrorKind),
}

/// A failed pull. The message has no secret, no query and no cell of a row in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub class: FailureClass,
    pub message: String,
    pub cause: Option<Cause>,
}

impl Failure {
    #[must_use]
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Failure { class, message: message.into(), cause: None }
    }

    #[must_use]
    pub fn because(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    #[must_use]
    pub fn transient(message: impl Into<String>) -> Self {
        Failure::new(FailureClass::Transient, message)
    }

    #[must_use]
    pub fn auth(message: impl Into<String>) -> Self {
        Failure::new(FailureClass::Auth, message)
    }

    #[must_use]
    pub fn unproven(message: impl Into<String>) -> Self {
        Failure::new(FailureClass::Unproven, message)
    }

    #[must_use]
    pub fn harmful(message: impl Into<String>) -> Self {
        Failure::new(FailureClass::Harmful, message)
    }

    #[must_use]
    pub fn definition(message: impl Into<String>) -> Self {
        Failure::new(FailureClass::Definition, message)
    }
}
