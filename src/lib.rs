//! 年报: an education bureau's exports become Parquet, indicators and the yearly quality report.
//!
//! # Layout
//!
//! In the order in which data flows; a module uses only those above it.
//!
//! - [`period`], [`personal`], [`position`], [`number`], [`figure`], [`finding`], [`delivery`],
//!   [`deadlines`], [`spelling`]: the nouns that everything shares.
//! - [`settings`]: defaults → site file → environment → flags.
//! - [`sources`]: the drop folder and bundles; bytes as received.
//! - [`decode`]: bytes → rows of text cells with positions, whatever the format.
//! - [`tables`]: the tables of a release, each the type of its rows; Parquet.
//! - [`definitions`]: the definitions of `pipelines/`, read and checked together.
//! - [`normalise`]: cells → typed rows, or quarantine. Reads no files.
//! - [`figures`]: what is counted, how it adds up, and how the bases of a figure compare.
//! - [`checks`]: what must hold before a figure is shown.
//! - [`audit`]: a published report, checked against itself. Reads no files.
//! - [`warehouse`]: Parquet in immutable releases.
//! - [`city`]: the city that the deliveries belong to.
//! - [`documents`]: files that people fill in, never overwritten.
//! - [`decisions`]: what named persons decided, kept apart from the data it is about.
//! - [`ingest`]: one delivered file → a fragment of a table.
//! - [`report`]: printed cells, sheets, workbooks.
//! - [`ledger`]: the runs, the lock, what is new since last time.
//! - [`quarantine`]: rows kept out, the sheets to correct them on, and the way back.
//! - [`explain`]: one figure, down to its rows.
//! - [`pipeline`]: one run, top to bottom: start reading here.
//! - [`schedule`]: when runs are due. Reads no files and no clock.
//! - [`cli`]: one file for each command.

pub mod period;

pub mod personal;

pub mod position;

pub mod number;

pub mod figure;

pub mod finding;

pub mod delivery;

pub mod deadlines;

pub mod spelling;

pub mod settings;

pub mod sources;

pub mod decode;

pub mod tables;

pub mod definitions;

pub mod normalise;

pub mod figures;

pub mod checks;

pub mod audit;

pub mod warehouse;

pub mod city;

pub mod documents;

pub mod decisions;

pub mod ingest;

pub mod report;

pub mod ledger;

pub mod quarantine;

pub mod explain;

pub mod pipeline;

pub mod schedule;

pub mod cli;
