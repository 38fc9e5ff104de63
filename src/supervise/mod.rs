//! The supervisor: starts, restarts, parks and stops the gateway's children.
