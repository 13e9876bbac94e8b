//! Parquet, in immutable releases: staged, checked, then published by one pointer file.

pub mod layout;

pub mod files;

pub mod ground;

pub mod alike;

pub mod assemble;

pub mod publish;

pub mod persons;

pub mod verify;

pub mod retention;
