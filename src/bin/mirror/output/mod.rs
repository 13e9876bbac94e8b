//! The files of one run, and the folder they are written to.

pub mod folder;

pub mod jobs;

pub mod generate;
