//! Drives the real programs, `nianbao` and `mirror`, as their users do.

mod support;

mod audit;

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

mod intake;

mod ledger;

mod mirror;

mod metamorphic;

mod nights;

mod plan;

mod privacy;

mod published;

mod pulled;

mod quarantine;

mod reconcile;

mod reference;

mod served;

mod set_aside;

mod shapes;

mod sign;

mod tidy;

mod truth;

mod unattainable;

mod worker;
