//! Fulmar: a ChatOps gateway for StackStorm.
//!
//! The map, from pure to effectful. An arrow is "may use":
//!
//! ```text
//! cli -> actors, admin, web, sandbox -> supervise, st2, config -> alias, markup, render
//! backends.rs -> backends/*  -> backends/contract
//! tls -> backends/transport  -> backends/contract
//! ```

pub mod actors;
pub mod admin;
pub mod alias;
pub mod backends;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod http;
pub mod journal;
pub mod markup;
pub mod metrics;
mod rate;
pub mod render;
pub mod sandbox;
pub mod st2;
pub mod supervise;
mod time;
pub mod tls;
pub mod web;
