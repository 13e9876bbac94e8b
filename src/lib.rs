//! 年报: an education bureau's exports become Parquet, indicators and the yearly quality report.
//!
//! # Layout
//!
//! In the order in which data flows; a module uses only those above it.
//!
//! - [`period`], [`personal`], [`position`], [`finding`], [`delivery`], [`number`]: the nouns everything shares.
//! - [`settings`]: defaults → site file → environment → flags.
//! - [`sources`]: the drop folder and bundles; bytes as received.
//! - [`decode`]: bytes → rows of text cells with positions, whatever the format.
//! - [`code_table`], [`predicate`], [`contract`], [`layout`]: what the definitions say of codes,
//!   conditions, each year's exports and each year's printed tables.
//! - [`table_file`], [`combinations`]: Parquet files, and the different rows that conditions see in them.
//! - [`normalise`]: cells → typed rows, or quarantine. Reads no files.
//! - [`indicators`]: what is counted, and how it adds up.
//! - [`reconcile`]: the same figure on different bases.
//! - [`checks`]: what must hold before anybody sees a figure.
//! - [`definition`]: all of `pipelines/`, read and checked whole.
//! - [`audit`]: a published report, held against itself. Reads no files.
//! - [`warehouse`]: Parquet in immutable releases.
//! - [`city`]: of which city the deliveries are.
//! - [`documents`]: what people fill in, which is never replaced.
//! - [`decisions`]: what named persons decided, beside the data it is about.
//! - [`intake`]: one delivered file → a fragment of a table.
//! - [`report`]: printed cells, workbooks.
//! - [`runs`]: the ledger, the lock, what is new since last time.
//! - [`tables`]: the tables of a release that are not datasets.
//! - [`quarantine`]: rows kept out, the sheets to correct them on, and their way back.
//! - [`explain`]: one figure, down to its rows.
//! - [`pipeline`]: one run, top to bottom: start reading here.
//! - [`cli`]: one file a command.

pub mod period;

pub mod personal;

pub mod position;

pub mod finding;

pub mod delivery;

pub mod figure;

pub mod number;

pub mod settings;

pub mod sources;

pub mod decode;

pub mod code_table;

pub mod predicate;

pub mod table_file;

pub mod combinations;

pub mod contract;

pub mod layout;

pub mod normalise;

pub mod indicators;

pub mod reconcile;

pub mod checks;

pub mod definition;

pub mod audit;

pub mod warehouse;

pub mod city;

pub mod documents;

pub mod decisions;

pub mod intake;

pub mod report;

pub mod runs;

pub mod tables;

pub mod quarantine;

pub mod explain;

pub mod pipeline;

pub mod cli;
