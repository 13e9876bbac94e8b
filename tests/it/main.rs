//! Drives the real programs, `nianbao` and `mirror`, as their users do.

mod support;

mod answered;
mod audit;

mod audit_own;

mod bad_inputs;

mod check;

mod commands;

mod definitions;

mod documents;

mod earlier_years;

mod explain;

mod filled_in;

mod fuzz_corpus;

mod generations;

mod incomplete;

mod intake;

mod ledger;

mod mirror;

mod metamorphic;

mod names;

mod nights;

mod persons;

mod plan;

mod printing;

mod privacy;

mod published;

mod pulled;

mod quarantine;

mod reconcile;

mod reference;

mod same_rows;

mod scheduled;

mod served;

mod set_aside;

mod status;

mod shapes;

mod sign;

mod tidy;

mod truth;

mod unattainable;

mod worker;
