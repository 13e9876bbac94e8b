//! Who is at which school in which year.

pub mod roster;

pub mod students;

pub mod graduates;

pub mod staff;
