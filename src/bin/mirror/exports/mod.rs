//! The exports without people: rows that say what the schools filed.

pub mod export;

pub mod units;

pub mod facts;

pub mod programmes;

pub mod writer;

pub mod teaching;

pub mod conditions;

pub mod service;

pub mod achievements;

pub mod rows;

pub mod manner;

pub mod files;
