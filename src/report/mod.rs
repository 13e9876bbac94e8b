//! Indicator values → printed cells → documents.
//!
//! Every printed cell is a row of `report_cell` first; documents only set them out.

pub mod catalogue;

pub mod cells;

pub mod workbook;

pub mod differences;
