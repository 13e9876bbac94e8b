//! The city over HTTP, as the platforms serve it, and everything that goes wrong there.

pub mod cases;

pub mod http;

pub mod rows;

pub mod site;

pub mod pages;

pub mod gateway;

pub mod token;

pub mod session;

pub mod files;

pub mod jobs;

pub mod control;

pub mod definitions;

pub mod wire;

pub mod server;
