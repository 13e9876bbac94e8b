//! What a correct pipeline finds in the files.

pub mod records;

pub mod tally;

pub mod values;
