//! YAML 1.1 as PyYAML's safe loader and dumper on libyaml read and write it.

mod dump;
mod load;
mod resolve;
mod scalar;

pub(crate) use dump::dump;
pub(crate) use load::load;
