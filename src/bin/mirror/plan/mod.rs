//! The plan: how many of everything each school has, so that the printed totals hold for every seed.

pub mod shares;

pub mod graduates;

pub mod offers;

pub mod cohorts;

pub mod staff;

pub mod school;
