//! Deliveries: where they come from, and their bytes as received.

pub mod bundle;

pub mod drop_folder;

pub mod http;
