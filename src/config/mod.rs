//! The configuration, parsed into types that cannot hold a wrong value.
