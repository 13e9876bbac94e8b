//! Sources over HTTP: what they are, one exchange with a platform, and a year's rows pulled whole.
//!
//! Everything asynchronous stays in this folder. In the order in which one file uses another:
//!
//! - [`secret`], [`template`], [`json_path`]: the small values that definitions are made of.
//! - [`definition`]: `sources/*.toml`, checked, with file and line of what is wrong.
//! - [`failure`]: why a pull failed, and what follows from it.
//! - [`limits`]: how often, how long and how much.
//! - [`reply`]: the bytes of an answer as JSON, and what the platform says of it.
//! - [`sign`]: signatures of requests.
//! - [`client`]: one exchange: limits, retries, nothing sent to where it does not belong.
//! - [`session`]: logins, tokens, signatures, the server's clock.
//! - [`walk`]: the pages of a year, until they are proven complete.
//! - [`records`]: rows in canonical order and their identity.
//! - [`store`]: what is kept of a pull between nights.
//! - [`paged`], [`job`], [`listed`]: the three kinds of pulls.
//! - [`circuit`]: after a refused login nothing is tried until the secret is another.
//! - [`pull`]: all pulls of all sources.

pub mod secret;

pub mod template;

pub mod json_path;

pub mod definition;

pub mod failure;

pub mod limits;

pub mod reply;

pub mod sign;

pub mod client;

pub mod session;

pub mod walk;

pub mod records;

pub mod store;

pub mod circuit;

pub mod paged;

pub mod job;

pub mod listed;

pub mod pull;
