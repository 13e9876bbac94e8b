//! A file's cells, and its bytes.

pub mod cell;

pub mod style;

pub mod sheet;

pub mod xlsx;

pub mod shapes;
