//! What must hold before anybody sees a figure. Reads no files.
//!
//! [`totals`] is what a run checks of the values it computed; [`rules`] are what any printed report, and what a
//! run is about to print, is held against, over figures that are intervals. Below them is what the rules share.

pub mod exact;

pub mod quantity;

pub mod count;

pub mod claim;

pub mod computed;

pub mod relation;

pub mod rules;

pub mod totals;

pub use totals::CheckCount;
