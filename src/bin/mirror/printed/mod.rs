//! What the city's report prints, year by year, with this generator's own choice where it prints nothing.

pub mod years;

pub mod value;

pub mod totals;

pub mod layout;

pub mod figures;

pub mod surveys;

pub mod major_groups;

pub mod programmes;
