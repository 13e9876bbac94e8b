//! Checks that must pass before a figure is shown. Reads no files.
//!
//! [`totals`] checks the values that a run computed, [`missing`] what no school delivered; [`rules`] check printed figures, of any report or of the
//! one a run is about to print, as intervals. Below them is what the rules share.

pub mod exact;

pub mod quantity;

pub mod count;

pub mod claim;

pub mod computed;

pub mod relation;

pub mod rules;

pub mod totals;

pub mod missing;

pub use totals::CheckCount;
