//! Files as they look: cells as schools spell them, lines, frames, and bytes.

pub mod cell;

pub mod style;

pub mod sheet;

pub mod xlsx;

pub mod shapes;
