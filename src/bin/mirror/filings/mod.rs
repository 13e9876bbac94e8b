//! What the schools file: 表1 to 表6 of each school's own report.

pub mod filing;

pub mod rates;

pub mod bandwidths;

pub mod clerk;

pub mod history;

pub mod slips;

pub mod workbook;
