//! The invented city: its schools, what they teach, and who its people are.

pub mod schools;

pub mod majors;

pub mod people;
