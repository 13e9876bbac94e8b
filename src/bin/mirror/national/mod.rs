//! The exports of the national systems, school by school.

pub mod dataset;

pub mod person_cells;

pub mod students;

pub mod graduates;

pub mod graduate_statistics;

pub mod staff;

pub mod majors;

pub mod schools;

pub mod deliveries;
